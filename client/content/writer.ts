// The right to write one blob into a shared store, in hand. Knows the grant and the file; knows no registry.
import { ContentError } from "./content-error.ts";
import type { ContentGrant } from "./coordination.ts";
import type { Holding } from "./holding.ts";
import type { Ingest } from "./ingest.ts";

/** How far a writer is: bytes that are written, from the first on, and how many there will be. */
export type WriterStatus = {
  offset: number;
  /** How many of them an earlier holder had left. */
  resumed: number;
  total?: number;
};

/** What a writer is told of its blob: its size, if that is known, and what is to be done once the blob is in its place. */
export type WriterPlan = { readonly size: number | undefined; readonly committed: () => Promise<void> };

/** How long nothing is told after something was. */
const progressPauseMs = 500;

/** A blob that this node holds and writes. It ends by `commit`, else by `close`, which says failure. */
export class Writer {
  /** The fence of the grant; it can be read after its end. */
  readonly fence: number;
  /** The how-manieth try this is [O5]. */
  readonly attempt: number;
  /** Who failed before, and why [O2]. */
  readonly previous: ContentGrant["previous"];

  readonly #holding: Holding;
  readonly #ingest: Ingest;
  readonly #size: number | undefined;
  readonly #committed: () => Promise<void>;
  #told = 0;
  #pause: NodeJS.Timeout | undefined;
  #failure: unknown;
  #end: Promise<void> | undefined;

  /** Made by `openWriter` alone. */
  constructor(holding: Holding, ingest: Ingest, { size, committed }: WriterPlan) {
    const { attempt, previous } = holding.grant;
    this.fence = ingest.fence;
    this.attempt = attempt;
    this.previous = previous;
    this.#holding = holding;
    this.#ingest = ingest;
    this.#size = size;
    this.#committed = committed;
    this.#tell();
  }

  /** Aborts when the grant is lost, or the caller's own signal aborts: then stop; nothing more will be written. */
  get signal(): AbortSignal {
    return this.#ingest.signal;
  }

  /** How far it is. Writing goes on at `offset`. */
  status(): WriterStatus {
    const { offset, resumed } = this.#ingest;
    return this.#size === undefined ? { offset, resumed } : { offset, resumed, total: this.#size };
  }

  /** Appends bytes, and lets those who wait see how far it is. Throws ContentError, or why the grant is over. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#ingest.write(chunk);
    this.#moved();
  }

  /** Forgets what was written, and goes on at the first byte. */
  async truncate(): Promise<void> {
    await this.#ingest.truncate();
    this.#moved();
  }

  /**
   * Verifies size and digest, makes the blob safe, puts it in its place, and says success. When it throws, nothing is
   * committed: after WRONG_DIGEST the writer is open still, and empty; close it, or write everything anew.
   */
  async commit(): Promise<void> {
    try {
      await this.#ingest.commit();
      await this.#committed();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    // The blob is verified and in its place: a grant that ends before the hub hears of it changes nothing about that.
    clearTimeout(this.#pause);
    this.#end ??= this.#holding.succeed(this.#ingest.offset).catch(() => undefined);
    await this.#end;
  }

  /**
   * Ends the grant. Without a commit before, that is a failure: `error` is why, and what was written is kept as a rest
   * for the next holder. After a commit it does nothing.
   */
  async close(error?: unknown): Promise<void> {
    this.#end ??= this.#fail(error);
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #fail(error: unknown): Promise<void> {
    clearTimeout(this.#pause);
    const why = error ?? this.#failure ?? new ContentError("NOT_COMMITTED", "closed without a commit");
    try {
      await this.#ingest.close();
    } finally {
      await this.#holding.fail(why);
    }
  }

  /** Tells at once how far it is, and at the end of a pause what has come in it. */
  #moved(): void {
    if (this.#pause !== undefined || this.#ingest.offset === this.#told) return;
    this.#tell();
    const over = () => {
      this.#pause = undefined;
      this.#moved();
    };
    this.#pause = setTimeout(over, progressPauseMs).unref();
  }

  #tell(): void {
    const { offset } = this.#ingest;
    this.#told = offset;
    this.#holding.grant.progress(this.#size === undefined ? { done: offset } : { done: offset, total: this.#size });
  }
}
