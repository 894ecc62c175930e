// What a release says and who hears of it [O1]–[O5], through real sockets.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

describe("success", () => {
  it("[O1] skips every once waiter of the operation, with node, fence and result", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id, fence } = await a.granted("r", { operation: "pull" });
    const waiters = await hub.nodes("b", "c", "d");
    for (const waiter of waiters) await waiter.queued("r", { operation: "pull" });
    const result = { bytes: 1_048_576, parts: [null, true, "ä\u2028"] };
    await a.released(id, "success", { result });
    for (const waiter of waiters) {
      const skipped = await waiter.next("skipped");
      expect(skipped).toEqual({ type: "skipped", id: 1, by: "a", fence, result, ageMs: expect.any(Number) });
      expect(skipped.ageMs).toBeLessThan(5_000);
      await waiter.expectSilence();
    }
  });

  it("[O1] skips them wherever they stand, and serves the rest in order", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r", { operation: "pull" });
    const [b, c, d, e, f] = await hub.nodes("b", "c", "d", "e", "f");
    await b.queued("r", { operation: "pull" });
    await c.queued("r", { operation: "run", mode: "shared" });
    await d.queued("r", { operation: "pull" });
    await e.queued("r", { operation: "pull", mode: "exclusive" });
    await f.queued("r", { operation: "pull" });
    await a.released(id, "success");
    for (const waiter of [b, d, f]) await waiter.next("skipped");
    await c.next("granted");
    await e.expectSilence();
    expect(await hub.queue("r")).toEqual(["e"]);
  });

  it("[O1] never skips other operations or modes", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r", { operation: "update@v3" });
    const [b, c, d, e] = await hub.nodes("b", "c", "d", "e");
    await b.queued("r", { operation: "update@v4" });
    await c.queued("r", { operation: "update@v3", mode: "exclusive" });
    await d.queued("r", { operation: "update@v3", mode: "shared" });
    await e.queued("r", { operation: "update@v3", mode: "permit", limit: 1 });
    await a.released(id, "success");
    await b.next("granted");
    for (const waiter of [c, d, e]) await waiter.expectSilence();
  });

  it.each([{ mode: "exclusive" as const }, { mode: "shared" as const }, { mode: "permit" as const, limit: 1 }])(
    "[O1] success of a holder in mode $mode skips nobody",
    async (fields) => {
      await using hub = await hubWith();
      const [a, b, c] = await hub.nodes("a", "b", "c");
      const { id } = await a.granted("r", fields);
      await b.queued("r");
      await c.queued("r");
      await a.released(id, "success", { result: 1 });
      await b.next("granted");
      await c.expectSilence();
    },
  );

  it("[O1][Q4] skips the waiters of the holder's own session too", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const first = await a.granted("r");
    const second = await a.queued("r");
    await a.released(first.id, "success");
    await a.answer(second.id, "skipped");
  });

  it("[O1] a success without a result skips without one", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    await a.released(id, "success");
    expect(await b.next("skipped")).not.toHaveProperty("result");
  });
});

