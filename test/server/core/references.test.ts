// Reference sets: which nodes reference a resource, for as long as somebody says so, on the core alone.
import { describe, expect, test } from "vitest";
import { recordsOf, tableFrom, type TableRecord } from "../../../server/core/snapshot.ts";
import { referencedAfter, referrersAfter } from "../../../server/core/views.ts";
import { checkEmpty, checkTable } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

describe("a reference set", () => {
  test("answers every action with the nodes as they are then, in the order of their coming", () => {
    const trace = new TableTrace();
    expect(trace.refer("a1", "get")).toEqual(["a1 ← references 0: nobody"]);
    expect(trace.refer("b1", "add")).toEqual(["b1 ← references 1: b"]);
    expect(trace.refer("a2", "add")).toEqual(["a2 ← references 2: b, a"]);
    expect(trace.refer("c1", "get")).toEqual(["c1 ← references 2: b, a"]);
    expect(trace.refer("b2", "drop")).toEqual(["b2 ← references 1: a"]);
    expect(trace.refer("c2", "clear")).toEqual(["c2 ← references 0: nobody"]);
  });

  test("is a set: twice is once, and a drop of what is not there changes nothing", () => {
    const trace = new TableTrace();
    trace.refer("a1", "add");
    expect(trace.refer("a2", "add")).toEqual(["a2 ← references 1: a"]);
    expect(trace.refer("b1", "drop")).toEqual(["b1 ← references 1: a"]);
    expect(trace.refer("a3", "drop")).toEqual(["a3 ← references 0: nobody"]);
    expect(trace.refer("a4", "drop")).toEqual(["a4 ← references 0: nobody"]);
  });

  test("[B5] is of one name alone", () => {
    const trace = new TableTrace();
    trace.refer("a1", "add", "a");
    trace.refer("a2", "add", "a/b");
    expect(trace.refer("a3", "get", "ab")).toEqual(["a3 ← references 0: nobody"]);
    expect(trace.refer("a4", "clear", "a")).toEqual(["a4 ← references 0: nobody"]);
    expect(trace.refer("a5", "get", "a/b")).toEqual(["a5 ← references 1: a"]);
  });

  test("outlives its node's session, however that ends, and is the node's still in the next", () => {
    const trace = new TableTrace({ graceMs: 100 });
    for (const node of "abc") trace.refer(`${node}1`, "add");
    trace.bye("a");
    trace.kick("b");
    trace.drop("c");
    trace.pass(100);
    expect(trace.refer("d1", "get")).toEqual(["d1 ← references 3: a, b, c"]);
    trace.open("a");
    expect(trace.refer("a1", "drop")).toEqual(["a1 ← references 2: b, c"]);
  });

  test("has nothing to do with who holds, waits or succeeds", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.refer("c1", "add")).toEqual(["c1 ← references 1: c"]);
    trace.succeed("a1");
    trace.acquire("d1", { operation: "delete" });
    expect(trace.refer("c2", "get")).toEqual(["c2 ← references 1: c"]);
  });

  test("[Q8] is no resource of the lock table, and takes no memory once it is empty", () => {
    const trace = new TableTrace();
    trace.refer("a1", "add");
    expect(trace.table.resources.size).toBe(0);
    trace.refer("a2", "drop");
    expect(trace.table.references).toEqual({ sets: new Map(), count: 0 });
    for (const node of "abcd") trace.bye(node);
    checkEmpty(trace.table);
  });
});

describe("a refer", () => {
  test("[S9] has a final answer, which is said again after a resume until it is acknowledged", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.refer("a1", "add");
    trace.refer("b1", "add");
    trace.drop("a");
    const answer = "a1 ← references 1: a";
    expect(trace.resume("a")).toEqual(["a resumed, last id 1", answer]);
    expect(trace.resume("a").slice(1)).toEqual([answer]);
    trace.acknowledge("a");
    expect(trace.resume("a").slice(1)).toEqual([]);
    expect(trace.refer("a2", "get")).toEqual(["a2 ← references 2: a, b"]);
  });

  test("[S9] is not kept for a session without grace", () => {
    const trace = new TableTrace();
    trace.refer("a1", "add");
    expect(trace.resume("a")).toEqual(["a resumed in place of a/1, last id 1"]);
  });

  test("[S10] is never live after its answer: sent again it is a duplicate, and changes nothing", () => {
    const trace = new TableTrace();
    trace.refer("a3", "add");
    expect(trace.refer("a3", "clear")).toEqual(["a3 ← error DUPLICATE_ID"]);
    expect(trace.acquire("a3")).toEqual(["a3 ← error DUPLICATE_ID"]);
    expect(trace.refer("a2", "clear")).toEqual(["a2 ← error DUPLICATE_ID"]);
    expect(trace.refer("a4", "get")).toEqual(["a4 ← references 1: a"]);
    expect(trace.acquire("a5")).toEqual(["a5 ← granted"]);
  });

  test("[S10] with the id of a live request is answered with that one's state", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.refer("a1", "add")).toEqual(["a1 ← granted"]);
    expect(trace.refer("b1", "add")).toEqual(["b1 ← queued 1 behind a"]);
    expect(trace.refer("c1", "get")).toEqual(["c1 ← references 0: nobody"]);
  });

  test("is over at once: nothing of it can be cancelled or released", () => {
    const trace = new TableTrace();
    trace.refer("a1", "add");
    expect(trace.cancel("a1")).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← error LOCK_NOT_HELD"]);
  });

  test("[B1] that would add one too many is failed; all else goes on", () => {
    const trace = new TableTrace({ limits: { referencesMax: 2 } });
    trace.refer("a1", "add");
    trace.refer("b1", "add", "s");
    expect(trace.refer("c1", "add")).toEqual(["c1 ← failed TOO_MANY_REQUESTS"]);
    expect(trace.refer("a2", "add")).toEqual(["a2 ← references 1: a"]);
    trace.refer("b2", "drop", "s");
    expect(trace.refer("c2", "add")).toEqual(["c2 ← references 2: a, c"]);
  });

  test("[B1] is answered with the first nodes and the count of all", () => {
    const trace = new TableTrace({ limits: { listEntriesMax: 2 } });
    for (const node of "dcb") trace.refer(`${node}1`, "add");
    expect(trace.refer("a1", "get")).toEqual(["a1 ← references 3: d, c"]);
  });

  test("[B1] counts among the answers that a session must acknowledge", () => {
    const trace = new TableTrace({ graceMs: 1_000, limits: { keptAnswersMax: 1 } });
    trace.refer("a1", "get");
    expect(trace.refer("a2", "get")).toEqual(["a2 ← references 0: nobody", "a ended: flooded"]);
  });
});

