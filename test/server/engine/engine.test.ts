// The time of an engine over a journal that only writes down what it is given.
import { expect, test } from "vitest";
import { createTable } from "../../../server/core/table.ts";
import type { Batch } from "../../../server/engine/journal.ts";
import { memoryBook } from "../../../server/engine/memory-journal.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { open, started } from "./contract.ts";

test("[B7] a batch is given the time that it is stepped at, though sums of fractions come to a little less", () => {
  const clock = new HandClock();
  clock.pass(0.5);
  const nowMs = 0.1;
  const settings = { limits, lockDelayMs: 0, outcomeTtlMs: 600_000 };
  const appended: Batch[] = [];
  const { engine } = started(
    () => ({
      ...memoryBook(settings, clock),
      table: createTable(settings, 1),
      nowMs,
      open: (hear, now) => ({
        ...memoryBook(settings, clock).open(hear, now),
        append: (batch) => {
          appended.push(batch);
          hear(batch);
        },
      }),
    }),
    clock,
  );
  expect(0.5 + (nowMs - 0.5)).toBeLessThan(nowMs);
  open(engine, "a");
  expect(appended.map(({ nowMs }) => nowMs)).toEqual([nowMs]);
});
