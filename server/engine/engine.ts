// The one engine: the commands of a turn → journal → core, in the journal's order → effects. Knows no session's socket and
// no message; what it decides, the core decides.
import type { Clock } from "../clock.ts";
import type { Command } from "../core/command.ts";
import type { Effect } from "../core/effect.ts";
import { proceed } from "../core/lock-table.ts";
import type { LockTable } from "../core/table.ts";
import { addSpan, newTally } from "../core/tally.ts";
import { Bell } from "./bell.ts";
import type { Batch, Book } from "./journal.ts";

/** What the hub asks of an engine. */
export type Engine = {
  /** Adds a command to this turn's batch. */
  propose(command: Command): void;
  /** Ends the turn: its batch goes to the journal. Effects follow, at once or later, by the journal. */
  commit(): void;
  /** Calls back when all that was proposed so far is in effect; at once when it is. */
  whenInEffect(callback: () => void): void;
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
  /** Told what follows from each step, in order, before the next step. */
  onEffect: (effect: Effect) => void;
  /** Told that a deadline proposed something, so that the turn is ended. */
  onProposal: () => void;
  /** How many milliseconds a deadline that has come is to wait, because the hub itself stood still [S2]; 0 as a rule. */
  respiteMs?: () => number;
};

/** An engine over a book; its first command, if it has one, is in effect when this returns or when the journal says so. */
export function createEngine({ book, clock, onEffect, onProposal, respiteMs = () => 0 }: EngineParts): Engine {
  const { table, beginning } = book;
  // What a replay has counted is of earlier runs.
  Object.assign(table.tally, newTally());
  table.refusals.clear();
  let aheadMs = book.nowMs - clock.nowMs();
  /** The latest time that any batch was given: every hub that shares the book steps at the same times. */
  let agreedMs = book.nowMs;
  // A sum of fractions may come to a little less than what it was made of: a batch is never given an earlier time than the
  // one before it, so that a replay steps at the times that were written.
  const nowMs = () => Math.max(agreedMs, clock.nowMs() + aheadMs);
  let batch: Command[] = beginning === undefined ? [] : [beginning];
  const afterCommit: (() => void)[] = [];
  let closed: Promise<void> | undefined;

  const bell = new Bell({
    table,
    clock,
    nowMs,
    respiteMs,
    isOurs: (socket) => journal.isOurs(socket),
    propose: (commands) => {
      batch.push(...commands);
      onProposal();
    },
  });
  const hear = ({ commands, nowMs: stampedMs }: Batch) => {
    agreedMs = Math.max(agreedMs, stampedMs);
    aheadMs = Math.max(aheadMs, agreedMs - clock.nowMs());
    const step = { table, nowMs: agreedMs, effects: new Array<Effect>() };
    let told = 0;
    for (const command of commands) {
      proceed(step, command);
      for (let effect = step.effects[told]; effect !== undefined; effect = step.effects[told]) {
        told += 1;
        onEffect(effect);
      }
    }
    bell.set();
  };
  const journal = book.open(hear, nowMs);

  const commit = () => {
    if (batch.length === 0 || closed !== undefined) return;
    const commands = batch;
    batch = [];
    const begunMs = journal.isCommitFree ? 0 : clock.nowMs();
    journal.append({ commands, nowMs: nowMs() });
    if (!journal.isCommitFree) journal.whenHeard(() => addSpan(table.tally.commits, clock.nowMs() - begunMs));
    for (const callback of afterCommit.splice(0)) journal.whenHeard(callback);
  };
  commit();

  return {
    propose(command) {
      batch.push(command);
    },
    commit,
    whenInEffect(callback) {
      if (batch.length === 0) journal.whenHeard(callback);
      else afterCommit.push(callback);
    },
    table,
    nowMs,
    isReachable: () => journal.isReachable(),
    survivesMs: journal.survivesMs,
    isCommitFree: journal.isCommitFree,
    close() {
      bell.stop();
      closed ??= journal.close();
      return closed;
    },
  };
}
