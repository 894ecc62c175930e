// The rules of what a failure means for others [O2]–[O5], on the core alone.
import { describe, expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

const pull = { operation: "pull" } as const;
const full = "disk full";

describe("a failure that may be retried", () => {
  test("[O2] tells nobody but the head", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1", "d1"]) trace.acquire(name);
    expect(trace.fail("a1", full)).toEqual(["a1 ← released", "b1 ← granted, attempt 2 after a: disk full"]);
  });

  test("[O2] sends one message for a failure before 1,000 waiters, and [O1] one to each for a success", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    for (let id = 2; id <= 251; id += 1) for (const node of "abcd") trace.acquire(`${node}${id}`);
    expect(trace.fail("a1", full)).toEqual(["a1 ← released", "a2 ← granted, attempt 2 after a: disk full"]);
    const lines = trace.succeed("a2");
    expect(lines.length).toBe(1_000);
    expect(new Set(lines).size).toBe(1_000);
    expect(lines.filter((line) => line.endsWith("← skipped by a")).length).toBe(999);
  });

  test("[O2] hands on by itself when the holder's session ends [S6]", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1"]) trace.acquire(name, pull);
    expect(trace.drop("a")).toEqual(["a ended: dropped", "b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
    expect(trace.succeed("b1", 1)).toEqual(["b1 ← released", "c1 ← skipped by b, 1"]);
  });

  test("[O2] tells the head of the last failure of its own operation alone", () => {
    const trace = new TableTrace();
    trace.acquire("a1", pull);
    trace.acquire("b1", { operation: "scan" });
    trace.acquire("c1", pull);
    trace.acquire("d1", { operation: "scan" });
    expect(trace.fail("a1", full)).toEqual(["a1 ← released", "b1 ← granted"]);
    expect(trace.fail("b1", { message: "no scanner", code: "ENOENT" })).toEqual([
      "b1 ← released",
      "c1 ← granted, attempt 2 after a: disk full",
    ]);
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "d1 ← granted, attempt 2 after b: ENOENT"]);
  });

  test("[O2] grants nobody until retryAfterMs have passed", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.fail("a1", "429", { retryAfterMs: 300 })).toEqual(["a1 ← released"]);
    expect(trace.acquire("c1")).toEqual(["c1 ← queued 2 behind nobody"]);
    expect(trace.acquire("d1", { waitMs: 0 })).toEqual(["d1 ← failed LOCK_DELAYED"]);
    expect(trace.pass(299)).toEqual([]);
    expect(trace.pass(1)).toEqual(["b1 ← granted, attempt 2 after a: 429"]);
  });

  test("[O2] delays though nobody waits, and then every mode", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.fail("a1", "429", { retryAfterMs: 300 });
    expect(trace.acquire("b1", { mode: "shared", waitMs: 0 })).toEqual(["b1 ← failed LOCK_DELAYED"]);
    expect(trace.acquire("b2", { mode: "shared" })).toEqual(["b2 ← queued 1 behind nobody"]);
    expect(trace.pass(300)).toEqual(["b2 ← granted"]);
  });

  test("[O2] waits for the longer of two delays", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { mode: "shared" });
    trace.acquire("b1", { mode: "shared" });
    trace.acquire("c1");
    trace.fail("a1", "429", { retryAfterMs: 300 });
    trace.fail("b1", "429", { retryAfterMs: 100 });
    expect(trace.pass(299)).toEqual([]);
    expect(trace.pass(1)).toEqual(["c1 ← granted"]);
  });

  test("[O2] lengthens a delay, whose old end is then void [B7]", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { mode: "shared" });
    trace.acquire("b1", { mode: "shared" });
    trace.acquire("c1");
    trace.fail("a1", "429", { retryAfterMs: 100 });
    trace.fail("b1", "429", { retryAfterMs: 300 });
    expect(trace.pass(299)).toEqual([]);
    expect(trace.pass(1)).toEqual(["c1 ← granted"]);
  });

  test("[O2] lets a waiter time out while a delay is in force [Q5]", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 200 });
    trace.fail("a1", "429", { retryAfterMs: 300 });
    expect(trace.pass(300)).toEqual(["b1 ← failed LOCK_TIMEOUT"]);
  });

  test("[O2] grants those who held back when a delay is over, up to the first that does not fit [Q3]", () => {
    const trace = new TableTrace({ nodes: "abcde" });
    trace.acquire("a1");
    trace.acquire("b1", { mode: "shared", operation: "read" });
    trace.acquire("c1", { mode: "shared", operation: "read" });
    trace.acquire("d1");
    trace.fail("a1", "429", { retryAfterMs: 300 });
    expect(trace.pass(300)).toEqual(["b1 ← granted", "c1 ← granted"]);
  });
});

