// What a hub does with a book that an earlier run has left [B6], on the core alone.
import { expect, test } from "vitest";
import { due } from "../../../server/core/deadlines.ts";
import { recordsOf, tableFrom } from "../../../server/core/snapshot.ts";
import { checkEmpty } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

const shared = { mode: "shared" } as const;

test("[B6] detaches sessions with grace, which find everything again, and ends the others", () => {
  const trace = tableOf({ a: 1_000, b: 0, c: 1_000 });
  trace.acquire("a1");
  trace.acquire("b1", { resource: "s" });
  trace.acquire("c1");
  expect(begin(trace)).toEqual(["b ended: dropped, detached"]);
  expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← granted"]);
  expect(trace.resume("b")).toEqual(["b denied: session gone"]);
  expect(trace.resume("c")).toEqual(["c resumed, last id 1", "c1 ← queued 1 behind a"]);
});

test("[B6] grants nothing to those who are away [S5], whose socket was there when the hub went down", () => {
  const trace = tableOf({ a: 1_000, b: 1_000, c: 1_000 });
  trace.acquire("a1", shared);
  trace.acquire("b1");
  trace.acquire("c1", shared);
  expect(begin(trace)).toEqual([]);
  expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind a"]);
  expect(trace.resume("c")).toEqual(["c resumed, last id 1", "c1 ← queued 2 behind a"]);
});

test("[B6] counts no attempt of a waiter that ended without a grant [O5]", () => {
  const trace = tableOf({ a: 0, b: 0, c: 1_000 });
  for (const name of ["a1", "b1"]) trace.acquire(name);
  trace.acquire("c1", { maxAttempts: 2 });
  expect(begin(trace)).toEqual(["a ended: dropped, detached", "b ended: dropped, detached"]);
  expect(trace.resume("c")).toEqual([
    "c resumed, last id 1",
    "c1 ← queued 1 behind nobody",
    "c1 ← granted, attempt 2 after a: SESSION_ENDED",
  ]);
});

test("[B6] gives each at least recoveryGraceMs to resume, and then ends it", () => {
  const trace = tableOf({ a: 100, b: 50_000 });
  trace.acquire("a1");
  trace.acquire("b1");
  trace.drop("a");
  trace.pass(99);
  begin(trace);
  expect(trace.pass(29_999)).toEqual([]);
  expect(trace.pass(1)).toEqual(["a ended: dropped, detached"]);
  expect(trace.pass(19_999)).toEqual([]);
  expect(trace.pass(1)).toEqual(["b ended: dropped, detached"]);
  trace.pass(600_000);
  checkEmpty(trace.table);
});

test("[S12] keeps the lock delay that a session was told, and a greater one once it is told that", () => {
  const trace = new TableTrace({ lockDelayMs: 500, nodes: "" });
  const beginWith = (lockDelayMs: number) => {
    trace.step({ ...beginning, order: 1, settings: { ...trace.table.settings, lockDelayMs }, gone: [] });
  };
  for (const node of ["a", "b"]) trace.open(node);
  trace.acquire("a1");
  trace.acquire("b1");
  beginWith(0);
  trace.table = tableFrom(JSON.parse(JSON.stringify([...recordsOf(trace.table)])));
  trace.drop("a");
  expect(trace.pass(499)).toEqual([]);
  expect(trace.pass(1)).toEqual(["b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
  trace.open("c");
  trace.acquire("c1");
  beginWith(900);
  trace.resume("b");
  trace.drop("b");
  expect(trace.pass(899)).toEqual([]);
  expect(trace.pass(1)).toEqual(["c1 ← granted, attempt 3 after b: SESSION_ENDED"]);
  trace.open("d");
  trace.acquire("d1");
  expect(trace.drop("c"), "what was told no delay has none").toContain(
    "d1 ← granted, attempt 4 after c: SESSION_ENDED",
  );
});

test("[B6][B7] gives it also to one whose old grace had come to its end and was not decided", () => {
  const trace = tableOf({ a: 100 });
  trace.drop("a");
  trace.nowMs += 100;
  const late = due(trace.table.deadlines, trace.nowMs);
  begin(trace);
  expect(late.flatMap((command) => trace.step(command))).toEqual([]);
  expect(trace.resume("a")).toEqual(["a resumed, last id 0"]);
});

test("[B6] keeps a session that had no grace but was away when its hub was stopped [S13]", () => {
  const trace = tableOf({ a: 0 });
  trace.acquire("a1");
  trace.drop("a", { graceMs: 500 });
  expect(begin(trace)).toEqual([]);
  expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← granted"]);
});

test("[B6] lets waits, holds and delays that were running start anew", () => {
  const trace = tableOf({ a: 90_000, b: 90_000, c: 90_000 });
  trace.acquire("a1", { holdMs: 1_000 });
  trace.acquire("b1", { waitMs: 1_000 });
  trace.acquire("c1", { resource: "s" });
  trace.fail("c1", "429", { retryAfterMs: 1_000 });
  trace.pass(900);
  begin(trace);
  for (const node of "abc") trace.resume(node);
  trace.acquire("c2", { resource: "s" });
  expect(trace.pass(999)).toEqual([]);
  const ends = trace.pass(1);
  expect(ends).toContain("a1 ← lost LOCK_EXPIRED");
  expect(ends).toContain("c2 ← granted");
});

test("[B6] numbers its steps from the wall clock on if that is ahead [F1]", () => {
  const trace = tableOf({ a: 1_000 });
  begin(trace, 5_000);
  trace.resume("a");
  trace.acquire("a1");
  expect(trace.fenceOf("a1")).toBe(5_002);
  begin(trace, 7);
  trace.resume("a");
  trace.acquire("a2", { resource: "s" });
  expect(trace.fenceOf("a2")).toBe(5_005);
});

test("[O6] forgets every outcome when nobody knows how long the book was closed", () => {
  const trace = tableOf({ a: 1_000, b: 1_000 });
  trace.acquire("a1");
  trace.succeed("a1");
  begin(trace);
  trace.resume("b");
  expect(trace.acquire("b1", { freshMs: 9_999 })).toEqual(["b1 ← skipped by a"]);
  begin(trace, 1, true);
  trace.resume("b");
  expect(trace.acquire("b2", { freshMs: 9_999 })).toEqual(["b2 ← granted"]);
});

/** A table with these nodes, and the grace of each in milliseconds. */
function tableOf(graces: Record<string, number>): TableTrace {
  const trace = new TableTrace({ nodes: "" });
  for (const [node, graceMs] of Object.entries(graces)) trace.open(node, graceMs);
  return trace;
}

const beginning = { type: "begin", recoveryGraceMs: 30_000, isUndated: false } as const;

function begin(trace: TableTrace, order = 1, isUndated = false): string[] {
  return trace.step({ ...beginning, order, settings: trace.table.settings, isUndated });
}
