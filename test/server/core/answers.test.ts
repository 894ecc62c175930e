// The rules of what a session is told again [S9][S10] and of the bounds that the core keeps [B1], on the core alone.
import { describe, expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

describe("final answers", () => {
  test("[S9] are said again after a resume until they are acknowledged", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("a2", { waitMs: 0 });
    trace.succeed("a1");
    trace.acquire("a3", { freshMs: 10 });
    trace.acquire("a4", { holdMs: 10 });
    trace.pass(10);
    const answers = ["a2 ← failed LOCK_ALREADY_HELD", "a1 ← released", "a3 ← skipped by a", "a4 ← lost LOCK_EXPIRED"];
    expect(trace.resume("a")).toEqual(["a resumed in place of a/1, last id 4", ...answers]);
    trace.drop("a");
    expect(trace.resume("a")).toEqual(["a resumed, last id 4", ...answers]);
    trace.acknowledge("a");
    expect(trace.resume("a")).toEqual(["a resumed in place of a/3, last id 4"]);
  });

  test("[S9] are dropped up to the step that was acknowledged, and no further", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    for (const id of [1, 2, 3]) trace.acquire(`a${id}`, { resource: `r${id}` });
    trace.letGo("a1");
    trace.letGo("a2");
    const order = trace.table.order;
    trace.letGo("a3");
    expect(trace.acknowledge("a", order)).toEqual([]);
    expect(trace.resume("a").slice(1)).toEqual(["a3 ← released"]);
    trace.acknowledge("a", order - 1);
    expect(trace.resume("a").slice(1)).toEqual(["a3 ← released"]);
  });

  test("[S9] are not kept for a session without grace", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.letGo("a1");
    expect(trace.resume("a")).toEqual(["a resumed in place of a/1, last id 1"]);
  });

  test("[S9] alone are kept: what is not the end of a request is not said again", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1", { wanted: true });
    trace.acquire("a1");
    trace.letGo("a9");
    trace.extend("a1", 500);
    trace.letGo("a1");
    trace.acquire("a1");
    expect(trace.resume("a").slice(1)).toEqual(["a1 ← released"]);
  });

  test("[S9] of a request that was granted and lost meanwhile come without its grant", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.drop("a");
    trace.revoke("r");
    expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← lost LOCK_REVOKED"]);
  });

  test("[S9] names the highest id that was received, refused ones among them", () => {
    const trace = new TableTrace({ limits: { sessionRequestsMax: 1 } });
    trace.acquire("a4");
    trace.acquire("a9", { waitMs: 0 });
    expect(trace.resume("a")[0]).toBe("a resumed in place of a/1, last id 9");
  });
});

describe("request ids", () => {
  test("[S10] that are live are answered with their present state, whatever else the message says", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.acquire("c1");
    expect(trace.acquire("a1", { resource: "other" })).toEqual(["a1 ← granted"]);
    expect(trace.acquire("c1", { waitMs: 0 })).toEqual(["c1 ← queued 2 behind a"]);
    trace.cancel("b1");
    expect(trace.acquire("c1")).toEqual(["c1 ← queued 1 behind a"]);
    expect(trace.table.resources.size).toBe(1);
  });

  test("[S10] that are over or were left out are answered with DUPLICATE_ID, and nothing changes", () => {
    const trace = new TableTrace();
    trace.acquire("a5");
    trace.letGo("a5");
    expect(trace.acquire("a5")).toEqual(["a5 ← error DUPLICATE_ID"]);
    expect(trace.acquire("a3")).toEqual(["a3 ← error DUPLICATE_ID"]);
    expect(trace.table.resources.size).toBe(0);
    expect(trace.acquire("a6")).toEqual(["a6 ← granted"]);
  });

  test("[S10] of two sessions have nothing to do with each other", () => {
    const trace = new TableTrace();
    trace.acquire("a5");
    expect(trace.acquire("b1")).toEqual(["b1 ← queued 1 behind a"]);
  });

  test("[S10] tell the attempt and the error before again [O2]", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.fail("a1", "disk full");
    expect(trace.resume("b")[1]).toBe("b1 ← granted, attempt 2 after a: disk full");
  });

  test("[S10] tell them again though another has succeeded meanwhile", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { mode: "shared" });
    trace.acquire("c1", { mode: "shared" });
    trace.fail("a1", "disk full");
    trace.succeed("b1");
    expect(trace.acquire("c1")).toEqual(["c1 ← granted, attempt 2 after a: disk full"]);
  });
});

