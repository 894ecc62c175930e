// The rules of holding [H1]–[H5], on the core alone.
import { describe, expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

const shared = { mode: "shared" } as const;
const exclusive = { mode: "exclusive" } as const;

describe("a bounded hold", () => {
  test("[H1] is lost when holdMs have passed, not sooner, and passes on as a failure", () => {
    const trace = new TableTrace();
    expect(trace.acquire("a1", { holdMs: 100 })).toEqual(["a1 ← granted, hold 100 ms"]);
    trace.acquire("b1");
    trace.acquire("c1");
    expect(trace.pass(99)).toEqual([]);
    expect(trace.pass(1)).toEqual(["a1 ← lost LOCK_EXPIRED", "b1 ← granted, attempt 2 after a: LOCK_EXPIRED"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← error LOCK_NOT_HELD"]);
  });

  test("[H1] starts with the grant, not with the wait", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { holdMs: 100 });
    expect(trace.pass(1_000)).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted, hold 100 ms"]);
    expect(trace.pass(100)).toEqual(["b1 ← lost LOCK_EXPIRED"]);
  });

  test("[H1] of 0 ms is over at the next moment that time is looked at", () => {
    const trace = new TableTrace();
    expect(trace.acquire("a1", { holdMs: 0 })).toEqual(["a1 ← granted, hold 0 ms"]);
    trace.acquire("b1", { ...exclusive, holdMs: 0 });
    trace.acquire("c1", exclusive);
    expect(trace.pass(0)).toEqual([
      "a1 ← lost LOCK_EXPIRED",
      "b1 ← granted, attempt 2 after a: LOCK_EXPIRED, hold 0 ms",
      "b1 ← lost LOCK_EXPIRED",
      "c1 ← granted, attempt 2 after a: LOCK_EXPIRED",
    ]);
  });

  test("[H1] ends holdMs after an extend; the end before is void [B7]", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { holdMs: 100 });
    const armed = trace.table.order;
    trace.pass(60);
    expect(trace.extend("a1", 100)).toEqual(["a1 ← extended, hold 100 ms"]);
    expect(trace.step({ type: "deadline", of: "hold", session: trace.sessionOf("a"), id: 1, armed })).toEqual([]);
    expect(trace.pass(99)).toEqual([]);
    expect(trace.pass(1)).toEqual(["a1 ← lost LOCK_EXPIRED"]);
  });

  test("[H1] can be shortened, and can be given to a hold that had no bound", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { holdMs: 1_000 });
    trace.acquire("b1", { resource: "s" });
    trace.extend("a1", 10);
    trace.extend("b1", 20);
    expect(trace.pass(10)).toEqual(["a1 ← lost LOCK_EXPIRED"]);
    expect(trace.pass(10)).toEqual(["b1 ← lost LOCK_EXPIRED"]);
  });

  test("[H1] says again what is left of it, not what it began with [S9][S10]", () => {
    const trace = new TableTrace({ graceMs: 10_000 });
    trace.acquire("a1", { holdMs: 1_000 });
    trace.acquire("a2", { resource: "s" });
    trace.pass(400);
    expect(trace.acquire("a1")).toEqual(["a1 ← granted, hold 600 ms"]);
    trace.extend("a2", 50);
    trace.drop("a");
    trace.pass(30);
    expect(trace.resume("a")).toEqual([
      "a resumed, last id 2",
      "a1 ← granted, hold 570 ms",
      "a2 ← granted, hold 20 ms",
    ]);
  });

  test("[H1] is kept for a session that is detached", () => {
    const trace = new TableTrace({ graceMs: 10_000 });
    trace.acquire("a1", { holdMs: 100 });
    trace.acquire("b1");
    trace.drop("a");
    expect(trace.pass(100)).toEqual(["b1 ← granted, attempt 2 after a: LOCK_EXPIRED"]);
    expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← lost LOCK_EXPIRED"]);
  });

  test("[H1] ends one holder of many, and the others hold on", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { ...shared, holdMs: 100 });
    trace.acquire("b1", shared);
    trace.acquire("c1");
    expect(trace.pass(100)).toEqual(["a1 ← lost LOCK_EXPIRED"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted"]);
  });
});

