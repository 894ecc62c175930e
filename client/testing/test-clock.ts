// The one time of a test, for its hub and all its nodes: it stands still until it is moved. Knows nothing of who waits for it.
import type { Clock as NodeClock } from "../clock.ts";
import type { Clock as HubClock } from "../../server/clock.ts";
import { BatonError } from "../baton-error.ts";

/** The time of a test, as the test has it. */
export type TestTime = {
  /** Milliseconds since the test hub was made. */
  nowMs(): number;
  /**
   * Lets that many milliseconds pass: every timer of the hub and of its nodes at its own moment, and all that follows from it.
   * Settles when nothing is left to happen by itself; `advance(0)` lets that happen and no time pass. One call at a time.
   *
   * @throws BatonError INVALID_MESSAGE for what is no duration, and while another call is under way
   */
  advance(ms: number): Promise<void>;
};

type Timer = { readonly atMs: number; readonly call: () => void };

// Taken before anybody can put a faked one in its place.
const afterAllElse = setImmediate;

// As large as a real hub's fences are, so that a test finds a column that is too narrow for them.
const epochMs = 1_700_000_000_000;

/** A clock at 0 ms. */
export class TestClock implements HubClock, NodeClock, TestTime {
  #nowMs = 0;
  /** In the order in which they were set. */
  readonly #timers = new Set<Timer>();
  #isAdvancing = false;
  /** Whether something may have happened that others follow up in this moment. */
  #isStirred = false;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  afterRead(call: () => void): void {
    this.stir();
    queueMicrotask(call);
  }

  afterRound(call: () => void): void {
    this.afterRead(call);
  }

  wallMicroseconds(): number {
    return (epochMs + this.#nowMs) * 1_000;
  }

  sinceBootMs(): number {
    return this.#nowMs;
  }

  /** What happens now may lead to more in the same moment. */
  stir(): void {
    this.#isStirred = true;
  }

  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw refusal(`a time to pass is milliseconds from 0, not ${ms}`);
    if (this.#isAdvancing) throw refusal("time is moved by one call at a time: await each");
    this.#isAdvancing = true;
    try {
      await settled();
      const untilMs = this.#nowMs + ms;
      for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
        this.#nowMs = Math.max(this.#nowMs, timer.atMs);
        this.#timers.delete(timer);
        this.#isStirred = false;
        timer.call();
        if (this.#isStirred) await settled();
      }
      this.#nowMs = untilMs;
    } finally {
      this.#isAdvancing = false;
    }
  }

  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    return next;
  }
}

/** Settles when everything has happened that needs no time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void afterAllElse(resolve));
}

function refusal(message: string): BatonError {
  return new BatonError("INVALID_MESSAGE", message);
}
