// The rules of what a success means for others [O1][O6]–[O9], on the core alone.
import { describe, expect, test } from "vitest";
import { checkEmpty } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

const pull = { operation: "pull" } as const;
const exclusive = { mode: "exclusive" } as const;
const shared = { mode: "shared" } as const;

describe("a success in the queue", () => {
  test("[O1] skips every waiter of the operation, with the node and the result", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1"]) trace.acquire(name, pull);
    expect(trace.succeed("a1", { bytes: 3 })).toEqual([
      "a1 ← released",
      'b1 ← skipped by a, {"bytes":3}',
      'c1 ← skipped by a, {"bytes":3}',
    ]);
    expect(trace.effects[1]).toMatchObject({ answer: { skip: { by: "a", fence: trace.fenceOf("a1"), ageMs: 0 } } });
  });

  test("[O1] reaches over those who are not skipped, and grants the first of them in the same step [Q3]", () => {
    const trace = new TableTrace({ nodes: "abcdef" });
    trace.acquire("a1", pull);
    trace.acquire("b1", { operation: "delete" });
    trace.acquire("c1", pull);
    trace.acquire("d1", exclusive);
    trace.acquire("e1", pull);
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "c1 ← skipped by a", "e1 ← skipped by a", "b1 ← granted"]);
  });

  test("[O1] skips no other operation: two updates are two operations", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { operation: "update@v3" });
    trace.acquire("b1", { operation: "update@v4" });
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
  });

  test.for(["exclusive", "shared"] as const)("[O1] skips no waiter of mode %s", (mode) => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { mode });
    trace.acquire("c1");
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "c1 ← skipped by a", "b1 ← granted"]);
  });

  test.for(["exclusive", "shared"] as const)("[O1] skips nobody when a holder of mode %s says success", (mode) => {
    const trace = new TableTrace();
    trace.acquire("a1", { mode });
    trace.acquire("b1");
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
  });

  test("[O1] skips a waiter that is detached too, which learns it when it is back [S9]", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("b");
    expect(trace.succeed("a1", 7)).toEqual(["a1 ← released"]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← skipped by a, 7"]);
  });

  test("[O1] ends the waits of those it skips", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 100 });
    trace.succeed("a1");
    expect(trace.pass(1_000)).toEqual([]);
    expect(trace.letGo("b1")).toEqual(["b1 ← error LOCK_NOT_HELD"]);
  });

  test("[O9] skips nobody for a release that says nothing, or ends by itself", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { holdMs: 10 });
    for (const name of ["b1", "c1", "d1"]) trace.acquire(name);
    expect(trace.pass(10)).toEqual(["a1 ← lost LOCK_EXPIRED", "b1 ← granted, attempt 2 after a: LOCK_EXPIRED"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted, attempt 2 after a: LOCK_EXPIRED"]);
    expect(trace.cancel("c1")).toEqual(["c1 ← released", "d1 ← granted, attempt 2 after a: LOCK_EXPIRED"]);
  });

  test("[O9] takes a success for one though its result is empty, false or null", () => {
    const trace = new TableTrace();
    for (const [at, result] of ["", false, null, 0].entries()) {
      trace.acquire(`a${at + 1}`);
      trace.acquire(`b${at + 1}`);
      expect(trace.succeed(`a${at + 1}`, result)[1]).toBe(`b${at + 1} ← skipped by a, ${JSON.stringify(result)}`);
    }
  });
});

