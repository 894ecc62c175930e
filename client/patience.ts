// How long one waits, counted from the asking [Q5]. The hub counts it for what it has received; this does meanwhile.
// Knows no request.
import { BatonError } from "./baton-error.ts";

/** What patience needs of the time. */
type Time = { nowMs(): number; after(afterMs: number, call: () => void): () => void };

/** The `waitMs` of one request. */
export class Patience {
  readonly #waitMs: number | undefined;
  readonly #time: Time;
  readonly #sinceMs: number;
  #stop: (() => void) | undefined;

  constructor(waitMs: number | undefined, time: Time) {
    this.#waitMs = waitMs;
    this.#time = time;
    this.#sinceMs = time.nowMs();
  }

  /** What is left to tell the hub, in whole milliseconds: 0 only if that is what was asked, as it means not to queue. */
  get leftMs(): number | undefined {
    return this.#waitMs && Math.max(1, Math.round(this.#exactlyLeftMs(this.#waitMs)));
  }

  /** Calls when it is over; 0 waits for a connection as long as it takes, since only the hub can answer. */
  start(over: (error: BatonError) => void): void {
    const waitMs = this.#waitMs;
    if (!waitMs || this.#stop !== undefined) return;
    const error = () => new BatonError("LOCK_TIMEOUT", `${waitMs} ms have passed, the last of them without a hub`);
    this.#stop = this.#time.after(this.#exactlyLeftMs(waitMs), () => over(error()));
  }

  /** The hub counts again, or there is nothing to wait for any more. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #exactlyLeftMs(waitMs: number): number {
    return this.#sinceMs + waitMs - this.#time.nowMs();
  }
}
