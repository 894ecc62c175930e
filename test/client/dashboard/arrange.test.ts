import { expect, test } from "vitest";
import { arrange, heldMs, longestWaitMs, problemOf, type Choice } from "../../../client/dashboard/arrange.ts";
import { seenRow } from "./views.ts";

const all: Choice = { search: "", waiting: false, problems: false, order: "name", descending: false };
const rows = [
  seenRow("c", { holder: "node-1", heldMs: 5_000, waiting: 2, oldestWaitMs: 1_000 }),
  seenRow("a", { holder: "node-2", heldMs: 9_000 }),
  seenRow("b", { waiting: 1, oldestWaitMs: 500 }),
];
const names = (choice: Partial<Choice>, nowMs = 0) =>
  arrange(rows, { ...all, ...choice }, nowMs).map(({ row }) => row.resource);

test("rows stand in the order that was chosen, either way", () => {
  expect(names({})).toEqual(["a", "b", "c"]);
  expect(names({ descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "held", descending: true })).toEqual(["a", "c", "b"]);
  expect(names({ order: "waiting", descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "longest", descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "holder" })).toEqual(["b", "c", "a"]);
});

test("names that are alike in the order stand by their bytes [B5]", () => {
  const more = [seenRow("\u{1f44d}"), seenRow("\uff5e"), seenRow("z")];
  const order = arrange(more, { ...all, order: "waiting", descending: true }, 0).map(({ row }) => row.resource);
  expect(order).toEqual(["z", "\uff5e", "\u{1f44d}"]);
});

test("a search finds resources and holders, in any case", () => {
  expect(names({ search: "NODE-2" })).toEqual(["a"]);
  expect(names({ search: "b" })).toEqual(["b"]);
});

test("only what somebody waits for, or what is a problem, is shown when that was chosen", () => {
  expect(names({ waiting: true })).toEqual(["b", "c"]);
  expect(names({ problems: true })).toEqual(["b"]);
  expect(names({ problems: true }, 30_000)).toEqual(["b", "c"]);
});

test("ages go on while nothing is heard", () => {
  const [held] = rows;
  expect(heldMs(held!, 1_000)).toBe(6_000);
  expect(longestWaitMs(held!, 1_000)).toBe(2_000);
  expect(longestWaitMs(rows[1]!, 1_000)).toBe(0);
  expect(problemOf(rows[1]!, 1e9)).toBeUndefined();
});