describe("delays", () => {
  const retry = { retryAfterMs: 300 };
  const limits = { delaysMax: 1 };

  test("[B1] are in force on delaysMax resources at a time; one more is granted at once", () => {
    const trace = new TableTrace({ limits });
    for (const [at, resource] of ["r", "s"].entries()) {
      trace.acquire(`a${at + 1}`, { resource });
      trace.fail(`a${at + 1}`, "429", retry);
    }
    expect(trace.acquire("b1", { resource: "r", waitMs: 0 })).toEqual(["b1 ← failed LOCK_DELAYED"]);
    expect(trace.acquire("b2", { resource: "s" })).toEqual(["b2 ← granted"]);
    expect([...trace.table.refusals]).toEqual([["delaysMax", 1]]);
    trace.pass(300);
    trace.fail("b2", "429", retry);
    expect(trace.acquire("c1", { resource: "s", waitMs: 0 })).toEqual(["c1 ← failed LOCK_DELAYED"]);
  });

  test("[B1] may be longer on a resource that has one, and [S6] a lock delay is always kept", () => {
    const trace = new TableTrace({ limits, lockDelayMs: 100 });
    trace.acquire("a1", { mode: "shared" });
    trace.acquire("b1", { mode: "shared" });
    trace.fail("a1", "429", { retryAfterMs: 10 });
    trace.fail("b1", "429", retry);
    trace.acquire("a2", { resource: "s" });
    trace.drop("a");
    expect(trace.acquire("c1", { resource: "s", waitMs: 0 })).toEqual(["c1 ← failed LOCK_DELAYED"]);
    expect(trace.acquire("c2")).toEqual(["c2 ← queued 1 behind nobody"]);
    expect(trace.pass(299)).toEqual([]);
    expect(trace.pass(1)).toEqual(["c2 ← granted"]);
    expect(trace.table.refusals.size).toBe(0);
  });

  test("[H2] end by a forced release of what nobody holds", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.fail("a1", "429", retry);
    trace.acquire("b1");
    expect(trace.revoke("r", 1)).toEqual(["changed"]);
    expect(trace.revoke("r")).toEqual(["b1 ← granted", "done"]);
    trace.letGo("b1");
    expect(trace.pass(300)).toEqual([]);
    trace.acquire("a2");
    trace.fail("a2", "429", retry);
    expect(trace.revoke("r")).toEqual(["done"]);
    expect(trace.table.resources.size).toBe(0);
  });
});

describe("a failure for good", () => {
  test("[O3] fails every once waiter of the operation with the error, then serves the rest", () => {
    const trace = new TableTrace({ nodes: "abcdef" });
    trace.acquire("a1", pull);
    trace.acquire("b1", pull);
    trace.acquire("c1", { operation: "delete" });
    trace.acquire("d1", { ...pull, mode: "exclusive" });
    trace.acquire("e1", pull);
    expect(trace.fail("a1", "no such image", { retry: false })).toEqual([
      "a1 ← released",
      "b1 ← failed OPERATION_FAILED: no such image",
      "e1 ← failed OPERATION_FAILED: no such image",
      "c1 ← granted",
    ]);
  });

  test.for(["exclusive", "shared"] as const)("[O3] is like any failure when the holder's mode is %s", (mode) => {
    const trace = new TableTrace();
    trace.acquire("a1", { mode });
    trace.acquire("b1");
    expect(trace.fail("a1", full, { retry: false })).toEqual(["a1 ← released", "b1 ← granted"]);
  });

  test("[O3] is kept for a waiter that is detached [S9]", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("b");
    trace.fail("a1", full, { retry: false });
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← failed OPERATION_FAILED: disk full"]);
  });

  test("[O3] counts as an attempt for those who come later", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { mode: "exclusive" });
    trace.fail("a1", full, { retry: false });
    trace.acquire("c1");
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted, attempt 2 after a: disk full"]);
  });
});