describe("a success that is remembered", () => {
  test("[O6] tells everyone who asks the same answer", () => {
    const trace = afterSuccess();
    const fence = trace.fenceOf("a1");
    for (const name of ["b1", "c1", "b2"]) {
      expect(trace.acquire(name, { ...pull, freshMs: 60_000 })).toEqual([`${name} ← skipped by a, "layer"`]);
      expect(trace.effects[0]).toMatchObject({ answer: { skip: { fence } } });
    }
  });

  test("[O6] remembers what an exclusive holder said, and nothing that a shared or permit holder says", () => {
    const trace = new TableTrace();
    trace.acquire("a1", exclusive);
    trace.succeed("a1", 1);
    trace.acquire("b1", shared);
    trace.succeed("b1", 2);
    trace.acquire("b2", { mode: "permit", limit: 1 });
    trace.succeed("b2", 3);
    expect(trace.acquire("c1", { freshMs: 1 })).toEqual(["c1 ← skipped by a, 1"]);
  });

  test("[O6] remembers the last success alone", () => {
    const trace = afterSuccess();
    trace.acquire("b1", pull);
    trace.succeed("b1", "newer");
    expect(trace.acquire("c1", { ...pull, freshMs: 9 })).toEqual(['c1 ← skipped by b, "newer"']);
  });

  test("[O6] keeps an outcome for outcomeTtlMs and no longer", () => {
    const trace = afterSuccess({ outcomeTtlMs: 1_000 });
    trace.pass(999);
    expect(trace.acquire("b1", { ...pull, freshMs: 60_000 })).toEqual(['b1 ← skipped by a, 999 ms old, "layer"']);
    trace.pass(1);
    expect(trace.acquire("b2", { ...pull, freshMs: 60_000 })).toEqual(["b2 ← granted"]);
  });

  test("[O6] counts outcomeTtlMs from the last success", () => {
    const trace = afterSuccess({ outcomeTtlMs: 1_000 });
    trace.pass(600);
    trace.acquire("b1", pull);
    trace.succeed("b1");
    trace.pass(600);
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(["c1 ← skipped by b, 600 ms old"]);
  });

  test("[O6] remembers nothing when outcomeTtlMs is 0, and skips those who wait all the same [O1]", () => {
    const trace = new TableTrace({ outcomeTtlMs: 0 });
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.succeed("a1")).toEqual(["a1 ← released", "b1 ← skipped by a"]);
    checkOnlySessions(trace);
  });

  test("[O6] lets the oldest go first when there are more than outcomesMax [B1]", () => {
    const trace = new TableTrace({ limits: { outcomesMax: 2 } });
    for (const [at, resource] of ["r", "s", "r", "t"].entries()) {
      trace.acquire(`a${at + 1}`, { resource });
      trace.succeed(`a${at + 1}`);
    }
    expect([...trace.table.resources.keys()].sort()).toEqual(["r", "t"]);
  });

  test("[O6] lets the oldest go first when they take more than outcomesBytesMax [B1]", () => {
    const trace = new TableTrace({ limits: { outcomesBytesMax: 3_500 } });
    for (const [at, resource] of ["r", "s", "t"].entries()) {
      trace.acquire(`a${at + 1}`, { resource });
      trace.succeed(`a${at + 1}`, "x".repeat(1_000));
    }
    expect([...trace.table.resources.keys()]).toEqual(["s", "t"]);
  });

  test("[O6] skips those who wait with a result that is too large to be remembered", () => {
    const trace = new TableTrace({ limits: { outcomesBytesMax: 900 } });
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.succeed("a1", "x".repeat(300))[1]).toMatch("b1 ← skipped by a");
    checkOnlySessions(trace);
    trace.acquire("a2");
    trace.acquire("b2", { operation: "other" });
    expect(trace.succeed("a2", "x".repeat(300))).toEqual(["a2 ← released", "b2 ← granted"]);
    expect(trace.letGo("b2")).toEqual(["b2 ← released"]);
    checkOnlySessions(trace);
  });

  test("[O7] takes an outcome that is exactly freshMs old, and none that is older", () => {
    const trace = afterSuccess();
    trace.pass(100);
    expect(trace.acquire("b1", { ...pull, freshMs: 100 })).toEqual(['b1 ← skipped by a, 100 ms old, "layer"']);
    expect(trace.acquire("b2", { ...pull, freshMs: 99 })).toEqual(["b2 ← granted"]);
  });

  test("[O7] does not round an age down to freshMs", () => {
    const trace = afterSuccess();
    trace.pass(100.4);
    expect(trace.acquire("b1", { ...pull, freshMs: 100 })).toEqual(["b1 ← granted"]);
  });

  test("[O7] takes an outcome of this very moment for freshMs 0", () => {
    const trace = afterSuccess();
    expect(trace.acquire("b1", { ...pull, freshMs: 0 })).toEqual(['b1 ← skipped by a, "layer"']);
  });

  test("[O7] uses nothing remembered without freshMs, for another operation or in another mode", () => {
    const trace = afterSuccess();
    expect(trace.acquire("b1", { ...pull, ...shared, freshMs: 9_999 })).toEqual(["b1 ← granted"]);
    trace.letGo("b1");
    expect(trace.acquire("b2", pull)).toEqual(["b2 ← granted"]);
    trace.letGo("b2");
    expect(trace.acquire("b3", { operation: "push", freshMs: 9_999 })).toEqual(["b3 ← granted"]);
  });

  test("[O7] skips though someone holds, though others wait, and though a delay is in force", () => {
    const trace = afterSuccess({ lockDelayMs: 500 });
    trace.acquire("b1", shared);
    trace.acquire("c1", exclusive);
    expect(trace.acquire("d1", { ...pull, freshMs: 60_000 })).toEqual(['d1 ← skipped by a, "layer"']);
    trace.drop("b");
    expect(trace.acquire("d2", { ...pull, freshMs: 60_000, waitMs: 0 })).toEqual(['d2 ← skipped by a, "layer"']);
  });

  test.for(["once", "exclusive"] as const)("[O8] forgets when another operation is granted in mode %s", (mode) => {
    const trace = afterSuccess();
    trace.acquire("b1", { operation: "delete", mode });
    trace.drop("b");
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(["c1 ← granted"]);
  });

  test("[O8] forgets at the grant, not while the other operation waits", () => {
    const trace = afterSuccess();
    trace.acquire("b1", shared);
    trace.acquire("c1", { operation: "delete" });
    expect(trace.acquire("d1", { ...pull, freshMs: 60_000 })).toEqual(['d1 ← skipped by a, "layer"']);
    trace.letGo("b1");
    expect(trace.acquire("d2", { ...pull, freshMs: 60_000 })).toEqual(["d2 ← queued 1 behind c"]);
  });

  test("[O8] remembers on when the same operation, or a shared one, is granted", () => {
    const trace = afterSuccess();
    trace.acquire("b1", pull);
    trace.letGo("b1");
    trace.acquire("b2", { operation: "read", ...shared });
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(['c1 ← skipped by a, "layer"']);
  });

  test.for(["failure", "failure for good", "death", "expiry"] as const)("[O8] forgets after a %s", (end) => {
    const trace = afterSuccess();
    trace.acquire("b1", { ...pull, holdMs: 10 });
    const endings = {
      failure: () => trace.fail("b1", "disk full"),
      "failure for good": () => trace.fail("b1", "no such image", { retry: false }),
      death: () => trace.drop("b"),
      expiry: () => trace.pass(10),
    };
    endings[end]();
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(["c1 ← granted"]);
  });

  test("[O8] remembers on after a forced release, which counts as none [H2]", () => {
    const trace = afterSuccess();
    trace.acquire("b1", pull);
    trace.revoke("r");
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(['c1 ← skipped by a, "layer"']);
  });

  test("[O8] forgets when an admin says so, even while someone holds", () => {
    const trace = afterSuccess();
    trace.acquire("b1", shared);
    expect(trace.forget("r")).toEqual(["done"]);
    expect(trace.forget("r")).toEqual(["absent"]);
    expect(trace.acquire("c1", { ...pull, freshMs: 60_000 })).toEqual(["c1 ← queued 1 behind b"]);
  });
});

function checkOnlySessions(trace: TableTrace): void {
  for (const node of "abcd") trace.bye(node);
  checkEmpty(trace.table);
  for (const node of "abcd") trace.open(node);
}

/** A table on which a has pulled. */
function afterSuccess(settings: ConstructorParameters<typeof TableTrace>[0] = {}): TableTrace {
  const trace = new TableTrace(settings);
  trace.acquire("a1", pull);
  trace.succeed("a1", "layer");
  return trace;
}
