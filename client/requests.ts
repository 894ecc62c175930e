// The requests of one hub, in the order in which they were asked, over all its sessions. Finds the one that a message is
// about. Knows no socket.
import { encode } from "../shared/protocol.ts";
import type { Answer, AskOptions, RequestMessage, Wish } from "./asking.ts";
import { BatonError } from "./baton-error.ts";
import { boundsOf, type Bounds } from "./bounds.ts";
import { guarded } from "./events.ts";
import { farewell, unsureFarewell } from "./farewell.ts";
import { unsureError } from "./holding.ts";
import type { Call } from "./call.ts";
import { Referral, type Question, type ReferenceSet } from "./referral.ts";
import { Request, type Book } from "./request.ts";
import type { Session } from "./session.ts";
import { Unsent, type Pauses } from "./unsent.ts";

/** What the requests need of the connection. */
export type Wire = {
  nowMs(): number;
  after(afterMs: number, call: () => void): () => void;
  /** Says it on the open connection. */
  say(text: string): void;
  /** Something is held now, which was not so before. */
  holdsSomething(): void;
};

const boundsUntold = boundsOf({});

/** The book of requests. */
export class Requests implements Book {
  readonly #wire: Wire;
  /** In the order of their ids. */
  readonly #live = new Map<number, Call>();
  /** To be asked, in that order, as soon as a session is open. */
  readonly #unsent: Unsent;
  /** Ids that the hub has received and, since the session goes on, said nothing of. */
  #untold = new Set<number>();
  #session: Session | undefined;
  #connections = 0;
  #connection = 0;
  #lastId = 0;
  #holds = 0;
  #closed: BatonError | undefined;

  constructor(wire: Wire, pauses: Pauses) {
    this.#wire = wire;
    this.#unsent = new Unsent(pauses, this, (call) => this.#ask(call));
  }

  get connection(): number {
    return this.#connection;
  }

  get sessionId(): string {
    return this.#session?.id ?? "";
  }

  get bounds(): Bounds {
    return this.#session?.bounds ?? boundsUntold;
  }

  get lockDelayMs(): number {
    return this.#session?.lockDelayMs ?? 0;
  }

  get sureUntilMs(): number {
    return this.#session?.sureUntilMs ?? Infinity;
  }

  /** Whether anything is held. */
  get isHolding(): boolean {
    return this.#holds > 0;
  }

