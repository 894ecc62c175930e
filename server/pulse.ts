// The pings of one session and their answers [S2][S9]: who is silent for how long, and what has surely arrived. Knows no
// socket and no clock.

/** There is a ping at least every so many answers, so that what is kept for a resume stays short [S9]. */
export const answersBetweenPings = 1_000;

/** A ping that is not answered yet; `order` is the engine's last step when it was said. */
type Ping = { readonly n: number; readonly order: number };

/** The heartbeat of one session; times in milliseconds. */
export class Pulse {
  readonly #heartbeatMs: number;
  #lastPongMs: number;
  #unanswered: Ping[] = [];
  #sent = 0;
  #seen = 0;

  /** A session counts as heard at `nowMs`. */
  constructor(heartbeatMs: number, nowMs: number) {
    this.#heartbeatMs = heartbeatMs;
    this.#lastPongMs = nowMs;
  }

  /** Counts the session as heard: it has said hello, or has read on when it was behind. */
  hear(nowMs: number): void {
    this.#lastPongMs = nowMs;
  }

  /** The text of the next ping, said after step `order`. */
  ping(order: number): string {
    this.#sent += 1;
    this.#unanswered.push({ n: this.#sent, order });
    return `{"type":"ping","n":${this.#sent},"seen":${this.#seen}}`;
  }

  /** Takes a pong; returns the step up to which everything told has arrived, unless the pong answers nothing. */
  pong(n: number, nowMs: number): number | undefined {
    const place = this.#unanswered.findIndex((ping) => ping.n === n);
    const ping = this.#unanswered[place];
    if (ping === undefined) return undefined;
    this.#unanswered.splice(0, place + 1);
    this.#seen = n;
    this.#lastPongMs = nowMs;
    return ping.order;
  }

  /** Whether two rounds have passed without a pong. */
  isSuspect(nowMs: number): boolean {
    return nowMs - this.#lastPongMs >= 2 * this.#heartbeatMs;
  }

  /** Whether no pong has come for three heartbeats; silence before `aliveSinceMs` was the hub's own [S2]. */
  isDead(nowMs: number, aliveSinceMs: number): boolean {
    return nowMs - Math.max(this.#lastPongMs, aliveSinceMs) >= 3 * this.#heartbeatMs;
  }
}
