// What a journal promises. It puts commands in one order and keeps them; it decides nothing and knows no lock.
import type { Beginning, Command } from "../core/command.ts";
import type { LockTable } from "../core/table.ts";

/** Commands that become one step each, in this order, at one time of the table in milliseconds. */
export type Batch = { readonly commands: readonly Command[]; readonly nowMs: number };

/** Where the engine hears what is in order; called once for each batch, in one order, when it is safe [B3]. */
export type Hear = (batch: Batch) => void;

/** Who keeps the order of commands. */
export type Journal = {
  /** Puts a batch after all others; whoever listens hears it when it would survive what the journal promises to survive. */
  append(batch: Batch): void;
  /** Calls back when all that was appended is heard; at once when it is. */
  whenHeard(callback: () => void): void;
  /** Whether it is for this hub to propose what time brings to that socket's session, or to what is nobody's. */
  isOurs(socket: string | undefined): boolean;
  /** Whether a batch appended now could become safe. */
  isReachable(): boolean;
  /** How long sessions have to come back after a planned restart, in milliseconds; 0 when nothing survives one [S13]. */
  readonly survivesMs: number;
  /** Whether an append takes no time worth sharing among many commands. */
  readonly isCommitFree: boolean;
  /** Resolves when all that was appended is safe and nothing is held open. */
  close(): Promise<void>;
};

/** What a journal has to give when it is opened: the table as all its batches left it. */
export type Book = {
  readonly table: LockTable;
  /** The table's time at this moment, in milliseconds. */
  readonly nowMs: number;
  /** The first command of this run, if the table was not made in it [B6]. */
  readonly beginning: Beginning | undefined;
  /** Goes on with the journal, once; `nowMs` says the table's time. */
  open(hear: Hear, nowMs: () => number): Journal;
};

/** A journal cannot be read, or no longer be written; the message says what, where and what to do. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}
