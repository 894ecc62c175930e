// One call at the earliest time that somebody wants to be called at. Knows no reason.
import type { Clock } from "./clock.ts";

/** An alarm; one that goes off too early does no harm, so it is set anew only for an earlier time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (dueMs: number) => void;
  #set: { dueMs: number; cancel: () => void } | undefined;

  /** @param ring is told for when the alarm was set */
  constructor(clock: Clock, ring: (dueMs: number) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Goes off at that time or before; Infinity for never. */
  setFor(dueMs: number): void {
    if (this.#set !== undefined && dueMs !== Infinity && this.#set.dueMs <= dueMs) return;
    this.#set?.cancel();
    this.#set = undefined;
    if (dueMs === Infinity) return;
    const cancel = this.#clock.after(dueMs - this.#clock.nowMs(), () => {
      this.#set = undefined;
      this.#ring(dueMs);
    });
    this.#set = { dueMs, cancel };
  }
}
