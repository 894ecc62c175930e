// A deadline as a record of a book, and back. Knows not what it is for.
import type { DeadlineCommand } from "./command.ts";
import { place, type Deadline } from "./deadlines.ts";
import type { LockTable } from "./table.ts";

/** A deadline without its command, but for the step that set it; times in milliseconds. */
export type DeadlineRecord = { atMs: number; afterMs: number; armed: number };

/** The record of a deadline. */
export function deadlineRecord({ atMs, afterMs, command }: Deadline): DeadlineRecord {
  return { atMs, afterMs, armed: command.armed };
}

/** Sets the deadline that a record was made of; `commandOf` knows what it is for. */
export function restoreDeadline(
  table: LockTable,
  { atMs, afterMs, armed }: DeadlineRecord,
  commandOf: (armed: number) => DeadlineCommand,
): Deadline {
  return place(table.deadlines, { atMs, afterMs, command: commandOf(armed) });
}
