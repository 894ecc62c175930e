// One watch from the asking to its end, over as many connections as it takes: what it shows by now. Knows no connection, and
// nothing of how its pictures are used.
import {
  encode,
  type ClientMessageOf,
  type HubMessageOf,
  type ResourceRow,
  type ResourceView,
} from "../shared/protocol.ts";
import { failedError, type RequestMessage } from "./asking.ts";
import type { BatonError } from "./baton-error.ts";
import type { Call } from "./call.ts";
import { Picture, type Totals } from "./picture.ts";

/** What is asked for: a watch without its id. */
type Wish = Partial<Omit<ClientMessageOf<"watch">, "type" | "id">>;

/** What a watch needs of the book it stands in. */
export type Book = {
  readonly connection: number;
  say(text: string): void;
  /** It has ended with the connection, and is to be asked for on the next one. */
  again(call: Call): void;
  over(call: Call): void;
};

/** One watch. */
export class Watching<Entry extends ResourceRow | ResourceView> implements Call {
  readonly isLeaving = false;
  readonly #wish: Wish;
  readonly #book: Book;
  readonly #entryOf: (shown: ResourceRow | ResourceView) => Entry | undefined;
  #id = 0;
  #rows = new Map<string, Entry>();
  /** The parts of a picture whose last one has not come. */
  #coming = new Map<string, Entry>();
  #totals: Totals | undefined;
  #isStale = false;
  /** Whether there is something that was not given out. */
  #isNew = false;
  #change = Promise.withResolvers<void>();
  #end: { reason: unknown } | undefined;

  /** @param entryOf the form in which resources are shown; undefined of another */
  constructor(wish: Wish, book: Book, entryOf: (shown: ResourceRow | ResourceView) => Entry | undefined) {
    this.#wish = wish;
    this.#book = book;
    this.#entryOf = entryOf;
  }

  get id(): number {
    return this.#id;
  }

  /**
   * The picture as it is now, or as soon as it differs from the last one given out.
   *
   * @throws why it has ended
   */
  async next(): Promise<Picture<Entry>> {
    for (;;) {
      if (this.#end !== undefined) throw this.#end.reason;
      const totals = this.#totals;
      if (this.#isNew && totals !== undefined) {
        this.#isNew = false;
        return new Picture(new Map(this.#rows), totals, this.#isStale);
      }
      await this.#change.promise;
    }
  }

  /** Nobody looks any more. */
  stop(): void {
    const isAsked = this.#id > 0 && this.#book.connection > 0;
    if (isAsked) this.#book.say(encode({ type: "unwatch", id: this.#id }));
    this.#leave();
  }

  ask(id: number): void {
    this.#id = id;
    this.#coming = new Map();
    this.#book.say(encode({ type: "watch", id, ...this.#wish }));
  }

  away(): void {
    this.#book.again(this);
    this.#id = 0;
    if (this.#totals === undefined || this.#isStale) return;
    this.#isStale = true;
    this.#show();
  }

  resumed(): void {}

  unknown(): boolean {
    return true;
  }

  ended(): void {}

  unsure(): void {}

  close(reason: unknown): void {
    this.#leave();
    this.#end = { reason };
    this.#tell();
  }

  refused(error: BatonError): boolean {
    this.close(error);
    return false;
  }

  hear(message: RequestMessage): void {
    if (message.type === "failed") return this.close(failedError(message));
    if (message.type === "watching") this.#picture(message);
    if (message.type === "changes") this.#changes(message);
  }

  #picture({ resources, totals, more }: HubMessageOf<"watching">): void {
    for (const shown of resources) this.#put(this.#coming, shown);
    if (more === true) return;
    this.#rows = this.#coming;
    this.#coming = new Map();
    this.#totals = totals;
    this.#isStale = false;
    this.#show();
  }

  #changes({ resources, totals }: HubMessageOf<"changes">): void {
    for (const shown of resources) {
      if ("gone" in shown) this.#rows.delete(shown.resource);
      else this.#put(this.#rows, shown);
    }
    this.#totals = totals;
    this.#show();
  }

  #put(rows: Map<string, Entry>, shown: ResourceRow | ResourceView): void {
    const entry = this.#entryOf(shown);
    if (entry !== undefined) rows.set(shown.resource, entry);
  }

  #show(): void {
    this.#isNew = true;
    this.#tell();
  }

  #leave(): void {
    this.#book.over(this);
    this.#id = 0;
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
