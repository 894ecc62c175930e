// One acquire from the asking to its end, over as many sessions as it takes: what is said about it, and what is heard.
// Knows no connection and no other request.
import { assertNever } from "../shared/errors.ts";
import { encode, type HubMessageOf } from "../shared/protocol.ts";
import { failedError, skipOf, type Asker, type RequestMessage, type Wish } from "./asking.ts";
import { BatonError } from "./baton-error.ts";
import type { Call } from "./call.ts";
import { farewell, unsureFarewell, wordless, type Farewell } from "./farewell.ts";
import { Holding, type Leaver, type Line } from "./holding.ts";
import { Patience } from "./patience.ts";

/** What a request needs of the book it stands in. */
export type Book = Line & {
  readonly sessionId: string;
  /** How long the hub keeps a resource after a session that ended, in milliseconds [S6]. */
  readonly lockDelayMs: number;
  /** The request has come to its end. */
  over(call: Call): void;
};

type State =
  /** To be asked as soon as a session is open. */
  | { kind: "unsent" }
  | { kind: "waiting" }
  | { kind: "held"; holding: Holding }
  /** The farewell was said on that connection; 0 for on none. */
  | { kind: "leaving"; farewell: Farewell; connection: number }
  | { kind: "over" };

/** A farewell that the hub could not take just now is said again after that long. */
const againMs = 1_000;

/** One request. */
export class Request implements Call, Leaver {
  readonly #wish: Wish;
  readonly #asker: Asker;
  readonly #book: Book;
  readonly #patience: Patience;
  #state: State = { kind: "unsent" };
  #id = 0;
  /** When the message was said that is to be answered next. */
  #saidAtMs = 0;

  constructor(wish: Wish, asker: Asker, book: Book) {
    this.#wish = wish;
    this.#asker = asker;
    this.#book = book;
    this.#patience = new Patience(wish.waitMs, book);
  }

  get id(): number {
    return this.#id;
  }

  get isLeaving(): boolean {
    return this.#state.kind === "leaving";
  }

  /** Asks for it on the open connection, under a new id. */
  ask(id: number): void {
    this.#id = id;
    this.#state = { kind: "waiting" };
    this.#acquire();
  }

