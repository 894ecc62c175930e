// Who floods: whoever brings more than a turn takes for so long without a break, while others ask for something. A burst is none,
// nor is it what waits for answers before it goes on, nor anything where nobody else is. Knows no message.

const burstMsMax = 100;
// What lay there when somebody might go on is read by then; what was sent on an answer seldom is.
const breakMsMax = 5;
const othersMsMax = 1_000;

type Burst = { readonly sinceMs: number; lastMs: number };

/** Those who bring more than a turn takes. */
export class Floods<Speaker extends object> {
  readonly #bursts = new WeakMap<Speaker, Burst>();
  #othersMs = -Infinity;

  /** Somebody asks for something. */
  heard(speaker: Speaker, nowMs: number): void {
    if (this.#burstOf(speaker, nowMs) === undefined) this.#othersMs = nowMs;
  }

  /** Somebody has brought more than a turn takes, or still waits with it. */
  waits(speaker: Speaker, nowMs: number): void {
    const burst = this.#burstOf(speaker, nowMs);
    if (burst === undefined) this.#bursts.set(speaker, { sinceMs: nowMs, lastMs: nowMs });
    else burst.lastMs = nowMs;
  }

  isFlood(speaker: Speaker, nowMs: number): boolean {
    const burst = this.#burstOf(speaker, nowMs);
    return burst !== undefined && nowMs - burst.sinceMs > burstMsMax && nowMs - this.#othersMs < othersMsMax;
  }

  /** Somebody who waited for its turn, however long, goes on. */
  goesOn(speaker: Speaker, nowMs: number): void {
    const burst = this.#bursts.get(speaker);
    if (burst !== undefined) burst.lastMs = nowMs;
  }

  #burstOf(speaker: Speaker, nowMs: number): Burst | undefined {
    const burst = this.#bursts.get(speaker);
    return burst !== undefined && nowMs - burst.lastMs <= breakMsMax ? burst : undefined;
  }
}
