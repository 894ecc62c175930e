import { expect, test } from "vitest";
import { MemorySeries } from "./memory-series.ts";

const seriesOf = (mebibytesAt: (minute: number) => number) => {
  const series = new MemorySeries();
  for (let minute = 0; minute < 60; minute += 1) series.add(minute * 60_000, mebibytesAt(minute));
  return series;
};

test("a process that takes a mebibyte more every minute leaks", () => {
  expect(seriesOf((minute) => 100 + minute).leak()).toMatch(/first half/);
});

test("one that goes up and down, or grows while it is young, does not", () => {
  expect(seriesOf((minute) => 100 + (minute % 7) * 20).leak()).toBeUndefined();
  expect(seriesOf((minute) => Math.min(150, 100 + minute * 20)).leak()).toBeUndefined();
});

test("of a short series nothing is said", () => {
  const series = new MemorySeries();
  for (let second = 0; second < 60; second += 1) series.add(second * 1_000, second * 10);
  expect(series.leak()).toBeUndefined();
});
