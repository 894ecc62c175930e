// The rules of holding [H1]–[H5], through real sockets.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

const forced = (fields: { reason: string; fence?: number }) => ["POST", "/v1/resource/release?name=r", fields] as const;

describe("a bounded hold", () => {
  it("[H1] ends with lost, and counts as a failure", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const start = performance.now();
    const granted = await a.granted("r", { holdMs: 300 });
    expect(granted.holdMs).toBe(300);
    await b.queued("r");
    await c.queued("r");
    expect(await a.answer(granted.id, "lost")).toMatchObject({ code: "LOCK_EXPIRED" });
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
    expect(await b.next("granted")).toMatchObject({
      attempt: 2,
      previous: { node: "a", error: { code: "LOCK_EXPIRED" } },
    });
    await c.expectSilence();
  });

  it("[H1] starts with the grant, not with the wait", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const held = await a.granted("r");
    const waiter = await b.queued("r", { holdMs: 50 });
    await hub.pass(60);
    const start = performance.now();
    await a.released(held.id, "none");
    await b.answer(waiter.id, "granted");
    await b.answer(waiter.id, "lost");
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });

  it("[H1] goes on when it is extended in time", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r", { holdMs: 400 });
    a.send({ type: "extend", id, holdMs: 60_000 });
    expect(await a.answer(id, "extended")).toEqual({ type: "extended", id, holdMs: 60_000 });
    await hub.pass(450);
    await a.expectSilence();
    await a.released(id, "none");
  });

  it("[H1] may be shortened, and a hold without end may be bounded", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    for (const fields of [{ holdMs: 60_000 }, {}]) {
      const { id } = await a.granted("r", fields);
      a.send({ type: "extend", id, holdMs: 20 });
      await a.answer(id, "extended");
      await a.answer(id, "lost");
    }
  });

  it("[H1] is over when the grant is: a released one is not lost later", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const first = await a.granted("r", { holdMs: 400 });
    await a.released(first.id, "none");
    await a.granted("r");
    await hub.pass(450);
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
    await a.expectSilence();
  });
});

describe("a forced release", () => {
  it("[H2] takes the grant back, with the reason, and counts as none", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id, fence } = await a.granted("r");
    await b.queued("r");
    await c.queued("r");
    expect((await hub.http(...forced({ reason: "node a burns", fence }))).status).toBe(200);
    const lost = await a.answer(id, "lost");
    expect(lost).toMatchObject({ code: "LOCK_REVOKED", message: expect.stringContaining("node a burns") });
    const next = await b.next("granted");
    expect(next.attempt).toBe(1);
    expect(next.previous).toBeUndefined();
    await c.expectSilence();
  });

  it("[H2] takes every holder's grant of that resource, and nothing else of their sessions", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const other = await a.granted("other");
    const first = await a.granted("r", { mode: "shared" });
    const second = await b.granted("r", { mode: "shared" });
    expect((await hub.http(...forced({ reason: "stuck" }))).status).toBe(200);
    await a.answer(first.id, "lost");
    await b.answer(second.id, "lost");
    await a.expectSilence();
    expect(await hub.view("r")).toBeUndefined();
    await a.released(other.id, "success");
    await a.granted("r");
  });

  it("[H2] is refused when the fence it names no longer holds", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id, fence } = await a.granted("r");
    await b.queued("r");
    await a.released(id, "failure");
    await b.next("granted");
    expect((await hub.http(...forced({ reason: "stuck", fence }))).status).toBe(409);
    await b.expectSilence();
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "b" }]);
  });
});

describe("what is not held", () => {
  it("[H3] a release of what was never asked for, of what waits, and of what is released, changes nothing", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    const waiter = await b.queued("r");
    for (const id of [99, waiter.id]) {
      b.release(id, "success");
      expect(await b.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    }
    expect(await hub.queue("r")).toEqual(["b"]);
    await a.released(id, "none");
    a.release(id, "success");
    expect(await a.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    await b.answer(waiter.id, "granted");
    await b.expectSilence();
  });

  it("[H3] extend and progress of what is not held are refused", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    const { id } = await b.queued("r");
    b.send({ type: "extend", id, holdMs: 10 });
    expect(await b.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    b.send({ type: "progress", id, done: 1 });
    expect(await b.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    expect(await hub.queue("r")).toEqual(["b"]);
  });
});

describe("what holder and waiters hear of each other", () => {
  it("[H4] a holder that asked is told when the first waiter arrives, once", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r", { wanted: true });
    await a.expectSilence();
    await b.queued("r");
    expect(await a.answer(id, "wanted")).toEqual({ type: "wanted", id, waiting: 1 });
    await c.queued("r");
    await a.expectSilence();
  });

  it("[H4] a holder that did not ask is not told", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    await a.expectSilence();
  });

  it("[H4] one who does not wait is no waiter", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", { wanted: true });
    await b.answer(b.acquire("r", { waitMs: 0 }), "failed");
    await a.expectSilence();
  });

  it("[H5] progress is shown to a waiter when it is queued, and in the view", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    const progress = { done: 5, total: 10.5, note: "layer 3 of 8" };
    a.send({ type: "progress", id, ...progress });
    await a.expectSilence();
    expect((await b.queued("r")).holders).toMatchObject([{ node: "a", progress }]);
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "a", progress }]);
    a.send({ type: "progress", id, done: 10 });
    await a.expectSilence();
    await b.expectSilence();
    expect((await hub.view("r"))?.holders[0]?.progress).toMatchObject({ done: 10 });
  });

  it("[H5] progress ends with its grant", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r");
    a.send({ type: "progress", id, done: 5 });
    await b.queued("r");
    await a.released(id, "failure");
    await b.next("granted");
    expect((await c.queued("r")).holders[0]).not.toHaveProperty("progress");
  });
});