describe("attempts", () => {
  test("[O4] fails a request that would be attempt maxAttempts + 1, with the last error", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { maxAttempts: 2 });
    trace.acquire("c1", { maxAttempts: 2 });
    trace.acquire("d1", { maxAttempts: 3 });
    expect(trace.fail("a1", "first")).toEqual(["a1 ← released", "b1 ← granted, attempt 2 after a: first"]);
    expect(trace.fail("b1", "second")).toEqual([
      "b1 ← released",
      "c1 ← failed ATTEMPTS_EXHAUSTED: second",
      "d1 ← granted, attempt 3 after b: second",
    ]);
  });

  test("[O4] fails one after the other in the same step, and grants the first that has attempts left", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { maxAttempts: 1 });
    trace.acquire("c1", { maxAttempts: 1 });
    trace.acquire("d1");
    expect(trace.fail("a1", full)).toEqual([
      "a1 ← released",
      "b1 ← failed ATTEMPTS_EXHAUSTED: disk full",
      "c1 ← failed ATTEMPTS_EXHAUSTED: disk full",
      "d1 ← granted, attempt 2 after a: disk full",
    ]);
  });

  test("[O4] leaves nothing when the whole queue has no attempt left [O5][Q8]", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { maxAttempts: 1, waitMs: 100 });
    trace.fail("a1", full);
    expect(trace.table.resources.size).toBe(0);
    expect(trace.table.deadlines).toEqual([]);
    expect(trace.acquire("c1", { maxAttempts: 1 })).toEqual(["c1 ← granted"]);
  });

  test("[O4] judges at the grant: a waiter waits on while another has the attempt before", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.fail("a1", full);
    expect(trace.acquire("c1", { maxAttempts: 1 })).toEqual(["c1 ← queued 1 behind b"]);
    expect(trace.succeed("b1")).toEqual(["b1 ← released", "c1 ← skipped by b"]);
  });

  test("[O4] fails at once what would be granted at once", () => {
    const trace = new TableTrace({ nodes: "abc", graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("b");
    trace.fail("a1", full);
    expect(trace.acquire("c1", { maxAttempts: 1 })).toEqual(["c1 ← failed ATTEMPTS_EXHAUSTED: disk full"]);
    expect(trace.resume("b")).toEqual([
      "b resumed, last id 1",
      "b1 ← queued 1 behind nobody",
      "b1 ← granted, attempt 2 after a: disk full",
    ]);
  });

  test("[O4] bounds no other mode", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { mode: "exclusive", maxAttempts: 1 });
    expect(trace.fail("a1", full)).toEqual(["a1 ← released", "b1 ← granted, attempt 2 after a: disk full"]);
  });

  test("[O5] does not count none, a cancel or a forced release", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1", "d1"]) trace.acquire(name, { maxAttempts: 1 });
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
    expect(trace.cancel("b1")).toEqual(["b1 ← released", "c1 ← granted"]);
    expect(trace.revoke("r")).toEqual(["c1 ← lost LOCK_REVOKED", "d1 ← granted", "done"]);
  });

  test("[O5] counts no failure of another mode", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { mode: "exclusive" });
    trace.acquire("b1");
    expect(trace.drop("a")).toEqual(["a ended: dropped", "b1 ← granted"]);
  });

  test("[O5] counts each operation for itself, over the operations between", () => {
    const trace = new TableTrace({ nodes: "abcdef" });
    trace.acquire("a1", pull);
    trace.acquire("b1", { operation: "scan" });
    trace.acquire("c1", pull);
    trace.acquire("d1", pull);
    trace.acquire("e1", { operation: "scan" });
    trace.fail("a1", "one");
    trace.letGo("b1");
    expect(trace.fail("c1", "two")[1]).toBe("d1 ← granted, attempt 3 after c: two");
    expect(trace.fail("d1", "three")[1]).toBe("e1 ← granted");
  });

  test("[O5] starts again at 1 after a success of the operation", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.acquire("c1", { mode: "exclusive", operation: "other" });
    trace.fail("a1", full);
    trace.acquire("d1");
    expect(trace.succeed("b1")).toEqual(["b1 ← released", "d1 ← skipped by b", "c1 ← granted"]);
    trace.acquire("d2");
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "d2 ← granted"]);
  });

  test("[O5] goes on counting after a success of another operation", () => {
    const trace = new TableTrace();
    trace.acquire("a1", pull);
    trace.acquire("b1", { operation: "scan" });
    trace.acquire("c1", pull);
    trace.fail("a1", full);
    expect(trace.succeed("b1")).toEqual(["b1 ← released", "c1 ← granted, attempt 2 after a: disk full"]);
  });

  test("[O5] starts again at 1 when the resource has neither holder nor waiter", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.fail("a1", full);
    expect(trace.acquire("b1", { maxAttempts: 1 })).toEqual(["b1 ← granted"]);
    trace.acquire("c1");
    trace.fail("b1", full, { retryAfterMs: 100 });
    trace.cancel("c1");
    trace.acquire("d1");
    expect(trace.pass(100)).toEqual(["d1 ← granted"]);
  });

  test("[O5] counts at most resourceOperationsMax operations, the one that failed longest ago forgotten first [B1]", () => {
    const trace = new TableTrace({ limits: { resourceOperationsMax: 2 } });
    const failIn = (operation: string, id: number) => {
      trace.acquire(`a${id}`, { operation });
      trace.acquire(`b${id}`, { mode: "exclusive" });
      if (id > 1) trace.letGo(`b${id - 1}`);
      trace.fail(`a${id}`, operation);
    };
    for (const [at, operation] of ["one", "two", "one", "three"].entries()) failIn(operation, at + 1);
    for (const [at, operation] of ["two", "one", "three"].entries()) trace.acquire(`c${at + 1}`, { operation });
    expect(trace.letGo("b4")[1]).toBe("c1 ← granted");
    expect(trace.letGo("c1")[1]).toBe("c2 ← granted, attempt 3 after a: one");
    expect(trace.letGo("c2")[1]).toBe("c3 ← granted, attempt 2 after a: three");
  });
});
