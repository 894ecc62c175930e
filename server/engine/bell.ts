// The one timer of an engine: rings for the soonest of all deadlines, and proposes those that have come [B7]. What another hub
// is to see to is left to it, and looked at again. Decides nothing: what a deadline means, the core knows.
import type { Clock } from "../clock.ts";
import type { DeadlineCommand } from "../core/command.ts";
import { due, soonestMs } from "../core/deadlines.ts";
import { standingOf } from "../core/standing.ts";
import type { LockTable } from "../core/table.ts";

type BellParts = {
  readonly table: LockTable;
  readonly clock: Clock;
  /** The table's time in milliseconds. */
  readonly nowMs: () => number;
  /** How many milliseconds a deadline that has come is to wait; 0 as a rule. */
  readonly respiteMs: () => number;
  /** Whether it is for this hub to propose what time brings to that socket's session, or to what is nobody's. */
  readonly isOurs: (socket: string | undefined) => boolean;
  readonly propose: (commands: readonly DeadlineCommand[]) => void;
};

function noTimer(): void {}

// How often a time that another hub is to see to is looked at again: that hub may be gone.
const othersMs = 1_000;

/** Rings for the deadlines of a table. */
export class Bell {
  readonly #parts: BellParts;
  #timerMs = Infinity;
  #cancelTimer: () => void = noTimer;
  /** Deadlines that have come and that another hub is to propose. */
  #others: DeadlineCommand[] = [];
  #cancelOthersTimer: () => void = noTimer;

  constructor(parts: BellParts) {
    this.#parts = parts;
  }

  /** Sets the timer for the soonest deadline; to be called when there may be a sooner one. */
  set(): void {
    const { table, clock, nowMs } = this.#parts;
    const soonest = soonestMs(table.deadlines) ?? Infinity;
    if (soonest >= this.#timerMs) return;
    this.#cancelTimer();
    this.#timerMs = soonest;
    this.#cancelTimer = clock.after(Math.ceil(soonest - nowMs()), this.#ring);
  }

  stop(): void {
    this.#cancelTimer();
    this.#cancelOthersTimer();
  }

  readonly #ring = (): void => {
    const { table, clock, nowMs, respiteMs } = this.#parts;
    const waitMs = respiteMs();
    if (waitMs > 0) {
      this.#cancelTimer = clock.after(Math.ceil(waitMs), this.#ring);
      return;
    }
    this.#timerMs = Infinity;
    this.#propose(due(table.deadlines, nowMs()));
    this.set();
  };

  #propose(commands: readonly DeadlineCommand[]): void {
    const { table, clock, isOurs, propose } = this.#parts;
    const ours: DeadlineCommand[] = [];
    for (const command of commands) {
      const standing = standingOf(table, command);
      if (standing === "void") continue;
      if (isOurs(standing.socket)) ours.push(command);
      else this.#others.push(command);
    }
    if (ours.length > 0) propose(ours);
    if (this.#others.length === 0) return;
    this.#cancelOthersTimer();
    this.#cancelOthersTimer = clock.after(othersMs, this.#lookAfterOthers);
  }

  readonly #lookAfterOthers = (): void => {
    const commands = this.#others;
    this.#others = [];
    this.#propose(commands);
  };
}
