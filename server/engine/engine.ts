// The one engine: the commands of a turn → journal → core, in the journal's order → effects. Knows no session's socket and
// no message; what it decides, the core decides.
import type { Clock } from "../clock.ts";
import type { Command } from "../core/command.ts";
import { due, soonestMs } from "../core/deadlines.ts";
import type { Effect } from "../core/effect.ts";
import { step } from "../core/lock-table.ts";
import type { LockTable } from "../core/table.ts";
import type { Batch, Book } from "./journal.ts";

/** What the hub asks of an engine. */
export type Engine = {
  /** Adds a command to this turn's batch. */
  propose(command: Command): void;
  /** Ends the turn: its batch goes to the journal. Effects follow, at once or later, by the journal. */
  commit(): void;
  /** The table, to be read only. */
  readonly table: LockTable;
  nowMs(): number;
  isReachable(): boolean;
  readonly survivesMs: number;
  /** Whether a commit takes no time worth sharing among many commands. */
  readonly isCommitFree: boolean;
  /** Stops the timer and closes the journal; what was not committed is dropped, and so is what is proposed from now on. */
  close(): Promise<void>;
};

type EngineParts = {
  book: Book;
  clock: Clock;
  /** Told what follows from each step, in order. */
  onEffects: (effects: Effect[]) => void;
  /** Told that a deadline proposed something, so that the turn is ended. */
  onProposal: () => void;
  /** How many milliseconds a deadline that has come is to wait, because the hub itself stood still [S2]; 0 as a rule. */
  respiteMs?: () => number;
};

function noTimer(): void {}

/** An engine over a book; its first command, if it has one, is in effect when this returns or when the journal says so. */
export function createEngine({ book, clock, onEffects, onProposal, respiteMs = () => 0 }: EngineParts): Engine {
  const { table, beginning } = book;
  const aheadMs = book.nowMs - clock.nowMs();
  const nowMs = () => clock.nowMs() + aheadMs;
  let batch: Command[] = beginning === undefined ? [] : [beginning];
  let timerMs = Infinity;
  let cancelTimer: () => void = noTimer;
  let closed: Promise<void> | undefined;

  const journal = book.open(({ commands, nowMs }: Batch) => {
    for (const command of commands) {
      const effects = step(table, command, nowMs);
      if (effects.length > 0) onEffects(effects);
    }
    setTimer();
  });

  function setTimer(): void {
    const soonest = soonestMs(table.deadlines) ?? Infinity;
    if (soonest >= timerMs) return;
    cancelTimer();
    timerMs = soonest;
    cancelTimer = clock.after(Math.ceil(soonest - nowMs()), ring);
  }

  function ring(): void {
    const waitMs = respiteMs();
    if (waitMs > 0) {
      cancelTimer = clock.after(Math.ceil(waitMs), ring);
      return;
    }
    timerMs = Infinity;
    const commands = due(table.deadlines, nowMs());
    batch.push(...commands);
    if (commands.length > 0) onProposal();
    setTimer();
  }

  const commit = () => {
    if (batch.length === 0 || closed !== undefined) return;
    const commands = batch;
    batch = [];
    journal.append({ commands, nowMs: nowMs() });
  };
  commit();

  return {
    propose(command) {
      batch.push(command);
    },
    commit,
    table,
    nowMs,
    isReachable: () => journal.isReachable(),
    survivesMs: journal.survivesMs,
    isCommitFree: journal.isCommitFree,
    close() {
      cancelTimer();
      closed ??= journal.close();
      return closed;
    },
  };
}
