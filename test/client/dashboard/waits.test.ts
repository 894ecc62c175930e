import { expect, test } from "vitest";
import { circlesOf, waitsOf } from "../../../client/dashboard/waits.ts";
import { viewOf } from "./views.ts";

const circles = (...views: ReturnType<typeof viewOf>[]) =>
  circlesOf(waitsOf(views)).map((circle) => circle.map(({ waiter, resource }) => `${waiter}:${resource}`));

test("each waiter waits for each holder, and for no request of its own", () => {
  const waits = waitsOf([viewOf("r", ["a", "b"], ["b", "c"])]);
  expect(waits.map(({ waiter, holder }) => `${waiter} ${holder}`)).toEqual(["b a", "c a", "c b"]);
});

test("two that wait for each other are a circle, once", () => {
  expect(circles(viewOf("x", ["a"], ["b"]), viewOf("y", ["b"], ["a"]))).toEqual([["b:x", "a:y"]]);
});

test("a circle of many is found behind a line that leads to it", () => {
  const views = [viewOf("x", ["a"], ["b"]), viewOf("y", ["b"], ["c"]), viewOf("z", ["c"], ["a"])];
  expect(circles(viewOf("w", ["a"], ["d"]), ...views)).toEqual([["a:z", "c:y", "b:x"]]);
});

test("a line is no circle, nor are two ways to the same node", () => {
  expect(circles(viewOf("x", ["a"], ["b", "c"]), viewOf("y", ["b"], ["c"]))).toEqual([]);
});

test("who reports progress is at work, and in no circle", () => {
  const pulled = (resource: string, holder: string, waiter: string) => {
    const view = viewOf(resource, [holder], [waiter]);
    return { ...view, holders: view.holders.map((row) => ({ ...row, progress: { done: 1 } })) };
  };
  expect(circles(pulled("x", "a", "b"), pulled("y", "b", "a"))).toEqual([]);
  expect(circles(pulled("x", "a", "b"), viewOf("y", ["b"], ["a"]))).toEqual([]);
});

test("a line of 20,000 nodes is no burden", () => {
  const line = Array.from({ length: 20_000 }, (_, place) => viewOf(`r${place}`, [`n${place + 1}`], [`n${place}`]));
  expect(circles(...line)).toEqual([]);
  expect(circles(...line, viewOf("last", ["n0"], ["n20000"]))).toHaveLength(1);
});
