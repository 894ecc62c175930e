// Long looks that let others have their turn: how long each slice is, and what comes of them while names come and go.
import { expect, test } from "vitest";
import { sliceNamesAfter } from "../../server/core/name-page.ts";
import { inSlices } from "../../server/http/slices.ts";

test("[B1] a look through a million names is had in slices of 4,000, though few of them are meant", () => {
  let looked = 0;
  const names = Array.from({ length: 1_000_000 }, (_, place) => `layer/${place}`);
  const isMeant = (name: string) => {
    looked += 1;
    return name.startsWith("layer/99999");
  };
  const slices = sliceNamesAfter(names, isMeant, "layer/999992", 3);
  let longest = 0;
  for (;;) {
    const before = looked;
    const slice = slices.next();
    longest = Math.max(longest, looked - before);
    if (slice.done !== true) continue;
    expect(slice.value).toEqual({ names: ["layer/999993", "layer/999994", "layer/999995"], more: true });
    break;
  }
  expect([looked, longest]).toEqual([1_000_000, 4_000]);
});

test("names that come and go between two slices are found or not, and all others are", () => {
  const names = new Set(Array.from({ length: 20_000 }, (_, place) => `r/${String(place).padStart(5, "0")}`));
  const slices = sliceNamesAfter(names, () => true, undefined, 3);
  expect(slices.next().done).toBe(false);
  for (let place = 5_000; place < 20_000; place += 1) names.delete(`r/${String(place).padStart(5, "0")}`);
  for (let place = 0; place < 5_000; place += 1) names.add(`q/${place}`);
  names.add("a");
  for (let slice = slices.next(); ; slice = slices.next()) {
    if (slice.done !== true) continue;
    expect(slice.value).toEqual({ names: ["a", "q/0", "q/1"], more: true });
    break;
  }
});

test("[B1] one slice has its turn in a round, however many look", async () => {
  const turns: string[] = [];
  function* look(name: string): Generator<undefined, string, undefined> {
    for (let slice = 0; slice < 3; slice += 1) {
      turns.push(name);
      yield;
    }
    return name;
  }
  let rounds = 0;
  const count = () => {
    rounds += 1;
    if (rounds < 100) setImmediate(count);
  };
  setImmediate(count);
  expect(await Promise.all([inSlices(look("a")), inSlices(look("b"))])).toEqual(["a", "b"]);
  expect(turns).toEqual(["a", "b", "a", "b", "a", "b"]);
  expect(rounds).toBeGreaterThanOrEqual(5);
});
