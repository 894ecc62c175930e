// Kept answers as records of a book: a result that many were told stands there once. Knows no session and no file.
import { resultOf } from "./kept.ts";
import type { KeptAnswer } from "./records.ts";

/** A kept answer; `resultAt` is the place of its result among those of the book, unless it is of an earlier version. */
export type KeptRecord = KeptAnswer & { resultAt?: number };

/** The record of a kept answer; `places` knows the results of the book. */
export function keptRecordOf(one: KeptAnswer, places: ReadonlyMap<string, number>): KeptRecord {
  const { order, answer } = one;
  const resultAt = places.get(resultOf(answer) ?? "");
  if (answer.type !== "skipped" || resultAt === undefined) return one;
  return { order, answer: { ...answer, skip: { ...answer.skip, result: undefined } }, resultAt };
}

/** The kept answer that a record was made of. */
export function keptFrom({ order, answer, resultAt }: KeptRecord, results: readonly string[]): KeptAnswer {
  if (answer.type !== "skipped" || resultAt === undefined) return { order, answer };
  const { by, fence, ageMs } = answer.skip;
  return { order, answer: { ...answer, skip: { by, fence, result: results[resultAt], ageMs } } };
}