describe("a node's clear", () => {
  test.each(["once", "exclusive"] as const)("is done while it holds the resource %s, and then no more", (mode) => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1"]) trace.refer(name, "add");
    trace.acquire("a2", { mode });
    trace.acquire("b2", { mode });
    expect(trace.clearAsHolder("b3")).toEqual(["b3 ← error FORBIDDEN"]);
    expect(trace.clearAsHolder("a3", "s")).toEqual(["a3 ← error FORBIDDEN"]);
    expect(trace.clearAsHolder("a3")).toEqual(["a3 ← references 0: nobody"]);
    trace.refer("a4", "add");
    expect(trace.letGo("a2")).toEqual(["a2 ← released", "b2 ← granted"]);
    expect(trace.clearAsHolder("a5")).toEqual(["a5 ← error FORBIDDEN"]);
    expect(trace.clearAsHolder("b3")).toEqual(["b3 ← references 0: nobody"]);
  });

  test.each(["shared", "permit"] as const)("is refused while it holds the resource %s", (mode) => {
    const trace = new TableTrace();
    trace.refer("b1", "add");
    trace.acquire("a1", { mode, limit: mode === "permit" ? 1 : undefined });
    expect(trace.clearAsHolder("a2")).toEqual(["a2 ← error FORBIDDEN"]);
    expect(trace.refer("a2", "get")).toEqual(["a2 ← references 1: b"]);
  });

  test("[B7] is decided in its place among the others: what was held when it was said may be held no more", () => {
    const trace = new TableTrace();
    trace.refer("b1", "add");
    trace.acquire("a1", { holdMs: 10 });
    trace.pass(10);
    expect(trace.clearAsHolder("a2")).toEqual(["a2 ← error FORBIDDEN"]);
    trace.acquire("a3");
    trace.revoke("r");
    expect(trace.clearAsHolder("a4")).toEqual(["a4 ← error FORBIDDEN"]);
    expect(trace.refer("a4", "get")).toEqual(["a4 ← references 1: b"]);
  });

  test("[S4] is done by a session that was away, and holds on", () => {
    const trace = new TableTrace({ graceMs: 100 });
    trace.refer("b1", "add");
    trace.acquire("a1");
    trace.drop("a");
    trace.resume("a");
    expect(trace.clearAsHolder("a2")).toEqual(["a2 ← references 0: nobody"]);
  });
});

describe("references on record", () => {
  test("[B6] are restored in their order, a long set by several records", () => {
    const nodes = Array.from({ length: 250 }, (_, at) => `n${at}.`);
    const trace = new TableTrace({ nodes: "" });
    for (const node of nodes) {
      trace.open(node);
      trace.refer(`${node}1`, "add");
    }
    trace.refer("n0.2", "add", "s");
    const records: TableRecord[] = JSON.parse(JSON.stringify([...recordsOf(trace.table)]));
    const lengths = records.flatMap((record) => (record.kind === "references" ? record.nodes.length : []));
    expect(lengths).toEqual([100, 100, 50, 1]);
    const restored = tableFrom(records);
    checkTable(restored);
    expect(restored.references).toEqual(trace.table.references);
    expect([...restored.references.sets.get("r")!]).toEqual(nodes);
  });

  test("[B5] are shown page by page, by name, each once", () => {
    const trace = new TableTrace();
    for (const node of "dbca") trace.refer(`${node}1`, "add", node === "d" ? "sha256:d" : "sha256:f00");
    trace.refer("a2", "add", "other");
    const { table } = trace;
    expect(referrersAfter(table, "sha256:f00", undefined, 2).next().value).toEqual({
      count: 3,
      nodes: ["a", "b"],
      more: true,
    });
    expect(referrersAfter(table, "sha256:f00", "b", 2).next().value).toEqual({ count: 3, nodes: ["c"], more: false });
    expect(referrersAfter(table, "nothing", undefined, 2).next().value).toEqual({ count: 0, nodes: [], more: false });
    const all = { isMeant: () => true, node: undefined };
    expect(referencedAfter(table, all, undefined, 2).next().value).toEqual({
      rows: [
        { resource: "other", count: 1 },
        { resource: "sha256:d", count: 1 },
      ],
      more: true,
    });
    expect(
      referencedAfter(table, { isMeant: (name) => name.startsWith("sha"), node: "a" }, undefined, 9).next().value,
    ).toEqual({
      rows: [{ resource: "sha256:f00", count: 3 }],
      more: false,
    });
  });
});
