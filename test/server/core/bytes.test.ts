// The bounds on what is kept in bytes [B1], on the core alone: errors of failures, answers of sessions.
import { byAge } from "../../../server/core/ageing.ts";
import { describe, expect, test } from "vitest";
import { recordsOf, tableFrom, type TableRecord } from "../../../server/core/snapshot.ts";
import { checkTable } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

const long = "x".repeat(1_000);
const after = (attempt: number, node: string) => `granted, attempt ${attempt} after ${node}: ${long}`;

/** A table on which b waits behind a, on r and then on s, and a has failed at both. */
function withFailures(failuresBytesMax: number): TableTrace {
  const trace = new TableTrace({ limits: { failuresBytesMax } });
  for (const [at, resource] of ["r", "s"].entries()) {
    trace.acquire(`a${at + 1}`, { resource });
    trace.acquire(`b${at + 1}`, { resource });
    trace.acquire(`c${at + 1}`, { resource });
    expect(trace.fail(`a${at + 1}`, long)).toEqual([`a${at + 1} ← released`, `b${at + 1} ← ${after(2, "a")}`]);
  }
  return trace;
}

describe("failures", () => {
  test("[O2] are all remembered while they fit into failuresBytesMax", () => {
    const trace = withFailures(3_000);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", `c1 ← ${after(2, "a")}`]);
    expect(trace.letGo("b2")).toEqual(["b2 ← released", `c2 ← ${after(2, "a")}`]);
    expect(trace.table.refusals.size).toBe(0);
  });

  test("[B1] that came longest ago go first when they take more, of whatever resource, and are counted anew", () => {
    const trace = withFailures(2_000);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted"]);
    expect(trace.letGo("b2")).toEqual(["b2 ← released", `c2 ← ${after(2, "a")}`]);
    expect([...trace.table.refusals]).toEqual([["failuresBytesMax", 1]]);
  });

  test("[B6] go in the same order from a table that was restored", () => {
    const trace = withFailures(3_000);
    trace.table = tableFrom(JSON.parse(JSON.stringify([...recordsOf(trace.table)])));
    checkTable(trace.table);
    expect([...byAge(trace.table.failures)].map(({ resource }) => resource.name)).toEqual(["r", "s"]);
  });
});

test("[B6][B7] failures of one step go in the same order too, from a table that was restored", () => {
  const trace = new TableTrace();
  trace.acquire("b1", { resource: "r" });
  trace.acquire("a1", { resource: "s" });
  trace.acquire("a2", { resource: "r" });
  trace.letGo("b1");
  trace.acquire("b2", { resource: "r" });
  trace.acquire("b3", { resource: "s" });
  trace.drop("a");
  const restored = tableFrom(JSON.parse(JSON.stringify([...recordsOf(trace.table)])));
  for (const table of [trace.table, restored]) {
    expect([...byAge(table.failures)].map(({ resource }) => resource.name)).toEqual(["s", "r"]);
  }
});

describe("kept answers", () => {
  const limits = { keptBytesMax: 2_500 };

  test("[B1] end a session that acknowledges none of more than keptBytesMax, and its holders fail", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits });
    trace.acquire("a1");
    trace.succeed("a1", long);
    expect(trace.acquire("b1", { freshMs: 0 })[0]).toMatch("b1 ← skipped by a");
    expect(trace.acquire("b2", { freshMs: 0 })[0]).toMatch("b2 ← skipped by a");
    expect(trace.acquire("b3", { freshMs: 0 })[1]).toBe("b ended: flooded");
    expect([...trace.table.refusals]).toEqual([["keptBytesMax", 1]]);
  });

  test("[B1] are counted from what is not acknowledged", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits });
    trace.acquire("a1");
    trace.succeed("a1", long);
    for (let id = 1; id <= 10; id += 1) {
      expect(trace.acquire(`b${id}`, { freshMs: 0 })).toHaveLength(1);
      trace.acknowledge("b");
    }
  });

  test("[B1] end the session that has most of them when all have more than hubKeptBytesMax", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits: { hubKeptBytesMax: 5_000 } });
    for (const [at, resource] of ["r", "s", "t", "u"].entries()) {
      trace.acquire(`a${at + 1}`, { resource });
      trace.succeed(`a${at + 1}`, `${long}${resource}`);
      trace.acknowledge("a");
    }
    const skipped = { b: "r", c: "stu", d: "rs" };
    for (const [node, resources] of Object.entries(skipped)) {
      for (const [at, resource] of resources.split("").entries())
        trace.acquire(`${node}${at + 1}`, { resource, freshMs: 0 });
    }
    expect(trace.table.sessions.size).toBe(4);
    expect(trace.acquire("a5", { resource: "v", waitMs: 0 })).toEqual(["a5 ← granted"]);
    expect(trace.letGo("a5")).toEqual(["a5 ← released"]);
    trace.acquire("a6", { resource: "v" });
    expect(trace.letGo("a6")).toEqual(["a6 ← released", "c ended: flooded"]);
    expect([...trace.table.refusals]).toEqual([["hubKeptBytesMax", 1]]);
  });

  test("[B1] count a result once that many are told, [B6] from a table that was restored too", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    for (const name of ["b1", "b2", "c1", "d1"]) trace.acquire(name);
    trace.succeed("a1", long);
    expect(trace.table.kept.bytes).toBeLessThan(2 * long.length);
    const records: TableRecord[] = JSON.parse(JSON.stringify([...recordsOf(trace.table)]));
    expect(JSON.stringify(records.filter(({ kind }) => kind === "session")).length).toBeLessThan(2 * long.length);
    const { kept } = trace.table;
    trace.table = tableFrom(records);
    checkTable(trace.table);
    expect(trace.table.kept).toEqual(kept);
    expect(trace.resume("b")).toEqual([
      "b resumed in place of b/1, last id 2",
      `b1 ← skipped by a, "${long}"`,
      `b2 ← skipped by a, "${long}"`,
    ]);
  });

  test("[B6] are read from records of an earlier version, each with its result", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.succeed("a1", long);
    const records: TableRecord[] = [...recordsOf(trace.table)]
      .filter(({ kind }) => kind !== "result")
      .map((record) =>
        record.kind === "session"
          ? { ...record, kept: trace.table.sessions.get(record.identity.session)!.kept }
          : record,
      );
    const { kept } = trace.table;
    trace.table = tableFrom(JSON.parse(JSON.stringify(records)));
    expect(trace.table.kept).toEqual(kept);
  });

  test("[B1] end a session that is away, in the step that gives it one too many", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits });
    trace.acquire("a1");
    for (let id = 1; id <= 3; id += 1) trace.acquire(`b${id}`);
    trace.drop("b");
    expect(trace.succeed("a1", long)).toEqual(["a1 ← released", "b ended: flooded, detached"]);
  });
});
