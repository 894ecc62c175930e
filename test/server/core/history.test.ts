// The history on the core alone: what is kept, in which order, and that it is the same after a restart.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addEntry } from "../../../server/core/history.ts";
import { lineNamed, newHistory, type History } from "../../../server/core/history-ring.ts";
import { entriesOf, readAfter } from "../../../server/core/history-reading.ts";
import { recordsOf, tableFrom } from "../../../server/core/snapshot.ts";
import { TableTrace } from "../../support/table-trace.ts";

const subject = { id: 1, operation: "run", mode: "once", fence: 1, attempt: 1 } as const;
const happening = { event: "granted", atMs: 0, spanMs: 0, outcome: undefined, more: undefined } as const;
const everything = () => true;

function add(history: History, resource: string, bounds: { historyMax: number; historyResourceMax: number }): void {
  addEntry(history, bounds, lineNamed(history, resource), 1, history.nobody, subject, happening);
}

describe("the history", () => {
  test("[B1] keeps the newest of each resource and of all, as a list that is cut each time would", () => {
    const bounds = fc.record({
      historyMax: fc.integer({ min: 1, max: 20 }),
      historyResourceMax: fc.integer({ min: 1, max: 8 }),
    });
    const names = fc.array(fc.constantFrom("r", "r", "r", "s", "t", "u"), { maxLength: 3_000, size: "max" });
    const property = fc.property(bounds, names, fc.nat(3_000), (bounds, names, after) => {
      const history = newHistory();
      let kept: { number: number; resource: string }[] = [];
      for (const [place, resource] of names.entries()) {
        add(history, resource, bounds);
        kept.push({ number: place + 1, resource });
        const own = kept.filter((entry) => entry.resource === resource);
        if (own.length > bounds.historyResourceMax) kept = kept.filter((entry) => entry !== own[0]);
        if (kept.length > bounds.historyMax) kept.shift();
      }
      const read = readAfter(history, 0, Infinity, everything);
      expect(read.entries.map(({ number, resource }) => ({ number, resource }))).toEqual(kept);
      expect(read.isGap).toBe(kept.length < names.length);
      const late = readAfter(history, after, Infinity, (resource) => resource === "r");
      expect(late.entries.map(({ number }) => number)).toEqual(
        kept.filter(({ number, resource }) => number > after && resource === "r").map(({ number }) => number),
      );
      for (const resource of ["r", "s"]) {
        const own = kept.filter((entry) => entry.resource === resource).map(({ number }) => number);
        expect(
          entriesOf(history, resource)
            .map(({ number }) => number)
            .toArray(),
        ).toEqual(own.toReversed());
      }
      expect(history.kept).toBe(kept.length);
      expect([...history.lineOf.values()].reduce((sum, line) => sum + line.kept, 0)).toBe(kept.length);
    });
    fc.assert(property, { numRuns: 60 });
  });

  test("[B1] keeps what is kept of one resource however much happens to another, and lets names go", () => {
    const history = newHistory();
    const bounds = { historyMax: 40_000, historyResourceMax: 400 };
    const fill = (named: (round: number) => string) => {
      for (let round = 0; round < 150_000; round += 1) add(history, named(round), bounds);
    };
    const counts = (...names: string[]) => names.map((name) => entriesOf(history, name).toArray().length);
    add(history, "quiet", bounds);
    fill(() => "busy");
    expect(counts("quiet", "busy")).toEqual([1, 400]);
    fill((round) => (round % 2 === 0 ? "busy" : `once-${round}`));
    expect([history.kept, ...counts("quiet", "busy", "once-149999")]).toEqual([40_000, 0, 400, 1]);
    fill((round) => `few-${round % 100}`);
    expect([history.kept, ...counts("busy", "few-7")]).toEqual([40_000, 0, 400]);
    fill((round) => `few-${round % 100}`);
    expect([history.lineOf.size, history.lines.things.filter(Boolean).length]).toEqual([100, 100]);
    expect(history.rowsMost).toBeLessThanOrEqual(131_072);
  });

  test("[B1] goes on where a resource has had more than 2^31 entries", () => {
    const history = newHistory();
    const bounds = { historyMax: 10, historyResourceMax: 3 };
    const line = lineNamed(history, "r");
    line.count = 2 ** 31 - 3;
    for (let round = 0; round < 7; round += 1) addEntry(history, bounds, line, 1, history.nobody, subject, happening);
    expect(line.count).toBeGreaterThan(2 ** 31);
    expect(entriesOf(history, "r").toArray()).toHaveLength(3);
    expect(readAfter(history, 0, Infinity, everything).entries.map(({ number }) => number)).toEqual([5, 6, 7]);
  });

  test("has numbers that grow with the order of the steps, over a new book too", () => {
    const trace = new TableTrace({ firstOrder: 1_000 });
    trace.acquire("a1");
    trace.letGo("a1");
    const numbers = readAfter(trace.table.history, 0, 10, everything).entries.map(({ number }) => number);
    expect(numbers).toEqual([trace.table.order - 1, trace.table.order]);
  });

  test("[B6] is the same after a restart, and goes on from there", () => {
    const trace = new TableTrace({ limits: { historyResourceMax: 3 } });
    trace.acquire("a1", { operation: "pull" });
    trace.acquire("b1", { operation: "pull" });
    trace.pass(7);
    trace.fail("a1", { message: "x".repeat(1_000), code: "E" });
    trace.succeed("b1");
    trace.revoke("r");
    const before = [...entriesOf(trace.table.history, "r")];
    expect(before).toMatchObject([
      { event: "released", who: { node: "b" }, outcome: "success", attempt: 2 },
      { event: "granted", who: { node: "b" }, spanMs: 7, attempt: 2 },
      { event: "released", who: { node: "a" }, outcome: "failure", spanMs: 7, more: { code: "E" } },
    ]);
    expect(before[2]?.more?.message).toHaveLength(256);
    const table = tableFrom(JSON.parse(JSON.stringify([...recordsOf(trace.table)])));
    expect([...entriesOf(table.history, "r")]).toEqual(before);
    trace.table = table;
    trace.acquire("c1");
    const [first, ...others] = entriesOf(table.history, "r");
    expect(first).toMatchObject({ event: "granted", who: { node: "c" } });
    expect(first?.number).toBeGreaterThan(before[0]?.number ?? 0);
    expect(others).toEqual(before.slice(0, 2));
  });

  test("reads a book that has none", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    const records = [...recordsOf(trace.table)].filter(({ kind }) => kind !== "history");
    expect(tableFrom(records).history.kept).toBe(0);
  });
});
