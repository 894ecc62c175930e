// A clock that the test moves by hand: nothing happens until it does. Knows nothing of what it drives.
import type { Clock } from "../../server/clock.ts";

/** A clock at 0 ms whose timers and turns wait for the test. */
export class HandClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];
  #turns: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  afterRead(callback: () => void): void {
    this.#turns.push(callback);
  }

  afterRound(callback: () => void): void {
    this.#turns.push(callback);
  }

  /** How far the wall clock is ahead of where it would be, in milliseconds; it may jump. */
  wallAheadMs = 0;

  wallMicroseconds(): number {
    return (1_700_000_000_000 + this.#nowMs + this.wallAheadMs) * 1_000;
  }

  sinceBootMs(): number {
    return this.#nowMs;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Ends the turn, and those that follow from it. */
  endTurn(): void {
    while (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (const turn of turns) turn();
    }
  }

  /** Lets time pass, with every timer at its moment and every turn ended. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.endTurn();
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.callback();
      this.endTurn();
    }
    this.#nowMs = untilMs;
  }

  /** Stands still for that long, as a stopped process does: the timers that came due fire late, once. */
  freeze(ms: number): void {
    this.#nowMs += ms;
    this.pass(0);
  }
}
