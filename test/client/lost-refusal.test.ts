// What becomes of a call whose refusal was lost with the socket: an `error` is no answer that a hub keeps [S9].
import { describe, expect, it } from "vitest";
import type { HubMessage } from "../../shared/protocol.ts";
import { Proxy } from "../support/proxy.ts";
import { tokenList } from "../support/token-list.ts";
import { connected, granted, grantOf, turn, watch } from "./fake-network.ts";
import { HubAndNodes, next as nextEvent } from "./hub-and-nodes.ts";

const grace = { graceMs: 15_000 };
const resumed = { ...grace, resumed: true };
const forbidden = { type: "error", code: "FORBIDDEN", message: "no" } as const;

/** Two calls, of which the hub refused the first and granted the second; neither answer has arrived, and the session goes on. */
async function refusedUnheard<Value>(call: (signal: AbortSignal) => Promise<Value>, hub: Connected) {
  const { socket, network, clock } = hub;
  const abort = new AbortController();
  const refused = watch(call(abort.signal));
  const other = watch(hub.hub.lock("other"));
  await turn();
  socket.end();
  clock.pass(50);
  const next = await network.welcome({ ...resumed, lastId: 2 });
  expect(next.heard()).toMatchObject([{ type: "hello" }, { type: "ping" }]);
  next.tell(granted(2));
  await turn();
  expect([refused.now, other.now]).toEqual(["pending", "resolved"]);
  return { refused, abort, next };
}

type Connected = Awaited<ReturnType<typeof connected>>;

describe("[S9] a call of which the hub says nothing after a resume", () => {
  it("is asked again under a new id once the hub has told all, and hears why it was refused", async () => {
    const one = await connected(grace, grace);
    const { refused, next } = await refusedUnheard((signal) => one.hub.lock("x", { signal }), one);
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toMatchObject([{ type: "acquire", id: 3, resource: "x", mode: "exclusive" }]);
    next.tell({ ...forbidden, id: 3 });
    await turn();
    expect(refused.error).toMatchObject({ code: "FORBIDDEN" });
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toEqual([]);
  });

  it.each(["add", "clear"] as const)("is asked again when it is a %s of references, too", async (action) => {
    const one = await connected(grace, grace);
    const { refused, next } = await refusedUnheard((signal) => one.hub.references[action]("r", { signal }), one);
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toMatchObject([{ type: "refer", id: 3, resource: "r", action }]);
    next.tell({ ...forbidden, id: 3 });
    await turn();
    expect(refused.error).toMatchObject({ code: "FORBIDDEN" });
  });

  it("is asked again with what is left of its time [Q5]", async () => {
    const one = await connected(grace, grace);
    const { next } = await refusedUnheard((signal) => one.hub.lock("x", { signal, waitMs: 1_000 }), one);
    one.clock.pass(100);
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toMatchObject([{ type: "acquire", id: 3, waitMs: 850 }]);
  });

  it("is forgotten when it was aborted meanwhile", async () => {
    const one = await connected(grace, grace);
    const { refused, abort, next } = await refusedUnheard((signal) => one.hub.lock("x", { signal }), one);
    abort.abort("enough");
    await turn();
    expect(refused.error).toBe("enough");
    expect(next.heard()).toMatchObject([{ type: "cancel", id: 1 }]);
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toEqual([]);
    // Nothing of it is left to be looked for after the next resume.
    next.end();
    one.clock.pass(1_000);
    const third = await one.network.welcome({ ...resumed, lastId: 2 });
    third.tell(granted(2), { type: "pong" });
    await turn();
    expect(third.heard()).toMatchObject([{ type: "hello" }, { type: "ping" }]);
  });

  it("is asked again after the resume that brings the pong, if the one before brought none", async () => {
    const one = await connected(grace, grace);
    const { next } = await refusedUnheard((signal) => one.hub.lock("x", { signal }), one);
    next.end();
    one.clock.pass(1_000);
    const third = await one.network.welcome({ ...resumed, lastId: 2 });
    third.tell(granted(2));
    await turn();
    expect(third.heard()).toMatchObject([{ type: "hello" }, { type: "ping" }]);
    third.tell({ type: "pong" });
    await turn();
    expect(third.heard()).toMatchObject([{ type: "acquire", id: 3, resource: "x" }]);
  });

  it("holds no more, if it held: nobody can be sure of it", async () => {
    const one = await connected(grace, grace);
    const lock = await grantOf(one.hub.lock("x"), one.socket);
    one.socket.end();
    one.clock.pass(50);
    const next = await one.network.welcome({ ...resumed, lastId: 1 });
    expect(lock.held).toBe(true);
    next.tell({ type: "pong" });
    expect(lock.signal.reason).toMatchObject({ code: "SESSION_ENDED" });
  });
});

describe("[S9] a call of which the hub says something after a resume", () => {
  it.each<[string, HubMessage, string]>([
    ["its place", { type: "queued", id: 1, position: 1, holders: [] }, "pending"],
    ["its grant", granted(1), "resolved"],
    ["its answer", { type: "failed", id: 1, code: "LOCK_TIMEOUT", message: "" }, "rejected"],
  ])("is not asked again: %s", async (_, message, now) => {
    const one = await connected(grace, grace);
    const { refused, next } = await refusedUnheard((signal) => one.hub.lock("x", { signal }), one);
    next.tell(message, { type: "pong" });
    await turn();
    expect(next.heard()).toEqual([]);
    expect(refused.now).toBe(now);
  });

  it("is not looked for when the session is a new one", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    void watch(hub.lock("x"));
    await turn();
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ ...grace, session: "s2" });
    next.tell({ type: "pong" });
    await turn();
    expect(next.heard()).toMatchObject([{ type: "hello" }, { type: "acquire", id: 2 }]);
  });
});

describe("[S9] of a hub that runs", () => {
  it("every call ends, though the answers to all were lost", async () => {
    const list = await tokenList({ node: { role: "node", prefixes: ["app/"] } });
    await using hubAndNodes = await HubAndNodes.start({ heartbeatMs: 300, tokens: list.file });
    await using proxy = await Proxy.to(hubAndNodes.url);
    const hub = await hubAndNodes.node("a", { token: list.token("node"), graceMs: 30_000 }, proxy.url);
    const other = await hubAndNodes.node("b", { token: list.token("node") });
    proxy.stop("down");
    const gone = nextEvent(hub, "disconnected");
    const refused = [watch(hub.lock("outside")), watch(hub.references.clear("outside"))];
    const got = hub.lock("app/x");
    // Once that is held, the hub has heard all three.
    for (let free = await other.tryLock("app/x"); free !== undefined; free = await other.tryLock("app/x")) {
      await free.release();
    }
    await gone;
    proxy.heal();
    await got;
    await expect
      .poll(() => refused, { timeout: 20_000 })
      .toMatchObject([{ error: { code: "FORBIDDEN" } }, { error: { code: "FORBIDDEN" } }]);
  });
});
