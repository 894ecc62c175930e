// One session as its caller knows it, and how long what it holds is surely held [S12]. PURE: time is an argument.
// Knows no connection and no request.
import type { HubMessageOf } from "../shared/protocol.ts";
import { boundsOf, type Bounds } from "./bounds.ts";

/** Of what the hub promises, so much is relied on: clocks of two machines do not run at the same rate. */
const trustedShare = 0.9;
/** Of what is sure, so much passes before a sign of life is asked for: the rest is what a pause may last and cost nothing. */
const askedShare = 1 / 3;
/** After so many heartbeats without a pong the hub ends a session without grace [S2]. */
const silentHeartbeats = 3;

/** A session that the hub has welcomed. */
export class Session {
  readonly id: string;
  readonly #secret: string;
  readonly hub: string;
  readonly heartbeatMs: number;
  readonly lockDelayMs: number;
  readonly bounds: Bounds;
  /** How long the session outlives its socket, in milliseconds; a hub that leaves may say another [S13]. */
  graceMs: number;
  /** When the last message was sent that the hub is known to have received. */
  #provenAtMs: number;
  /** When the last pong was sent, or the hello: the hub counts silence from no earlier. */
  #spokeAtMs: number;
  #pongs: { n: number; sentAtMs: number }[] = [];
  #pingSentAtMs: number | undefined;

  /** @param helloAtMs when the hello was sent that the welcome answers */
  constructor(welcome: HubMessageOf<"welcome">, helloAtMs: number) {
    this.id = welcome.session;
    this.#secret = welcome.secret;
    this.hub = welcome.hub;
    this.heartbeatMs = welcome.heartbeatMs;
    this.lockDelayMs = welcome.lockDelayMs;
    this.bounds = boundsOf(welcome.limits);
    this.graceMs = welcome.graceMs;
    this.#provenAtMs = helloAtMs;
    this.#spokeAtMs = helloAtMs;
  }

  /** What a hello resumes it with [S4]. */
  get credentials(): { session: string; secret: string } {
    return { session: this.id, secret: this.#secret };
  }

  /** The hub has received a message that was sent then. */
  proven(sentAtMs: number): void {
    if (sentAtMs > this.#provenAtMs) this.#provenAtMs = sentAtMs;
  }

  /** A ping is being answered [S2]. */
  pongSent(n: number, nowMs: number): void {
    this.#pongs.push({ n, sentAtMs: nowMs });
    this.#spokeAtMs = nowMs;
  }

  /** The hub names the last pong that has arrived [S2]. */
  pongSeen(n: number): void {
    const place = this.#pongs.findIndex((pong) => pong.n === n);
    const pong = this.#pongs[place];
    if (pong === undefined) return;
    this.proven(pong.sentAtMs);
    this.#pongs.splice(0, place + 1);
  }

  /** An own ping is being sent. */
  pingSent(nowMs: number): void {
    this.#pingSentAtMs ??= nowMs;
  }

  /** An own ping was answered. */
  pingAnswered(): void {
    if (this.#pingSentAtMs !== undefined) this.proven(this.#pingSentAtMs);
    this.#pingSentAtMs = undefined;
  }

  /**
   * Until when what is held is held, in milliseconds of the clock [S12]: surely, where the hub promises grace or a lock delay.
   * Where it does not, any end of the socket is the end; but that of one's own silence, as after a pause, is foreseen.
   */
  get sureUntilMs(): number {
    const promisedMs = this.#promisedMs;
    if (promisedMs === 0) return this.#spokeAtMs + silentHeartbeats * this.heartbeatMs * trustedShare;
    return this.#provenAtMs + promisedMs * trustedShare;
  }

  /** When to ask the hub for a sign that it hears, if something is held; Infinity when it is asked, or of no use. */
  get pingAtMs(): number {
    const promisedMs = this.#promisedMs;
    if (promisedMs === 0 || this.#pingSentAtMs !== undefined) return Infinity;
    return this.#provenAtMs + promisedMs * trustedShare * askedShare;
  }

  get #promisedMs(): number {
    return this.graceMs + this.lockDelayMs;
  }
}
