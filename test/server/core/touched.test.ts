// What those who watch are told to look at again, on the core alone.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { beginTouching, endTouching, takeTouched } from "../../../server/core/touched.ts";
import { TableTrace } from "../../support/table-trace.ts";

function touchedNames(trace: TableTrace): string[] {
  return takeTouched(trace.table).map(({ name }) => name);
}

function watched(settings: ConstructorParameters<typeof TableTrace>[0] = {}): TableTrace {
  const trace = new TableTrace(settings);
  beginTouching(trace.table);
  return trace;
}

describe("a resource is touched", () => {
  test("by whatever changes how it looks, once between two looks", () => {
    const trace = watched();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.progress("a1", { done: 1 });
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.cancel("b1");
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.fail("a1", "no", { retryAfterMs: 10 });
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.pass(10);
    expect(touchedNames(trace)).toEqual(["r"]);
    expect(trace.table.resources.size).toBe(0);
  });

  test("by an outcome that is forgotten, by an admin, by time, or for another's sake", () => {
    const trace = watched({ outcomeTtlMs: 100, limits: { outcomesMax: 2 } });
    for (const [place, resource] of ["r", "s"].entries()) {
      trace.acquire(`a${place + 1}`, { resource });
      trace.succeed(`a${place + 1}`);
    }
    touchedNames(trace);
    trace.forget("r");
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.pass(100);
    expect(touchedNames(trace)).toEqual(["s"]);
    for (const [place, resource] of ["r", "s", "t"].entries()) {
      trace.acquire(`b${place + 1}`, { resource });
      trace.succeed(`b${place + 1}`);
      if (resource !== "t") touchedNames(trace);
    }
    expect(touchedNames(trace)).toEqual(["t", "r"]);
  });

  test("[S5] by a waiter that is away, and that is back", () => {
    const trace = watched({ graceMs: 100 });
    trace.acquire("a1");
    trace.acquire("b1");
    touchedNames(trace);
    trace.drop("b");
    expect(touchedNames(trace)).toEqual(["r"]);
    trace.resume("b");
    expect(touchedNames(trace)).toEqual(["r"]);
  });

  test("by nothing that changes nothing, and while nobody watches by nothing at all", () => {
    const trace = watched();
    trace.acquire("a1", { mode: "exclusive" });
    touchedNames(trace);
    trace.acquire("b1", { waitMs: 0 });
    trace.extend("a1", 1_000);
    trace.letGo("b1");
    expect(touchedNames(trace)).toEqual([]);
    endTouching(trace.table);
    trace.letGo("a1");
    expect(touchedNames(trace)).toEqual([]);
  });
});

test("the changes add up to the counts of the table, whatever happens", () => {
  const act = fc.record({
    what: fc.constantFrom("acquire", "acquire", "succeed", "fail", "letGo", "cancel", "drop", "look"),
    node: fc.constantFrom("a", "b", "c"),
    resource: fc.constantFrom("r", "s", "t"),
    id: fc.integer({ min: 1, max: 30 }),
  });
  const property = fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const trace = watched({ nodes: "abc", graceMs: 50, outcomeTtlMs: 20 });
    const counts = { resources: 0, holding: 0, waiting: 0 };
    const look = () => {
      for (const change of takeTouched(trace.table)) {
        counts.resources += change.resources;
        counts.holding += change.holding;
        counts.waiting += change.waiting;
      }
      const { resources, holding, waiting } = trace.table;
      expect(counts).toEqual({ resources: resources.size, holding, waiting });
    };
    for (const [place, { what, node, resource, id }] of acts.entries()) {
      if (what === "acquire") trace.acquire(`${node}${place + 1}`, { resource });
      else if (what === "succeed") trace.succeed(`${node}${id}`);
      else if (what === "fail") trace.fail(`${node}${id}`, "no");
      else if (what === "letGo") trace.letGo(`${node}${id}`);
      else if (what === "cancel") trace.cancel(`${node}${id}`);
      else if (what === "drop") {
        trace.drop(node);
        trace.pass(5);
        trace.resume(node);
      } else look();
    }
    trace.pass(1_000);
    look();
  });
  fc.assert(property, { numRuns: 200 });
});
