// What a journal promises. It puts commands in one order and keeps them; it decides nothing and knows no lock.
import type { Command } from "../core/command.ts";

/** Commands that became one step each, in this order, at one time on the journal's clock in milliseconds. */
export type Batch = { readonly commands: readonly Command[]; readonly nowMs: number };

/** Where the engine hears what is in order; called once for each batch, in one order, when it is safe [B3]. */
export type Hear = (batch: Batch) => void;

/** Who keeps the order of commands. */
export type Journal = {
  /** Puts a batch after all others; whoever listens hears it when it would survive what the journal promises to survive. */
  append(batch: Batch): void;
  /** Whether a batch appended now could become safe. */
  isReachable(): boolean;
  /** How long sessions may take to come back after a planned restart, in milliseconds; 0 when nothing survives one [S13]. */
  readonly survivesMs: number;
  /** Resolves when all that was appended is safe and nothing is held open. */
  close(): Promise<void>;
};
