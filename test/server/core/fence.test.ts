// The rules of the fencing token [F1][F2], on the core alone.
import { expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

test("[F1] numbers a grant by the step that made it, from the book's first number on", () => {
  const trace = new TableTrace({ nodes: "", firstOrder: 1_700_000_000_000_000 });
  trace.open("a");
  trace.acquire("a1");
  expect(trace.fenceOf("a1")).toBe(1_700_000_000_000_001);
});

test("[F1] gives every grant of a resource a greater fence, however the one before ended", () => {
  const trace = new TableTrace({ nodes: "abcdefgh" });
  for (const node of "abcdefgh") trace.acquire(`${node}1`, { mode: "exclusive", holdMs: 100 });
  trace.letGo("a1");
  trace.fail("b1", "disk full");
  trace.succeed("c1");
  trace.revoke("r");
  trace.pass(100);
  trace.drop("f");
  trace.kick("g");
  const fences = "abcdefgh".split("").map((node) => trace.fenceOf(`${node}1`));
  expect(fences).toEqual([...new Set(fences)].sort((one, other) => one - other));
});

test("[F1] goes on growing after the resource was forgotten in between [Q8]", () => {
  const trace = new TableTrace();
  trace.acquire("a1");
  trace.letGo("a1");
  expect(trace.table.resources.size).toBe(0);
  trace.acquire("b1");
  expect(trace.fenceOf("b1")).toBeGreaterThan(trace.fenceOf("a1"));
});

test("[F1] gives those who are granted in one step one fence", () => {
  const trace = new TableTrace();
  trace.acquire("a1");
  trace.acquire("b1", { mode: "shared" });
  trace.acquire("c1", { mode: "shared" });
  trace.letGo("a1");
  expect(trace.fenceOf("b1")).toBe(trace.fenceOf("c1"));
  expect(trace.fenceOf("b1")).toBe(trace.table.order);
});

test("[F1] keeps the fence of a grant that is told again, extended or reported on [S9]", () => {
  const trace = new TableTrace({ graceMs: 1_000 });
  trace.acquire("a1");
  const fence = trace.fenceOf("a1");
  trace.extend("a1", 500);
  trace.progress("a1", { done: 1 });
  trace.drop("a");
  trace.resume("a");
  expect(trace.fenceOf("a1")).toBe(fence);
});

test.for(["letGo", "succeed", "cancel"] as const)(
  "[F2] lets nobody end another's grant by %s of its id [H3]",
  (way) => {
    const trace = new TableTrace();
    trace.acquire("a7");
    expect(trace[way]("b7")).toEqual(["b7 ← error LOCK_NOT_HELD"]);
    expect(trace.acquire("c1", { waitMs: 0 })).toEqual(["c1 ← failed LOCK_ALREADY_HELD"]);
  },
);

test("[F2] lets an old holder not end the grant of the one after it, even of the same session", () => {
  const trace = new TableTrace();
  trace.acquire("a1");
  trace.acquire("a2");
  trace.revoke("r");
  expect(trace.letGo("a1")).toEqual(["a1 ← error LOCK_NOT_HELD"]);
  expect(trace.extend("a1", 9)).toEqual(["a1 ← error LOCK_NOT_HELD"]);
  expect(trace.progress("a1", { done: 1 })).toEqual(["a1 ← error LOCK_NOT_HELD"]);
  expect(trace.cancel("a1")).toEqual([]);
  expect(trace.letGo("a2")).toEqual(["a2 ← released"]);
});