describe("failure", () => {
  it("[O2] tells nobody but the head", async () => {
    await using hub = await hubWith();
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const { id, fence } = await a.granted("r", { operation: "pull" });
    for (const waiter of [b, c, d]) await waiter.queued("r", { operation: "pull" });
    const error = { message: "no space left on device", code: "ENOSPC" };
    await a.released(id, "failure", { error });
    const next = await b.next("granted");
    expect(next).toMatchObject({ attempt: 2, previous: { node: "a", error } });
    expect(next.fence).toBeGreaterThan(fence);
    for (const other of [a, b, c, d]) await other.expectSilence();
  });

  it("[O2] hands on from failure to failure, counting the attempts", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const first = await a.granted("r");
    expect(first).toMatchObject({ attempt: 1 });
    expect(first.previous).toBeUndefined();
    await b.queued("r");
    await c.queued("r");
    await a.released(first.id, "failure", { error: { message: "one" } });
    expect(await b.next("granted")).toMatchObject({ attempt: 2, previous: { node: "a", error: { message: "one" } } });
    await b.released(1, "failure", { error: { message: "two" } });
    expect(await c.next("granted")).toMatchObject({ attempt: 3, previous: { node: "b", error: { message: "two" } } });
  });

  it("[O2] an error of another operation is not told", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "delete" });
    await c.queued("r", { operation: "pull" });
    await a.released(id, "failure", { error: { message: "cut off" } });
    const other = await b.next("granted");
    expect(other.attempt).toBe(1);
    expect(other.previous).toBeUndefined();
    await b.released(1, "none");
    expect(await c.next("granted")).toMatchObject({ attempt: 2, previous: { node: "a" } });
  });

  it("[O2] retryAfterMs: granted to nobody until that has passed, then to the head", async () => {
    await using hub = await hubWith();
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const { id } = await a.granted("r");
    await b.queued("r");
    const start = performance.now();
    await a.released(id, "failure", { error: { message: "429" }, retryAfterMs: 400 });
    await c.queued("r", { mode: "shared" });
    const asked = d.acquire("r", { waitMs: 0 });
    expect(await d.answer(asked, "failed")).toMatchObject({ code: "LOCK_DELAYED" });
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 2 });
    expect(await b.next("granted")).toMatchObject({ attempt: 2, previous: { error: { message: "429" } } });
    expect(performance.now() - start).toBeGreaterThanOrEqual(399);
    await c.expectSilence();
  });

  it("[O2] retryAfterMs holds with nobody in the queue too", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    const start = performance.now();
    await a.released(id, "failure", { retryAfterMs: 300 });
    const waiter = await b.queued("r");
    expect(waiter.holders).toEqual([]);
    expect(await b.answer(waiter.id, "granted")).toMatchObject({ attempt: 1 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  });

  it("[O3] without retry, fails every once waiter of the operation with the error", async () => {
    await using hub = await hubWith();
    const [a, b, c, d, e] = await hub.nodes("a", "b", "c", "d", "e");
    const { id } = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "pull" });
    await c.queued("r", { operation: "delete" });
    await d.queued("r", { operation: "pull" });
    await e.queued("r", { operation: "pull", mode: "exclusive" });
    const error = { message: "no such manifest", code: "MANIFEST_UNKNOWN" };
    await a.released(id, "failure", { error, retry: false });
    for (const waiter of [b, d]) expect(await waiter.next("failed")).toMatchObject({ code: "OPERATION_FAILED", error });
    await c.next("granted");
    await e.expectSilence();
  });

  it("[O3] without retry, an exclusive holder's failure fails nobody", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r", { mode: "exclusive" });
    await b.queued("r");
    await a.released(id, "failure", { retry: false });
    await b.next("granted");
  });
});

describe("attempts", () => {
  it("[O4] a request that would be attempt n + 1 fails with the last error, and the next one is granted", async () => {
    await using hub = await hubWith();
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const { id } = await a.granted("r", { maxAttempts: 1 });
    await b.queued("r", { maxAttempts: 1 });
    await c.queued("r", { maxAttempts: 2 });
    await d.queued("r", { maxAttempts: 2 });
    await a.released(id, "failure", { error: { message: "one" } });
    expect(await b.next("failed")).toMatchObject({ code: "ATTEMPTS_EXHAUSTED", error: { message: "one" } });
    expect(await c.next("granted")).toMatchObject({ attempt: 2 });
    await d.expectSilence();
    await c.released(1, "failure", { error: { message: "two" } });
    expect(await d.next("failed")).toMatchObject({ code: "ATTEMPTS_EXHAUSTED", error: { message: "two" } });
  });

  it("[O5] none does not count, and the error before stays", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r");
    await b.queued("r");
    await c.queued("r");
    await a.released(id, "failure", { error: { message: "one" } });
    expect(await b.next("granted")).toMatchObject({ attempt: 2 });
    await b.released(1, "none");
    expect(await c.next("granted")).toMatchObject({ attempt: 2, previous: { node: "a", error: { message: "one" } } });
  });

  it("[O5] failures of holders in other modes do not count", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r", { mode: "exclusive" });
    await b.queued("r");
    await a.released(id, "failure", { error: { message: "one" } });
    const next = await b.next("granted");
    expect(next.attempt).toBe(1);
    expect(next.previous).toBeUndefined();
  });

  it("[O5] are counted per operation, and start again at 1 after its success", async () => {
    await using hub = await hubWith();
    const [a, b, keeper] = await hub.nodes("a", "b", "keeper");
    const { id } = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "pull" });
    await keeper.queued("r", { mode: "exclusive" });
    await a.released(id, "failure");
    expect(await b.next("granted")).toMatchObject({ attempt: 2 });
    await b.released(1, "success");
    await keeper.next("granted");
    await a.queued("r", { operation: "pull" });
    await keeper.released(1, "none");
    const again = await a.next("granted");
    expect(again.attempt).toBe(1);
    expect(again.previous).toBeUndefined();
  });

  it("[O5] start again at 1 when the resource has neither holder nor waiter", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r");
    await a.released(id, "failure", { error: { message: "one" } });
    const again = await a.granted("r", { maxAttempts: 1 });
    expect(again.attempt).toBe(1);
    expect(again.previous).toBeUndefined();
  });

  it("[O5] a lost socket counts as a failure", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r", { maxAttempts: 1 });
    a.terminate();
    expect(await b.next("failed")).toMatchObject({ code: "ATTEMPTS_EXHAUSTED", error: { code: "SESSION_ENDED" } });
  });
});