describe("bounds", () => {
  test("[B1] refuse a session's request past sessionRequestsMax, and the session lives", () => {
    const trace = new TableTrace({ limits: { sessionRequestsMax: 2 } });
    trace.acquire("a1");
    trace.acquire("a2");
    expect(trace.acquire("a3")).toEqual(["a3 ← failed TOO_MANY_REQUESTS"]);
    expect(trace.acquire("b1")).toEqual(["b1 ← queued 2 behind a"]);
    trace.cancel("a2");
    expect(trace.acquire("a4")).toEqual(["a4 ← queued 2 behind a"]);
  });

  test("[B1] refuse a request past hubRequestsMax, holders and waiters counted", () => {
    const trace = new TableTrace({ limits: { hubRequestsMax: 2 } });
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.acquire("c1", { resource: "s" })).toEqual(["c1 ← failed TOO_MANY_REQUESTS"]);
    trace.letGo("a1");
    expect(trace.acquire("c2", { resource: "s" })).toEqual(["c2 ← granted"]);
  });

  test("[B1] refuse a waiter past resourceWaitersMax with QUEUE_FULL, and grant what need not wait", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits: { resourceWaitersMax: 1 } });
    trace.acquire("a1", { mode: "shared" });
    trace.acquire("b1");
    expect(trace.acquire("c1")).toEqual(["c1 ← failed QUEUE_FULL"]);
    expect(trace.acquire("c2", { waitMs: 0 })).toEqual(["c2 ← failed LOCK_ALREADY_HELD"]);
    trace.drop("b");
    expect(trace.acquire("c3", { mode: "shared" })).toEqual(["c3 ← granted"]);
    expect(trace.acquire("c4", { resource: "s" })).toEqual(["c4 ← granted"]);
  });

  test("[B1] deny a session past sessionsMax", () => {
    const trace = new TableTrace({ nodes: "ab", limits: { sessionsMax: 2 } });
    expect(trace.open("c")).toEqual(["c denied: too many sessions"]);
    trace.bye("a");
    expect(trace.open("c")).toEqual(["c opened"]);
  });

  test("[B1] end a session that acknowledges none of more than keptAnswersMax answers, and no other", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits: { keptAnswersMax: 2 } });
    trace.acquire("a1", { resource: "s" });
    trace.acquire("b1");
    trace.acquire("a2", { waitMs: 0 });
    trace.acquire("a3", { waitMs: 0 });
    expect(trace.acquire("a4", { waitMs: 0 })).toEqual(["a4 ← failed LOCK_ALREADY_HELD", "a ended: flooded"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released"]);
    expect(trace.acquire("c1", { resource: "s", waitMs: 0 })).toEqual(["c1 ← granted"]);
  });

  test("[B1] list the first holders alone in an answer", () => {
    const trace = new TableTrace({ limits: { listEntriesMax: 2 } });
    for (const name of ["a1", "b1", "c1"]) trace.acquire(name, { mode: "shared" });
    expect(trace.acquire("d1")).toEqual(["d1 ← queued 1 behind a, b"]);
  });
});

describe("deadlines as commands", () => {
  test("[B7] are void when the wait that they were for is over", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 100, holdMs: 500 });
    const wait = {
      type: "deadline",
      of: "wait",
      session: trace.sessionOf("b"),
      id: 1,
      armed: trace.table.order,
    } as const;
    trace.letGo("a1");
    expect(trace.step(wait)).toEqual([]);
    expect(trace.step({ ...wait, of: "hold" })).toEqual([]);
    trace.bye("b");
    expect(trace.step(wait)).toEqual([]);
    trace.open("b");
    trace.acquire("b1");
    expect(trace.step(wait)).toEqual([]);
  });

  test("[B7] are void when the delay or the outcome that they were for is another", () => {
    const trace = new TableTrace({ outcomeTtlMs: 100 });
    trace.acquire("a1");
    trace.succeed("a1");
    const outcome = { type: "deadline", of: "outcome", resource: "r", armed: trace.table.order } as const;
    trace.acquire("a2");
    trace.succeed("a2", "newer");
    expect(trace.step(outcome)).toEqual([]);
    expect(trace.acquire("b1", { freshMs: 0 })).toEqual(['b1 ← skipped by a, "newer"']);
    trace.acquire("a3");
    trace.acquire("b2", { mode: "exclusive" });
    trace.fail("a3", "429", { retryAfterMs: 500 });
    expect(trace.step({ ...outcome, of: "delay" })).toEqual([]);
    expect(trace.step({ ...outcome, of: "delay", armed: trace.table.order, resource: "nowhere" })).toEqual([]);
    expect(trace.pass(500)).toEqual(["b2 ← granted, attempt 2 after a: 429"]);
  });

  test("[B7] change nothing while others were decided in between", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { holdMs: 100 });
    const armed = trace.table.order;
    trace.extend("a1", 100);
    trace.letGo("a1");
    trace.acquire("a2", { holdMs: 100 });
    expect(trace.step({ type: "deadline", of: "hold", session: trace.sessionOf("a"), id: 2, armed })).toEqual([]);
    expect(trace.pass(100)).toEqual(["a2 ← lost LOCK_EXPIRED"]);
  });
});