describe("a forced release", () => {
  test("[H2] tells the holder who and why, and grants the next in line with nothing counted", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("a2", { resource: "s" });
    trace.acquire("b1");
    expect(trace.revoke("r")).toEqual(["a1 ← lost LOCK_REVOKED", "b1 ← granted", "done"]);
    expect(trace.table.order).toBe(trace.fenceOf("b1"));
    expect(trace.letGo("a2")).toEqual(["a2 ← released"]);
  });

  test("[H2] says the actor and the reason", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.revoke("r");
    expect(trace.effects[0]).toMatchObject({ answer: { message: expect.stringMatching(/root.*stuck/) } });
  });

  test("[H2] takes every holder of the resource, and no waiter", () => {
    const trace = new TableTrace();
    trace.acquire("a1", shared);
    trace.acquire("b1", shared);
    trace.acquire("c1");
    trace.acquire("d1");
    expect(trace.revoke("r")).toEqual(["a1 ← lost LOCK_REVOKED", "b1 ← lost LOCK_REVOKED", "c1 ← granted", "done"]);
  });

  test("[H2] takes the holder whose fence it names, and is refused when that no longer holds", () => {
    const trace = new TableTrace();
    trace.acquire("a1", shared);
    trace.acquire("b1", shared);
    expect(trace.revoke("r", trace.fenceOf("a1"))).toEqual(["a1 ← lost LOCK_REVOKED", "done"]);
    expect(trace.revoke("r", trace.fenceOf("a1"))).toEqual(["changed"]);
    trace.letGo("b1");
    expect(trace.revoke("r", trace.fenceOf("b1")), "what is not there at all").toEqual(["absent"]);
  });

  test("[H2] finds nothing to release where nobody holds", () => {
    const trace = new TableTrace();
    expect(trace.revoke("r")).toEqual(["absent"]);
  });

  test("[H2] ends the delay of what nobody holds, unless it names a fence", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    const fence = trace.fenceOf("a1");
    trace.fail("a1", "429", { retryAfterMs: 100 });
    expect(trace.revoke("r", fence)).toEqual(["changed"]);
    expect(trace.revoke("r")).toEqual(["b1 ← granted, attempt 2 after a: 429", "done"]);
    expect(trace.pass(100)).toEqual([]);
  });

  test("[H2] sets no lock delay, for the holder is told", () => {
    const trace = new TableTrace({ lockDelayMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.revoke("r")).toEqual(["a1 ← lost LOCK_REVOKED", "b1 ← granted", "done"]);
  });
});

describe("what is not held", () => {
  test("[H3] answers the release of a waiter with LOCK_NOT_HELD, and it waits on", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.succeed("b1")).toEqual(["b1 ← error LOCK_NOT_HELD"]);
    expect(trace.extend("b1", 5)).toEqual(["b1 ← error LOCK_NOT_HELD"]);
    expect(trace.progress("b1", { done: 1 })).toEqual(["b1 ← error LOCK_NOT_HELD"]);
    expect(trace.pass(5)).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
  });

  test("[H3] answers a second release with LOCK_NOT_HELD", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.succeed("a1");
    expect(trace.fail("a1", "late")).toEqual(["a1 ← error LOCK_NOT_HELD"]);
    expect(trace.acquire("b1", { freshMs: 1 })).toEqual(["b1 ← skipped by a"]);
  });

  test("[H3] answers an id that was never used with LOCK_NOT_HELD", () => {
    const trace = new TableTrace();
    expect(trace.letGo("a9")).toEqual(["a9 ← error LOCK_NOT_HELD"]);
    expect(trace.cancel("a9")).toEqual(["a9 ← error LOCK_NOT_HELD"]);
    expect(trace.acquire("a9")).toEqual(["a9 ← granted"]);
  });

  test("[H3] is silent to a cancel that crossed the end of its request", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.succeed("a1");
    expect(trace.cancel("b1")).toEqual([]);
  });
});

describe("a holder that wants to be told", () => {
  test("[H4] is told when the first waiter arrives, and not at the second", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { wanted: true });
    expect(trace.acquire("b1")).toEqual(["b1 ← queued 1 behind a", "a1 ← wanted by 1"]);
    expect(trace.acquire("c1")).toEqual(["c1 ← queued 2 behind a"]);
  });

  test("[H4] is told with its grant when others wait behind it already", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { wanted: true });
    trace.acquire("c1");
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted", "b1 ← wanted by 1"]);
  });

  test("[H4] is not told of those who are granted beside it in the same step", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { ...shared, wanted: true });
    trace.acquire("c1", { ...shared, wanted: true });
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted", "c1 ← granted"]);
    expect(trace.acquire("d1")).toEqual(["d1 ← queued 1 behind b, c", "b1 ← wanted by 1", "c1 ← wanted by 1"]);
  });

  test("[H4] is not told of those who are skipped or fail in the same step", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { ...exclusive, wanted: true });
    trace.acquire("c1");
    trace.acquire("d1", { waitMs: 0 });
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "c1 ← skipped by a", "b1 ← granted"]);
  });

  test("[H4] is told when it is back, if the first waiter came while it was detached [S9]", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1", { wanted: true });
    trace.drop("a");
    expect(trace.acquire("b1")).toEqual(["b1 ← queued 1 behind a"]);
    expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← granted", "a1 ← wanted by 1"]);
  });

  test("[H4] tells nobody who did not ask for it", () => {
    const trace = new TableTrace();
    trace.acquire("a1", shared);
    trace.acquire("b1", { ...shared, wanted: true });
    expect(trace.acquire("c1")).toEqual(["c1 ← queued 1 behind a, b", "b1 ← wanted by 1"]);
  });
});

describe("progress", () => {
  test("[H5] is shown to a waiter when it is queued, the last report alone", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { operation: "pull" });
    trace.pass(30);
    expect(trace.progress("a1", { done: 1, total: 10, note: "layer" })).toEqual([]);
    trace.progress("a1", { done: 5, total: 10 });
    trace.acquire("b1");
    const holder = { node: "a", operation: "pull", mode: "once", heldMs: 30, progress: { done: 5, total: 10 } };
    expect(trace.effects).toMatchObject([{ answer: { type: "queued", position: 1, holders: [holder] } }]);
  });

  test("[H5] ends with the grant that it was reported for", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.progress("a1", { done: 1 });
    trace.letGo("a1");
    trace.acquire("c1");
    expect(trace.effects).toMatchObject([{ answer: { holders: [{ node: "b" }] } }]);
    expect(JSON.stringify(trace.effects)).not.toMatch("progress");
  });
});
