// The one engine: the commands of a turn → journal → core, in the journal's order → effects. Knows no session's socket and
// no message; what it decides, the core decides.
import type { Clock } from "../clock.ts";
import type { Command } from "../core/command.ts";
import { due, soonestMs } from "../core/deadlines.ts";
import type { Effect } from "../core/effect.ts";
import { step } from "../core/lock-table.ts";
import type { LockTable } from "../core/table.ts";
import type { Batch, Hear, Journal } from "./journal.ts";

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
  /** Stops the timer and closes the journal. */
  close(): Promise<void>;
};

type EngineParts = {
  table: LockTable;
  clock: Clock;
  journal: (hear: Hear) => Journal;
  /** Told what follows from each step, in order. */
  onEffects: (effects: Effect[]) => void;
  /** Told that a deadline proposed something, so that the turn is ended. */
  onProposal: () => void;
};

function noTimer(): void {}

/** An engine over a table and a journal. */
export function createEngine({ table, clock, journal: open, onEffects, onProposal }: EngineParts): Engine {
  let batch: Command[] = [];
  let timerMs = Infinity;
  let cancelTimer: () => void = noTimer;

  const journal = open(({ commands, nowMs }: Batch) => {
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
    cancelTimer = clock.after(Math.ceil(soonest - clock.nowMs()), () => {
      timerMs = Infinity;
      const commands = due(table.deadlines, clock.nowMs());
      batch.push(...commands);
      if (commands.length > 0) onProposal();
      setTimer();
    });
  }

  return {
    propose(command) {
      batch.push(command);
    },
    commit() {
      if (batch.length === 0) return;
      const commands = batch;
      batch = [];
      journal.append({ commands, nowMs: clock.nowMs() });
    },
    table,
    nowMs: () => clock.nowMs(),
    isReachable: () => journal.isReachable(),
    survivesMs: journal.survivesMs,
    close() {
      cancelTimer();
      return journal.close();
    },
  };
}