  /** It stands in no queue of a hub: nobody but the request itself counts how long it waits. */
  away(): void {
    if (!this.#isAwaited) return;
    this.#patience.start((error) => this.giveUp(error));
  }

  /** The session goes on [S9]: what the hub has not received is said again; of all else it tells the state. */
  resumed(lastId: number): void {
    this.#patience.stop();
    if (this.#id <= lastId) return;
    if (this.#state.kind === "waiting") this.#acquire();
    else this.unknown();
  }

  unknown(): boolean {
    return this.ended(new BatonError("SESSION_ENDED", "the hub does not know the request"));
  }

  /** The session is gone; whether the request is to be asked again in the next one. */
  ended(error: BatonError): boolean {
    const state = this.#state;
    switch (state.kind) {
      case "unsent":
        return true;
      case "waiting":
        this.#state = { kind: "unsent" };
        return true;
      case "held":
        this.#over();
        state.holding.lose(error);
        return false;
      case "leaving":
        this.#over();
        // Of anything but a success the end of the session says enough [S6].
        if (state.farewell.kind === "success") state.farewell.heard.reject(error);
        else state.farewell.heard.resolve();
        return false;
      case "over":
        return false;
      default:
        return assertNever(state);
    }
  }

  /** Nothing more will be heard of it. */
  close(error: BatonError): void {
    if (this.#isAwaited) this.#reject(error);
    else this.ended(error);
  }

  /** What it holds, if it holds, is lost, and given up as failed [S12]. */
  unsure(error: BatonError): void {
    if (this.#state.kind !== "held") return;
    const { holding } = this.#state;
    void this.leave(unsureFarewell(this.#id, error, this.#book));
    holding.hold.lose(error);
  }

  /** Who asked does not want it any more. What is granted by now is not given back by this. */
  giveUp(reason: unknown): void {
    if (this.#state.kind === "unsent") return this.#reject(reason);
    if (this.#state.kind !== "waiting") return;
    this.#patience.stop();
    this.#asker.reject(reason);
    void this.leave(farewell({ type: "cancel", id: this.#id }));
  }

  leave(farewell: Farewell): Promise<void> {
    if (this.#state.kind === "held") this.#state.holding.end();
    this.#state = { kind: "leaving", farewell, connection: 0 };
    this.#sayFarewell();
    return farewell.heard.promise;
  }

  /** The hub has said something about it. */
  hear(message: RequestMessage): void {
    switch (message.type) {
      case "granted":
        return this.#granted(message);
      case "queued":
        return this.#queued(message);
      case "skipped":
        return this.#answered(() => this.#asker.resolve({ kind: "skipped", skip: skipOf(message) }));
      case "failed":
        return this.#answered(() => this.#asker.reject(failedError(message)));
      case "released":
        // Nothing else shows that the farewell has arrived: it may have crossed any other answer.
        this.#book.proven(this.#saidAtMs);
        return this.#answered(() => this.#asker.reject(new BatonError("CANCELLED", "the hub has ended the request")));
      case "lost":
        return this.close(new BatonError(message.code, message.message));
      case "extended":
        return this.#state.kind === "held" ? this.#state.holding.extended() : undefined;
      case "wanted":
        return this.#asker.wanted?.(message.waiting);
      case "references":
      case "watching":
      case "changes":
        return;
      default:
        return assertNever(message);
    }
  }

  /** The hub has refused what was said about it, and nothing has changed there; whether this is to be asked again later. */
  refused(error: BatonError): boolean {
    const state = this.#state;
    // One that never queues is told at once [Q5].
    if (state.kind === "waiting" && error.code === "UNAVAILABLE" && this.#wish.waitMs !== 0) return this.unknown();
    if (state.kind === "waiting") this.#reject(error);
    if (state.kind === "held") state.holding.refused(error);
    if (state.kind !== "leaving") return false;
    if (error.code === "UNAVAILABLE") {
      state.connection = 0;
      this.#book.after(againMs, () => this.#sayFarewell());
    } else if (error.code === "LOCK_NOT_HELD" || state.farewell.kind === "bare") {
      this.ended(error);
    } else {
      if (state.farewell.kind === "success") state.farewell.heard.reject(error);
      void this.leave(wordless(this.#id, state.farewell));
    }
    return false;
  }

  get #isAwaited(): boolean {
    return this.#state.kind === "unsent" || this.#state.kind === "waiting";
  }

  #acquire(): void {
    this.#patience.stop();
    this.#saidAtMs = this.#book.nowMs();
    this.#book.say(encode({ type: "acquire", id: this.#id, ...this.#wish, waitMs: this.#patience.leftMs }));
  }

  #sayFarewell(): void {
    const { connection } = this.#book;
    if (this.#state.kind !== "leaving" || connection === 0 || this.#state.connection === connection) return;
    this.#state.connection = connection;
    this.#saidAtMs = this.#book.nowMs();
    this.#book.say(this.#state.farewell.text);
  }

  #granted(granted: HubMessageOf<"granted">): void {
    if (this.#state.kind === "held") this.#state.holding.toldAgain(granted.holdMs);
    // Said before on this connection, a cancel has crossed the grant, and the hub gives it back.
    if (this.#state.kind === "leaving") this.#sayFarewell();
    if (this.#state.kind !== "waiting") return;
    this.#book.proven(this.#saidAtMs);
    const { resource, operation, mode } = this.#wish;
    const { fence, attempt, previous } = granted;
    const grant = { resource, operation, mode, session: this.#book.sessionId, fence, attempt, previous };
    const holding = new Holding(this.#id, grant, granted.holdMs, this.#book, this);
    this.#state = { kind: "held", holding };
    this.#asker.resolve({ kind: "granted", hold: holding.hold });
  }

  #queued({ position, holders }: HubMessageOf<"queued">): void {
    if (this.#state.kind === "leaving") this.#sayFarewell();
    if (this.#state.kind !== "waiting") return;
    this.#book.proven(this.#saidAtMs);
    this.#asker.queued?.({ position, holders });
  }

  /** The hub has given its final answer; `tell` passes it on to one who waits for it. */
  #answered(tell: () => void): void {
    const state = this.#state;
    this.#over();
    if (state.kind === "leaving") state.farewell.heard.resolve();
    if (state.kind === "held") state.holding.lose(new BatonError("LOCK_NOT_HELD", "the hub says that it is over"));
    if (state.kind !== "waiting") return;
    this.#book.proven(this.#saidAtMs);
    tell();
  }

  #reject(reason: unknown): void {
    this.#over();
    this.#asker.reject(reason);
  }

  #over(): void {
    this.#patience.stop();
    this.#state = { kind: "over" };
    this.#book.over(this);
  }
}