  /**
   * Asks for a resource, now or as soon as a session is open, and again in the next session if this one ends first.
   *
   * @throws BatonError why it was not granted; the signal's reason when that aborts
   */
  ask(wish: Wish, { signal, onQueued, onWanted }: AskOptions): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const queued = onQueued && guarded(onQueued);
    const wanted = onWanted && guarded(onWanted);
    if (signal === undefined) {
      this.add(new Request(wish, { queued, wanted, resolve, reject }, this));
    } else if (signal.aborted) {
      reject(signal.reason);
    } else {
      const giveUp = () => request.giveUp(signal.reason);
      const listened = <Value>(settle: (value: Value) => void) => {
        return (value: Value) => {
          signal.removeEventListener("abort", giveUp);
          settle(value);
        };
      };
      const request = new Request(wish, { queued, wanted, resolve: listened(resolve), reject: listened(reject) }, this);
      signal.addEventListener("abort", giveUp);
      this.add(request);
    }
    return promise;
  }

  /**
   * Asks for a reference set, or changes it, now or as soon as a session is open.
   *
   * @throws BatonError why nothing was changed; the signal's reason when that aborts
   */
  refer(question: Question, signal: AbortSignal | undefined): Promise<ReferenceSet> {
    const { promise, resolve, reject } = Promise.withResolvers<ReferenceSet>();
    const referral = new Referral(question, { resolve, reject }, this);
    const giveUp = () => referral.close(signal?.reason);
    if (signal?.aborted === true) giveUp();
    else this.add(referral);
    signal?.addEventListener("abort", giveUp);
    return promise.finally(() => signal?.removeEventListener("abort", giveUp));
  }

  /** Has something asked for, now or as soon as a session is open. */
  add(call: Call): void {
    if (this.#closed === undefined) this.#enter(call);
    else call.close(this.#closed);
  }

  again(call: Call): void {
    this.#live.delete(call.id);
    this.#unsent.add(call);
  }

  /** The hub has said something about a request. */
  hear(message: RequestMessage): void {
    const request = this.#heardOf(message.id);
    // What is left of what was asked for before the end, the bye ends.
    if (request !== undefined || this.#closed !== undefined) return request?.hear(message);
    // A hub that had not missed a session without grace resumes it, though all was given up here: it must stand in nobody's way.
    const ended = new BatonError("SESSION_ENDED", "its holder has given it up with the connection");
    if (message.type === "granted") this.say(unsureFarewell(message.id, ended, this).text);
    if (message.type === "queued") this.say(farewell({ type: "cancel", id: message.id }).text);
  }

  /** The hub has refused something that was said about a request. */
  refused(id: number, error: BatonError): void {
    const call = this.#heardOf(id);
    if (call?.refused(error) !== true) return;
    this.#live.delete(id);
    this.#unsent.addForLater(call);
  }

  /** A session is open; with `lastId` it is the one from before [S9]. */
  begun(session: Session, lastId: number | undefined): void {
    this.#session = session;
    this.#connections += 1;
    this.#connection = this.#connections;
    this.#untold = new Set([...this.#live.keys()].filter((id) => id <= (lastId ?? 0)));
    if (lastId !== undefined) for (const request of this.#live.values()) request.resumed(lastId);
    this.#unsent.askAll();
    if (this.#untold.size === 0) return;
    session.pingSent(this.nowMs());
    this.say(encode({ type: "ping" }));
  }

  /** All that the hub has of the session is told [S9]: what is missing it has refused, and that answer alone is not kept. */
  toldAll(): void {
    const untold = this.#untold;
    this.#untold = new Set();
    for (const id of untold) {
      const request = this.#live.get(id);
      if (request?.unknown() !== true) continue;
      this.#live.delete(id);
      this.#ask(request);
    }
  }

  /** The connection is gone; the session lives on. */
  detached(): void {
    this.#connection = 0;
    for (const request of this.#live.values()) request.away();
  }

  /** The session is gone: what it held is lost, and what it awaited, if that is not taken back for it, is asked for in the next. */
  ended(error: BatonError): void {
    this.#connection = 0;
    const live = [...this.#live.values()];
    this.#live.clear();
    this.#unsent.addFirst(live);
    for (const request of live) request.ended(error);
    for (const request of this.#unsent) request.away();
  }

  /** The session may be gone: what it held is lost [S12]. */
  unsure(): void {
    const error = unsureError();
    for (const request of this.#live.values()) request.unsure(error);
  }

  /** No more is asked for, and nothing is held; what is being released still is. */
  stop(error: BatonError): void {
    this.#closed = error;
    for (const request of [...this.#live.values(), ...this.#unsent]) if (!request.isLeaving) request.close(error);
  }

  /** Nothing more will be heard. */
  close(error: BatonError): void {
    this.#connection = 0;
    this.stop(error);
    for (const request of this.#live.values()) request.close(error);
  }

  nowMs(): number {
    return this.#wire.nowMs();
  }

  after(afterMs: number, call: () => void): () => void {
    return this.#wire.after(afterMs, call);
  }

  say(text: string): void {
    this.#wire.say(text);
  }

  proven(saidAtMs: number): void {
    this.#unsent.taken();
    this.#session?.proven(saidAtMs);
  }

  holds(change: 1 | -1): void {
    this.#holds += change;
    if (this.#holds === 1 && change === 1) this.#wire.holdsSomething();
  }

  over(request: Call): void {
    this.#live.delete(request.id);
    this.#unsent.delete(request);
  }

  #heardOf(id: number): Call | undefined {
    this.#untold.delete(id);
    return this.#live.get(id);
  }

  #enter(request: Call): void {
    if (this.#connection > 0) return this.#ask(request);
    this.#unsent.add(request);
    request.away();
  }

  #ask(request: Call): void {
    this.#lastId += 1;
    request.ask(this.#lastId);
    this.#live.set(this.#lastId, request);
  }
}
