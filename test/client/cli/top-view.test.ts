import { expect, test } from "vitest";
import { keysOf } from "../../../client/cli/top-screen.ts";
import { emptyView, pressed, shown, topLines, topTable, type TopView } from "../../../client/cli/top-view.ts";
import type { ResourceRow } from "../../../client/index.ts";
import { Picture } from "../../../client/picture.ts";

function row(resource: string, waiting = 0, node?: string): ResourceRow {
  const progress = { done: 63, total: 100 };
  const holders =
    node === undefined ? [] : [{ node, operation: "run", mode: "once" as const, heldMs: 5_000, progress }];
  return { resource, holders, holding: holders.length, waiting, oldestWaitMs: 1_000 };
}

function picture(...rows: ResourceRow[]): Picture<ResourceRow> {
  const totals = { resources: rows.length, held: 1, waiting: 2, sessions: 3 };
  return new Picture(new Map(rows.map((one) => [one.resource, one])), totals, false);
}

const view = shown(emptyView, picture(row("idle"), row("busy", 2, "node-1"), row("held", 0, "node-2")), 0);
const after = (keys: string, from: TopView = view) =>
  keysOf(keys).reduce<TopView | undefined>((now, key) => now && pressed(now, key, 1_000, 5), from);
const stale = ({ rows, totals }: Picture<ResourceRow>) => new Picture(rows, totals, true);
const names = (lines: readonly string[]) => lines.slice(3).map((line) => line.split(" ")[0]);

test("rows with the most waiting come first, each with its holder, ages, progress and line", () => {
  expect(topLines(view, 2_000, 100, 10)).toEqual([
    "baton top  live  resources 3  held 1  waiting 2  sessions 3",
    "by waiting  s sort  / filter  p pause  j k scroll  q quit",
    "RESOURCE  HOLDER    HELD  PROGRESS         WAITING  LONGEST",
    "busy      node-1      7s  ██████░░░░  63%        2       3s",
    "held      node-2      7s  ██████░░░░  63%        0        -",
    "idle      -            -  -                      0        -",
  ]);
});

test("where there is no room for all columns, some leave, and those that stay are whole", () => {
  const heads = (columns: number) => topLines(view, 0, columns, 10)[2]?.split(/ +/);
  expect(heads(59)).toEqual(["RESOURCE", "HOLDER", "HELD", "PROGRESS", "WAITING", "LONGEST"]);
  expect(heads(58)).toEqual(["RESOURCE", "HOLDER", "HELD", "WAITING", "LONGEST"]);
  expect(heads(40)).toEqual(["RESOURCE", "HOLDER", "HELD", "WAITING"]);
  expect(heads(24)).toEqual(["RESOURCE", "WAITING"]);
  const long = shown(emptyView, picture(row("x".repeat(80), 2, "y".repeat(80))), 0);
  expect(topLines(long, 0, 52, 10)[3]).toBe("xxxxxxxxxxx…  yyyyyyyyyyy…      5s        2       1s");
});

test("no line is wider than the screen, and there are no more than it has", () => {
  const long = shown(
    emptyView,
    picture(...Array.from({ length: 50 }, (_, n) => row(`${"x".repeat(500)}${n}`, n, "n"))),
    0,
  );
  for (const [columns, rows] of [
    [80, 24],
    [40, 5],
    [10, 2],
    [1, 1],
  ] as const) {
    const lines = topLines(long, 0, columns, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(Math.max(...lines.map((line) => Array.from(line).length))).toBeLessThanOrEqual(columns);
  }
});

test("names cannot drive the terminal", () => {
  const hostile = shown(emptyView, picture(row("a\u202eb\u001b[31m", 0, "n\u009b2J")), 0);
  const text = topLines(hostile, 0, 100, 10).join("\n");
  expect(text).toContain("a\\u{202e}b\\u{1b}[31m");
  expect(text).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
});

test("a filter finds a name as it is shown", () => {
  const hidden = shown(emptyView, picture(row("a\u202eb"), row("c")), 0);
  expect(names(topLines(after("/\\u{202E}\r", hidden)!, 0, 100, 10))).toEqual(["a\\u{202e}b"]);
});

test("keys sort, filter, scroll, pause and quit", () => {
  expect(names(topLines(after("sss")!, 0, 100, 10))).toEqual(["busy", "held", "idle"]);
  expect(after("sss")?.order).toBe("name");
  expect(names(topLines(after("/NODE-2\r")!, 0, 100, 10))).toEqual(["held"]);
  expect(names(topLines(after("/xq\u007f\u007f")!, 0, 100, 10))).toEqual(["busy", "held", "idle"]);
  expect(after("/q\u001b")).toMatchObject({ filter: "", isFiltering: false });
  expect(names(topLines(after("j\u001b[Bkj")!, 0, 100, 5))).toEqual(["held", "idle"]);
  expect(names(topLines(after("jjjjjjjj")!, 0, 100, 5))).toEqual(["held", "idle"]);
  expect(names(topLines(after("jjjjjjjjk")!, 0, 100, 5))).toEqual(["busy", "held"]);
  expect([after("q"), after("\u0003"), after("/\u0003"), after("\u0004")]).toEqual(Array(4).fill(undefined));
  expect(after("/q")?.filter).toBe("q");
});

test("one that is paused stands still, and says so", () => {
  const paused = after("p")!;
  const later = shown(paused, picture(row("new")), 5_000);
  expect(topLines(later, 60_000, 100, 10).join("\n")).toMatch(/PAUSED[^]*busy +node-1 +6s/);
  expect(names(topLines(after("p", later)!, 9_000, 100, 10))).toEqual(["new"]);
});

test("one that is paused says that the hub is gone, and when it is back", () => {
  const paused = after("p")!;
  const head = (now: TopView) => topLines(now, 60_000, 100, 10)[0];
  const gone = shown(paused, stale(view.picture!), 5_000);
  expect(head(gone)).toBe("baton top  PAUSED, DISCONNECTED  resources 3  held 1  waiting 2  sessions 3");
  expect(head(shown(gone, picture(), 6_000))).toBe("baton top  PAUSED  resources 3  held 1  waiting 2  sessions 3");
  expect(head(after("p", gone)!)).toContain("top  DISCONNECTED  res");
});

test("ages of a row that does not change go on, while others come", () => {
  const [busy] = [view.rows.get("busy")!.row];
  const later = shown(view, picture(busy, row("new")), 10_000);
  expect(topLines(later, 10_000, 100, 10).join("\n")).toMatch(/busy +node-1 +15s/);
});

test("it says how much a filter finds, and when there is nothing", () => {
  expect(topLines(after("/no")!, 0, 100, 10)[1]).toBe("/no█  finds 2  Enter keeps it  Esc ends it");
  expect(topLines(after("/none")!, 0, 100, 10).at(-1)).toBe("nothing fits");
  expect(topLines(shown(emptyView, picture(), 0), 0, 100, 10).at(-1)).toBe("nothing is held, awaited or remembered");
});

test("it says that the hub is gone, and that it has not come yet", () => {
  expect(topLines(shown(view, stale(picture()), 0), 0, 100, 10)[0]).toContain("DISCONNECTED");
  expect(topLines(emptyView, 0, 100, 10)[0]).toBe("baton top: waiting for the hub");
});

test("piped, it is a table of all rows", () => {
  expect(topTable(picture(row("a"), row("b", 1, "n")))).toEqual([
    "RESOURCE  HOLDER    HELD  PROGRESS  WAITING  LONGEST",
    "b         n           5s  63%             1       1s",
    "a         -            -  -               0        -",
  ]);
});
