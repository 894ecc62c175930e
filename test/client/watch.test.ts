// The SDK's live pictures: by hand over a network that breaks, and against a hub that runs.
import { describe, expect, it } from "vitest";
import type { HubMessageOf, ResourceRow } from "../../shared/protocol.ts";
import type { Picture } from "../../client/index.ts";
import { connected, turn, watch } from "./fake-network.ts";
import { HubAndNodes } from "./hub-and-nodes.ts";

const totals = { resources: 1, held: 0, waiting: 0, sessions: 1 };

function row(resource: string, waiting = 0): ResourceRow {
  return { resource, holders: [], holding: 0, waiting, oldestWaitMs: 0 };
}

function picture(id: number, rows: ResourceRow[], more?: true): HubMessageOf<"watching"> {
  return { type: "watching", id, resources: rows, totals, ...(more && { more }) };
}

/** The next picture that fits. */
async function when<Shown extends Picture<ResourceRow>>(
  pictures: AsyncGenerator<Shown>,
  fits: (picture: Shown) => boolean,
): Promise<Shown> {
  for (;;) {
    const { value, done } = await pictures.next();
    if (done === true) throw new Error("it has ended");
    if (fits(value)) return value;
  }
}

describe("a watch", () => {
  it("is said with an id like any request's, and gives a picture for each moment", async () => {
    const { hub, socket } = await connected();
    const pictures = hub.watch("x/", { limit: 5, intervalMs: 100 });
    const first = watch(pictures.next());
    await turn();
    expect(socket.heard()).toEqual([{ type: "watch", id: 1, prefix: "x/", limit: 5, intervalMs: 100 }]);
    socket.tell(picture(1, [row("x/1")], true));
    await turn();
    expect(first.now).toBe("pending");
    socket.tell(picture(1, [row("x/2")]));
    await turn();
    expect(first.value?.value).toEqual({
      rows: new Map([row("x/1"), row("x/2")].map((shown) => [shown.resource, shown])),
      totals,
      isStale: false,
    });
  });

  it("shows its rows as a list by name too, and as JSON in the words of the protocol", async () => {
    const { hub, socket } = await connected();
    const pictures = hub.watch();
    const first = pictures.next();
    await turn();
    socket.tell(picture(1, [row("b")]), { type: "changes", id: 1, resources: [row("a")], totals });
    const { value } = await first;
    expect(value.resources).toEqual([row("a"), row("b")]);
    expect(JSON.parse(JSON.stringify(value))).toEqual({ resources: [row("a"), row("b")], totals, isStale: false });
  });

  it("gives whoever is slow the last moment alone", async () => {
    const { hub, socket } = await connected();
    const pictures = hub.watch();
    const first = pictures.next();
    await turn();
    socket.tell(picture(1, [row("r")]));
    const { value } = await first;
    for (const waiting of [1, 2, 3]) socket.tell({ type: "changes", id: 1, resources: [row("r", waiting)], totals });
    socket.tell({ type: "changes", id: 1, resources: [row("s")], totals: { ...totals, resources: 2 } });
    await turn();
    const late = await pictures.next();
    expect(late.value.rows.get("r")).toMatchObject({ waiting: 3 });
    expect(late.value).toMatchObject({ totals: { resources: 2 } });
    expect([...value.rows.values()]).toEqual([row("r")]);
    socket.tell({ type: "changes", id: 1, resources: [{ resource: "r", gone: true }], totals });
    expect([...(await pictures.next()).value.rows.keys()]).toEqual(["s"]);
  });

  it("is stale while the connection is gone, and goes on under a new id", async () => {
    const { hub, socket, network, clock } = await connected();
    const pictures = hub.watch();
    const first = pictures.next();
    await turn();
    socket.tell(picture(1, [row("r")]));
    await first;
    socket.end();
    await turn();
    expect((await pictures.next()).value).toMatchObject({ isStale: true, rows: new Map([["r", row("r")]]) });
    clock.pass(50);
    const next = await network.welcome({ session: "s2" });
    expect(next.heard().slice(1)).toMatchObject([{ type: "watch", id: 2, prefix: "" }]);
    next.tell(picture(2, [row("s")]));
    expect((await pictures.next()).value).toMatchObject({ isStale: false, rows: new Map([["s", row("s")]]) });
  });

  it("[S9] is asked for again after a resume, which knows of no watch", async () => {
    const { hub, socket, network, clock } = await connected({ graceMs: 15_000 });
    const first = hub.watch({ resource: "r" }).next();
    await turn();
    socket.tell(picture(1, []));
    await first;
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ resumed: true, lastId: 1 });
    expect(next.heard().slice(1)).toMatchObject([{ type: "watch", id: 2, resource: "r" }]);
  });

  it("ends with the iteration, and says so once", async () => {
    const { hub, socket } = await connected();
    const pictures = hub.watch();
    const first = pictures.next();
    await turn();
    socket.tell(picture(1, []));
    await first;
    await pictures.return(undefined!);
    await turn();
    expect(socket.heard()).toMatchObject([
      { type: "watch", id: 1, prefix: "" },
      { type: "unwatch", id: 1 },
    ]);
  });

  it("ends with its signal, with the hub's refusal, and with the hub", async () => {
    const { hub, socket } = await connected();
    const stop = new AbortController();
    const aborted = watch(hub.watch("", { signal: stop.signal }).next());
    const refused = watch(hub.watch().next());
    const full = watch(hub.watch().next());
    const closed = watch(hub.watch().next());
    await turn();
    stop.abort(new Error("enough"));
    socket.tell({ type: "error", id: 2, code: "FORBIDDEN", message: "no" });
    socket.tell({ type: "failed", id: 3, code: "TOO_MANY_REQUESTS", message: "full" });
    await turn();
    expect(aborted.error).toEqual(new Error("enough"));
    expect(refused.error).toMatchObject({ code: "FORBIDDEN" });
    expect(full.error).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    void hub.close();
    await turn();
    expect(closed.error).toMatchObject({ code: "SESSION_ENDED" });
    await expect(hub.watch().next()).rejects.toMatchObject({ code: "SESSION_ENDED" });
  });

  it("[B5] names what no hub would take before it is said", async () => {
    const { hub, socket } = await connected();
    expect(() => hub.watch({ resource: "" })).toThrow(expect.objectContaining({ code: "INVALID_KEY" }));
    expect(() => hub.watch("", { limit: 0 })).toThrow(expect.objectContaining({ code: "INVALID_MESSAGE" }));
    expect(socket.heard()).toEqual([]);
  });
});

