import { expect, test } from "vitest";
import { howHolds, shareDone, whyWaits, type Part } from "../../../client/dashboard/why.ts";
import { viewOf } from "./views.ts";

const text = (parts: readonly Part[]) => parts.map((part) => (typeof part === "string" ? part : part.foreign)).join("");

test("the next in line waits for the holder: how long, how far, at which attempt, after what", () => {
  const view = viewOf("r", ["a"], ["b", "c", "d"]);
  Object.assign(view.holders[0]!, { attempt: 2, progress: { done: 63, total: 100 } });
  const failure = { node: "b", message: "connection reset" };
  expect(text(whyWaits(view, 0, 0, failure))).toBe(
    "waits for a, who has held it for 12s and is 63 % done; second attempt after b failed: connection reset",
  );
  expect(text(whyWaits(view, 0, 2_000))).toBe("waits for a, who has held it for 14s and is 63 % done; second attempt");
  expect(text(whyWaits(view, 1, 0))).toBe("stands behind b");
  expect(text(whyWaits(view, 2, 0))).toBe("stands behind c and 1 other");
  expect(text(howHolds(view.holders[0]!, 0))).toBe("a, who has held it for 12s and is 63 % done; second attempt");
  expect(whyWaits(view, 9, 0)).toEqual([]);
});

test("what others chose stands apart from the sentence", () => {
  const view = viewOf("r", ["<b>a"], ["b"]);
  expect(whyWaits(view, 0, 0)).toContainEqual({ foreign: "<b>a" });
});

test("[O2] a pause is said until it is over, as far as the page knows", () => {
  const view = { ...viewOf("r", [], ["b"]), delayedMs: 5_000 };
  expect(text(whyWaits(view, 0, 1_000))).toBe("waits out a pause of another 4s, then it is its turn");
  expect(text(whyWaits(view, 0, 6_000))).toBe("is about to be granted");
});

test("[S5] one that is detached is passed over", () => {
  const view = viewOf("r", ["a"], ["b"]);
  Object.assign(view.queue[0]!, { detached: true });
  expect(text(whyWaits(view, 0, 0))).toMatch(/is detached: passed over/);
});

test("[Q1] behind several who share, it waits for all of them", () => {
  const view = viewOf("r", ["a", "b"], ["c"]);
  expect(text(whyWaits(view, 0, 0))).toMatch(/^waits for 2 once holders, the first of them a, who/);
});

test("a share is of what is to be done, and never more than all", () => {
  expect(shareDone({ done: 5, total: 10 })).toBe(0.5);
  expect(shareDone({ done: 50, total: 10 })).toBe(1);
  expect([undefined, {}, { done: 5 }, { done: 5, total: 0 }].map(shareDone)).toEqual(Array(4).fill(undefined));
});
