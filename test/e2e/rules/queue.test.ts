// The rules of the queue [Q1]–[Q8], through real sockets.
import { describe, expect, it } from "vitest";
import type { Mode } from "../../../shared/protocol.ts";
import { hubWith } from "./hub-in-process.ts";

const modes: readonly Mode[] = ["once", "exclusive", "shared", "permit"];
const inMode = (mode: Mode) => (mode === "permit" ? { mode, limit: 2 } : { mode });
const pairs = modes.flatMap((held) => modes.map((asked) => ({ held, asked })));

describe("who may hold together", () => {
  it.each(pairs)("[Q1] $asked beside $held", async ({ held, asked }) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", inMode(held));
    const together = held === asked && (held === "shared" || held === "permit");
    if (together) await b.granted("r", inMode(asked));
    else expect(await b.queued("r", inMode(asked))).toMatchObject({ position: 1 });
    expect(await hub.view("r")).toMatchObject({ holding: together ? 2 : 1, waiting: together ? 0 : 1 });
    await a.expectSilence();
  });

  it("[Q1] no more permits than the limit hold at once", async () => {
    await using hub = await hubWith();
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const permit = { mode: "permit", limit: 2 } as const;
    const first = await a.granted("r", permit);
    await b.granted("r", permit);
    await c.queued("r", permit);
    expect(await d.queued("r", permit)).toMatchObject({ position: 2 });
    await a.released(first.id, "none");
    await c.next("granted");
    await d.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 2, waiting: 1, limit: 2 });
  });

  it("[Q1] a delete never runs under a pull", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const pull = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "delete" });
    await a.released(pull.id, "success");
    await b.next("granted");
  });

  it("[Q1] names the holders to the one who waits", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", { operation: "pull" });
    const queued = await b.queued("r", { operation: "delete", mode: "exclusive" });
    expect(queued.holders).toEqual([{ node: "a", operation: "pull", mode: "once", heldMs: expect.any(Number) }]);
  });
});

describe("in which order", () => {
  it("[Q2] serves waiters first come, first served", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const waiters = await hub.nodes("a", "b", "c");
    for (const [place, waiter] of waiters.entries()) {
      expect(await waiter.queued("r", { mode: "exclusive" })).toMatchObject({ position: place + 1 });
    }
    expect(await hub.queue("r")).toEqual(["a", "b", "c"]);
    await holder.released(held.id, "none");
    for (const [place, waiter] of waiters.entries()) {
      const granted = await waiter.next("granted");
      for (const later of waiters.slice(place + 1)) await later.expectSilence();
      await waiter.released(granted.id, "none");
    }
  });

  it("[Q2] a request that could be granted waits behind one that cannot", async () => {
    await using hub = await hubWith();
    const [reader, writer, late] = await hub.nodes("reader", "writer", "late");
    const shared = await reader.granted("r", { mode: "shared" });
    await writer.queued("r", { mode: "exclusive" });
    expect(await late.queued("r", { mode: "shared" })).toMatchObject({ position: 2 });
    await reader.released(shared.id, "none");
    const exclusive = await writer.next("granted");
    await late.expectSilence();
    await writer.released(exclusive.id, "none");
    await late.next("granted");
  });

  it("[Q3] grants the head in the step in which the holder leaves, before anyone else can ask", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    a.send([
      { type: "release", id, outcome: "none" },
      { type: "acquire", id: id + 1, resource: "r", waitMs: 0 },
    ]);
    await a.answer(id, "released");
    expect(await a.answer(id + 1, "failed")).toMatchObject({ code: "LOCK_ALREADY_HELD" });
    await b.next("granted");
  });

  it("[Q3] grants those who follow the head while they are compatible", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r", { mode: "exclusive" });
    const [a, b, writer, late] = await hub.nodes("a", "b", "writer", "late");
    await a.queued("r", { mode: "shared" });
    await b.queued("r", { mode: "shared" });
    await writer.queued("r", { mode: "exclusive" });
    await late.queued("r", { mode: "shared" });
    await holder.released(held.id, "none");
    await a.next("granted");
    await b.next("granted");
    await writer.expectSilence();
    await late.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 2, waiting: 2 });
  });

  it("[Q3] grants as many permits as the limit allows", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r", { mode: "exclusive" });
    const [a, b, c] = await hub.nodes("a", "b", "c");
    for (const waiter of [a, b, c]) await waiter.queued("r", { mode: "permit", limit: 2 });
    await holder.released(held.id, "none");
    await a.next("granted");
    await b.next("granted");
    await c.expectSilence();
  });
});

describe("several requests of one session", () => {
  it("[Q4] each is a request of its own, and waits for the others", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const first = await a.granted("r");
    expect(await a.queued("r")).toMatchObject({ id: 2, position: 1, holders: [{ node: "a" }] });
    await a.released(first.id, "none");
    expect((await a.next("granted")).id).toBe(2);
  });

  it("[Q4] one of them ends and the others hold on", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const first = await a.granted("r", { mode: "shared" });
    const second = await a.granted("r", { mode: "shared" });
    await b.queued("r", { mode: "exclusive" });
    await a.released(first.id, "none");
    await b.expectSilence();
    await a.released(second.id, "none");
    await b.next("granted");
  });
});

describe("how long a request waits", () => {
  it("[Q5] waitMs 0 is granted when it can be, and fails at once when not", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", { waitMs: 0 });
    const id = b.acquire("r", { waitMs: 0 });
    expect(await b.answer(id, "failed")).toMatchObject({ code: "LOCK_ALREADY_HELD" });
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 0 });
  });

  it("[Q5] waitMs 0 does not overtake those who wait", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r", { mode: "shared" });
    await b.queued("r", { mode: "exclusive" });
    const id = c.acquire("r", { mode: "shared", waitMs: 0 });
    expect(await c.answer(id, "failed")).toMatchObject({ code: "LOCK_ALREADY_HELD" });
    expect(await hub.queue("r")).toEqual(["b"]);
  });

  it("[Q5] waitMs 0 is skipped by what is remembered and fresh", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id, fence } = await a.granted("r");
    await a.released(id, "success", { result: 7 });
    const asked = b.acquire("r", { waitMs: 0, freshMs: 60_000 });
    expect(await b.answer(asked, "skipped")).toMatchObject({ by: "a", fence, result: 7 });
  });

  it("[Q5] waitMs n fails after n ms in the queue, and others wait on", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const held = await a.granted("r");
    const start = performance.now();
    const { id } = await b.queued("r", { waitMs: 50 });
    await c.queued("r");
    expect(await b.answer(id, "failed")).toMatchObject({ code: "LOCK_TIMEOUT" });
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
    expect(await hub.queue("r")).toEqual(["c"]);
    await a.released(held.id, "none");
    await c.next("granted");
    await b.expectSilence();
  });

  it("[Q5] waitMs ends with the wait: a grant outlives it", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const first = await a.granted("r", { waitMs: 400 });
    const { id } = await b.queued("r", { waitMs: 400 });
    await a.released(first.id, "none");
    await b.answer(id, "granted");
    await hub.pass(450);
    await b.expectSilence();
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "b" }]);
  });
});
