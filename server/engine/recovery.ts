// What a folder comes to when a hub takes it up: its table and the table's time, or a refusal when anything that was safe is
// no longer there. Knows the files of a folder by their own readers; writes nothing.
import { existsSync, statSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { markPath, readMark } from "./journal-mark.ts";
import { damaged, recover, sqlitePath, type Recovered } from "./sqlite-file.ts";
import { checkWal } from "./wal-check.ts";

/** The table in a folder, with everything that was ever safe; throws a JournalError that says what is missing or changed. */
export function recoverWhole(folder: string): Recovered {
  const path = sqlitePath(folder);
  const mark = readMark(folder);
  // SQLite takes an empty file for a new one and removes the log beside it.
  const isThere = existsSync(path) && statSync(path).size > 0;
  if (!isThere && (mark ?? 0) > 0) throw damaged(path, "it is missing, or empty");
  checkWal(`${path}-wal`);
  const recovered = recover(folder);
  const { table, last } = recovered;
  const first = last?.first ?? 0;
  if (mark === undefined && table.order > 0) throw damaged(markPath(folder), "it is missing, or empty");
  if (mark !== undefined && mark > first) throw damaged(path, `the steps after ${table.order} are missing`);
  return recovered;
}

/** When something was written, in milliseconds: by the table's time, by the wall clock and since the machine was started. */
export type Moment = { readonly tableMs: number; readonly wallMs: number; readonly bootMs: number };

/** What the machine's clocks say now, to be written down. */
export function momentNow(clock: Clock): Omit<Moment, "tableMs"> {
  return { wallMs: Math.round(clock.wallMicroseconds() / 1_000), bootMs: Math.round(clock.sinceBootMs()) };
}

/**
 * The table's time now: what has passed since the last row, by the clock that says more [O6]. It is undated when the wall
 * clock says that the last row is yet to come.
 */
export function timeNow(last: Moment | undefined, clock: Clock): { nowMs: number; isUndated: boolean } {
  if (last === undefined) return { nowMs: 0, isUndated: false };
  const wallMs = clock.wallMicroseconds() / 1_000 - last.wallMs;
  const bootMs = clock.sinceBootMs() - last.bootMs;
  return { nowMs: last.tableMs + Math.max(0, wallMs, bootMs), isUndated: wallMs < 0 };
}
