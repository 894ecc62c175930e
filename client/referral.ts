// One question about a reference set from the asking to its answer, over as many sessions as it takes. Knows no connection.
import { encode, type ClientMessageOf } from "../shared/protocol.ts";
import { failedError, type RequestMessage } from "./asking.ts";
import type { BatonError } from "./baton-error.ts";
import type { Call } from "./call.ts";
import type { Line } from "./holding.ts";

/** What is asked: a refer without its id. */
export type Question = Omit<ClientMessageOf<"refer">, "type" | "id">;

/** Who references a resource: how many nodes, and the first of them in the order of their coming. */
export type ReferenceSet = { count: number; nodes: string[] };

type Asker = { resolve(set: ReferenceSet): void; reject(reason: unknown): void };

/** What a referral needs of the book it stands in. */
export type Book = Pick<Line, "nowMs" | "say" | "proven"> & { over(call: Call): void };

/** One refer. */
export class Referral implements Call {
  readonly isLeaving = false;
  readonly #question: Question;
  readonly #asker: Asker;
  readonly #book: Book;
  #id = 0;
  #saidAtMs = 0;

  constructor(question: Question, asker: Asker, book: Book) {
    this.#question = question;
    this.#asker = asker;
    this.#book = book;
  }

  get id(): number {
    return this.#id;
  }

  ask(id: number): void {
    this.#id = id;
    this.#say();
  }

  away(): void {}

  /** What the hub has received it has answered, and says again [S9]. */
  resumed(lastId: number): void {
    if (this.#id > lastId) this.#say();
  }

  /** It was refused, so that nothing was changed. */
  unknown(): boolean {
    return true;
  }

  /** Asking again changes nothing more, but for a clear: that might take away what others have added meanwhile. */
  ended(error: BatonError): void {
    if (this.#question.action === "clear") this.close(error);
  }

  unsure(): void {}

  close(reason: unknown): void {
    this.#book.over(this);
    this.#asker.reject(reason);
  }

  hear(message: RequestMessage): void {
    if (message.type !== "references" && message.type !== "failed") return;
    this.#book.proven(this.#saidAtMs);
    this.#book.over(this);
    if (message.type === "failed") this.#asker.reject(failedError(message));
    else this.#asker.resolve({ count: message.count, nodes: message.nodes });
  }

  refused(error: BatonError): boolean {
    if (error.code === "UNAVAILABLE") return true;
    this.close(error);
    return false;
  }

  #say(): void {
    this.#saidAtMs = this.#book.nowMs();
    this.#book.say(encode({ type: "refer", id: this.#id, ...this.#question }));
  }
}
