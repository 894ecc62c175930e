import { expect, test } from "vitest";
import { MemorySeries } from "./memory-series.ts";

const seriesOf = (heapAt: (minute: number) => number, otherAt = (_minute: number) => 60) => {
  const series = new MemorySeries();
  for (let minute = 0; minute < 60; minute += 1) {
    series.add(minute * 60_000, { heap: heapAt(minute), other: otherAt(minute) });
  }
  return series;
};

test("a process that takes more every minute leaks, on the heap or beside it", () => {
  expect(seriesOf((minute) => 20 + minute / 5).leak()).toMatch(/^heap \d+ → \d+ → \d+ → \d+ MiB$/);
  expect(
    seriesOf(
      () => 20,
      (minute) => 60 + minute,
    ).leak(),
  ).toMatch(/^other 66 → /);
});

test("one that goes up and down, or grows while it is young, does not", () => {
  expect(seriesOf((minute) => 20 + (minute % 7) * 20).leak()).toBeUndefined();
  expect(seriesOf((minute) => Math.min(50, 20 + minute * 10)).leak()).toBeUndefined();
});

test("of a short series nothing is said", () => {
  const series = new MemorySeries();
  for (let second = 0; second < 60; second += 1) series.add(second * 1_000, { heap: second * 10, other: 0 });
  expect(series.leak()).toBeUndefined();
});
