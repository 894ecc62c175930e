// The SDK's way to the reference sets: by hand over a network that breaks, and against a hub that runs.
import { describe, expect, it } from "vitest";
import type { HubMessageOf } from "../../shared/protocol.ts";
import { connected, turn, watch } from "./fake-network.ts";
import { HubAndNodes } from "./hub-and-nodes.ts";

const grace = { graceMs: 15_000 };

function references(id: number, ...nodes: string[]): HubMessageOf<"references"> {
  return { type: "references", id, resource: "r", count: nodes.length, nodes };
}

describe("a call about a reference set", () => {
  it("is said with an id like any other's, and answered with the set", async () => {
    const { hub, socket } = await connected();
    const lock = watch(hub.lock("other"));
    const added = hub.references.add("r");
    const got = hub.references.get("r");
    await turn();
    expect(socket.heard()).toMatchObject([
      { type: "acquire", id: 1 },
      { type: "refer", id: 2, resource: "r", action: "add" },
      { type: "refer", id: 3, resource: "r", action: "get" },
    ]);
    socket.tell(references(3, "a", "b"), references(2, "a"));
    expect(await added).toEqual({ count: 1, nodes: ["a"] });
    expect(await got).toEqual({ count: 2, nodes: ["a", "b"] });
    expect(lock.now).toBe("pending");
  });

  it("fails with the hub's code when it is failed or refused", async () => {
    const { hub, socket } = await connected();
    const full = watch(hub.references.add("r"));
    const forbidden = watch(hub.references.clear("r"));
    await turn();
    socket.tell({ type: "failed", id: 1, code: "TOO_MANY_REQUESTS", message: "full" });
    socket.tell({ type: "error", id: 2, code: "FORBIDDEN", message: "no" });
    await turn();
    expect(full.error).toMatchObject({ code: "TOO_MANY_REQUESTS", message: "full" });
    expect(forbidden.error).toMatchObject({ code: "FORBIDDEN" });
  });

  it("[B5] names what no hub would take before it is said", async () => {
    const { hub, socket } = await connected();
    await expect(hub.references.add("")).rejects.toMatchObject({ code: "INVALID_KEY" });
    expect(socket.heard()).toEqual([]);
  });

  it("[S3] is asked again in the next session when this one ends, in the order of the asking", async () => {
    const { hub, socket, network, clock } = await connected();
    const calls = [hub.references.drop("r"), hub.references.add("r")].map((call) => watch(call));
    await turn();
    socket.end();
    const late = watch(hub.references.get("r"));
    clock.pass(50);
    const next = await network.welcome({ session: "s2" });
    expect(next.heard().slice(1)).toMatchObject([
      { type: "refer", id: 3, action: "drop" },
      { type: "refer", id: 4, action: "add" },
      { type: "refer", id: 5, action: "get" },
    ]);
    next.tell(references(3), references(4, "a"), references(5, "a"));
    await turn();
    expect([...calls, late].map(({ now }) => now)).toEqual(["resolved", "resolved", "resolved"]);
  });

  it("[S3] that clears is not said twice: it fails when nobody can tell whether the hub has heard it", async () => {
    const { hub, socket, network, clock } = await connected();
    const heard = watch(hub.references.clear("r"));
    await turn();
    socket.end();
    const unsaid = watch(hub.references.clear("r"));
    await turn();
    expect(heard.error).toMatchObject({ code: "SESSION_ENDED" });
    clock.pass(50);
    const next = await network.welcome({ session: "s2" });
    expect(next.heard().slice(1)).toMatchObject([{ type: "refer", id: 2, action: "clear" }]);
    next.tell(references(2));
    await turn();
    expect(unsaid.now).toBe("resolved");
  });

  it("[S9] is said again after a resume if the hub has not received it, and else waits for its kept answer", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const received = watch(hub.references.clear("r"));
    const lost = watch(hub.references.add("r"));
    await turn();
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ ...grace, resumed: true, lastId: 1 });
    expect(next.heard().slice(1)).toMatchObject([{ type: "refer", id: 2, action: "add" }, { type: "ping" }]);
    next.tell(references(1), references(2, "a"));
    await turn();
    expect([received.value, lost.value]).toEqual([
      { count: 0, nodes: [] },
      { count: 1, nodes: ["a"] },
    ]);
  });

  it("ends with its signal's reason, and what the hub says then is nobody's", async () => {
    const { hub, socket } = await connected();
    const aborted = new AbortController();
    const call = watch(hub.references.add("r", { signal: aborted.signal }));
    await turn();
    aborted.abort("enough");
    socket.tell(references(1, "a"));
    await turn();
    expect(call.error).toBe("enough");
    await expect(hub.references.add("r", { signal: aborted.signal })).rejects.toBe("enough");
  });

  it("fails when the hub is closed by its user", async () => {
    const { hub, socket } = await connected();
    const call = watch(hub.references.add("r"));
    await turn();
    const closing = hub.close();
    socket.end(1000);
    await closing;
    await turn();
    expect(call.error).toMatchObject({ code: "SESSION_ENDED" });
    await expect(hub.references.add("r")).rejects.toMatchObject({ code: "SESSION_ENDED" });
  });
});

describe("against a hub that runs", () => {
  it("many nodes see one set, whole and page by page, until it is cleared", async () => {
    await using there = await HubAndNodes.start();
    const names = Array.from({ length: 120 }, (_, place) => `n${String(place).padStart(3, "0")}`);
    for (const name of names) await (await there.node(name)).references.add("layers/1");
    const a = await there.node("a");
    expect(await a.references.get("layers/1")).toEqual({ count: 120, nodes: names.slice(0, 20) });
    expect(await Array.fromAsync(a.references.nodes("layers/1"))).toEqual(names);
    await a.references.add("other");
    expect(await Array.fromAsync(a.references.list())).toEqual([
      { resource: "layers/1", count: 120 },
      { resource: "other", count: 1 },
    ]);
    expect(await Array.fromAsync(a.references.list({ prefix: "layers/", node: "a" }))).toEqual([]);
    expect(await a.references.clear("layers/1")).toEqual({ count: 0, nodes: [] });
    expect(await Array.fromAsync(a.references.nodes("layers/1"))).toEqual([]);
  });

  it("[S9] no call is lost or done twice when the connection is cut again and again", async () => {
    await using there = await HubAndNodes.start();
    const way = await there.way();
    const a = await there.node("a", { ...grace, backoff: { baseMs: 1, maxMs: 5 } }, way.url);
    for (let place = 0; place < 20; place += 1) {
      const added = a.references.add(`r${place}`);
      if (place % 3 === 0) way.cut();
      expect(await added).toEqual({ count: 1, nodes: ["a"] });
    }
    expect(await Array.fromAsync(a.references.list({ node: "a" }))).toHaveLength(20);
  });
});
