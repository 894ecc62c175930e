// The sockets that have not said hello: for how long they may stay [S1], and how many of them there may be [B1]. Knows no
// message.
import type { Clock } from "./clock.ts";
import { countRefusal, type Limits, type Refusals } from "../shared/limits.ts";

/** Someone who has not said hello. */
export type Silent = {
  /** Since when, in milliseconds. */
  readonly silentSinceMs: number | undefined;
  /** Turns it away. */
  tooSilent(why: string): void;
};

/** All who are silent, the oldest first. */
export class Silence<One extends Silent> {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #refusals: Refusals;
  readonly #silent = new Set<One>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, limits: Limits, refusals: Refusals) {
    this.#clock = clock;
    this.#refusals = refusals;
    this.#limits = limits;
  }

  /** Adds one; past the bound the oldest is turned away. */
  add(one: One): void {
    this.#silent.add(one);
    if (this.#silent.size === 1) this.#lookAfter(this.#limits.helloMsMax);
    if (this.#silent.size <= this.#limits.silentSocketsMax) return;
    const [oldest] = this.#silent;
    countRefusal(this.#refusals, "silentSocketsMax");
    oldest?.tooSilent("too many silent sockets");
  }

  remove(one: One): void {
    this.#silent.delete(one);
  }

  stop(): void {
    this.#cancel?.();
  }

  #lookAfter(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(delayMs, () => {
      const nowMs = this.#clock.nowMs();
      for (const one of this.#silent) {
        const leftMs = (one.silentSinceMs ?? nowMs) + this.#limits.helloMsMax - nowMs;
        if (leftMs > 0) return this.#lookAfter(leftMs);
        countRefusal(this.#refusals, "helloMsMax");
        one.tooSilent("no hello in time");
      }
    });
  }
}