describe("against a hub that runs", () => {
  it("[H4][H5] shows a hand-off, who is wanted, and progress", async () => {
    await using hub = await HubAndNodes.start();
    const [a, b, viewer] = [await hub.node("a"), await hub.node("b"), await hub.node("viewer")];
    const pictures = viewer.watch("", { intervalMs: 50 });
    const view = viewer.watch({ resource: "r" }, { intervalMs: 50 });
    await when(pictures, ({ rows }) => rows.size === 0);
    const wanted = Promise.withResolvers<number>();
    const lock = await a.lock("r", { onWanted: wanted.resolve });
    const queued = Promise.withResolvers<void>();
    const second = b.lock("r", { onQueued: () => queued.resolve() });
    await queued.promise;
    expect(await wanted.promise).toBe(1);
    lock.progress({ done: 5, total: 10 });
    const shown = await when(pictures, ({ rows }) => rows.get("r")?.holders[0]?.progress?.done === 5);
    expect(shown).toMatchObject({ totals: { held: 1, waiting: 1, sessions: 3 } });
    const first = await view.next();
    expect(first.value.rows.get("r")?.queue).toMatchObject([{ node: "b", mode: "exclusive" }]);
    await lock.release();
    await (await second).release();
    await when(pictures, ({ rows }) => rows.size === 0);
  });

  it("goes on over a restart of the hub", async () => {
    await using hub = await HubAndNodes.start();
    const [a, viewer] = [await hub.node("a"), await hub.node("viewer")];
    const pictures = viewer.watch("", { intervalMs: 50 });
    await when(pictures, ({ rows }) => rows.size === 0);
    await hub.restart(async () => {
      await when(pictures, ({ isStale }) => isStale);
    });
    await when(pictures, ({ isStale }) => !isStale);
    await using lock = await a.lock("r");
    expect(lock.held).toBe(true);
    await when(pictures, ({ rows }) => rows.has("r"));
  });
});
