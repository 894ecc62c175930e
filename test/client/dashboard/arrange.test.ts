import { expect, test } from "vitest";
import {
  arrange,
  byName,
  heldMs,
  longestWaitMs,
  problemOf,
  seenAt,
  type Choice,
} from "../../../client/dashboard/arrange.ts";
import { seenRow } from "./views.ts";

const all: Choice = { search: "", waiting: false, problems: false, order: "name", descending: false };
const rows = byName([
  seenRow("c", { holder: "node-1", heldMs: 5_000, waiting: 2, oldestWaitMs: 1_000 }),
  seenRow("a", { holder: "node-2", heldMs: 9_000 }),
  seenRow("b", { waiting: 1, oldestWaitMs: 500 }),
]);
const names = (choice: Partial<Choice>, nowMs = 0) =>
  arrange(rows, { ...all, ...choice }, () => nowMs).map(({ row }) => row.resource);

test("rows stand in the order that was chosen, either way", () => {
  expect(names({})).toEqual(["a", "b", "c"]);
  expect(names({ descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "held", descending: true })).toEqual(["a", "c", "b"]);
  expect(names({ order: "waiting", descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "longest", descending: true })).toEqual(["c", "b", "a"]);
  expect(names({ order: "holder" })).toEqual(["b", "c", "a"]);
});

test("names that are alike in the order stand by their bytes [B5]", () => {
  const more = byName([seenRow("\u{1f44d}"), seenRow("\uff5e"), seenRow("z")]);
  const order = arrange(more, { ...all, order: "waiting", descending: true }, () => 0).map(({ row }) => row.resource);
  expect(order).toEqual(["z", "\uff5e", "\u{1f44d}"]);
});

test("of two ages the greater one stands higher, whenever each of them was told", () => {
  const told = (name: string, heldMs: number, atMs: number) =>
    seenAt(seenRow(name, { holder: "node-1", heldMs, waiting: 1, oldestWaitMs: heldMs }).row, atMs);
  const ages = [told("a", 1_000, 9_000), told("b", 5_000, 4_000), told("c", 2_000, 0), seenRow("d")];
  const by = (order: "held" | "longest" | "outcome") =>
    arrange(ages, { ...all, order, descending: true }, () => 0)
      .map(({ row }) => row.resource)
      .join("");
  expect([by("held"), by("longest"), by("outcome")]).toEqual(["cbad", "cbad", "abcd"]);
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
  const held = rows[2];
  expect(heldMs(held!, 1_000)).toBe(6_000);
  expect(longestWaitMs(held!, 1_000)).toBe(2_000);
  expect(longestWaitMs(rows[0]!, 1_000)).toBe(0);
  expect(problemOf(rows[0]!, 1e9)).toBeUndefined();
});

test("a search finds a name that cannot be typed as it is shown", () => {
  const hidden = [seenRow("a\u202eb"), seenRow("c", { holder: "n\u202e1" }), seenRow("d")];
  const found = (search: string) => arrange(hidden, { ...all, search }, () => 0).map(({ row }) => row.resource);
  expect(found("\\u{202E}b")).toEqual(["a\u202eb"]);
  expect(found("n\\u{202e}1")).toEqual(["c"]);
  expect(found("\u202e")).toEqual(["a\u202eb", "c"]);
});
