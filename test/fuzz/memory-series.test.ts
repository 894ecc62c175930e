import { expect, test } from "vitest";
import { MemorySeries } from "./memory-series.ts";

const seriesOf = (heapAt: (minute: number) => number, nativeAt = (_minute: number) => 15) => {
  const series = new MemorySeries();
  for (let minute = 0; minute < 60; minute += 1) {
    series.add(minute * 60_000, { heap: heapAt(minute), native: nativeAt(minute) });
  }
  return series;
};

test("a process that takes more every minute leaks, on one heap or the other", () => {
  expect(seriesOf((minute) => 20 + minute / 5).leak()).toMatch(/^heap \d+ → \d+ → \d+ → \d+ MiB$/);
  expect(
    seriesOf(
      () => 20,
      (minute) => 15 + minute / 5,
    ).leak(),
  ).toMatch(/^native 16 → /);
});

test("one that goes up and down, or grows while it is young, does not", () => {
  expect(seriesOf((minute) => 20 + (minute % 7) * 20).leak()).toBeUndefined();
  expect(seriesOf((minute) => Math.min(50, 20 + minute * 10)).leak()).toBeUndefined();
});

test("of a short series nothing is said", () => {
  const series = new MemorySeries();
  for (let second = 0; second < 60; second += 1) series.add(second * 1_000, { heap: second * 10, native: 0 });
  expect(series.leak()).toBeUndefined();
});
