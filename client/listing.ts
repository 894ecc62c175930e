// A list that a hub gives page by page. Knows no hub and no page.

/**
 * A list to iterate over, each page fetched when it is wanted, or to await as an array of all. Each iteration, and each await,
 * asks anew.
 *
 *     for await (const row of hub.list()) console.log(row.resource);
 *     const rows = await hub.list();
 */
export class Listing<Entry> implements AsyncIterable<Entry>, PromiseLike<Entry[]> {
  readonly #entries: () => AsyncGenerator<Entry, void, undefined>;

  /** Made by the SDK alone. */
  constructor(entries: () => AsyncGenerator<Entry, void, undefined>) {
    this.#entries = entries;
  }

  [Symbol.asyncIterator](): AsyncGenerator<Entry, void, undefined> {
    return this.#entries();
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is meant to be awaited
  then<Done = Entry[], Failed = never>(
    fulfilled?: ((entries: Entry[]) => Done | PromiseLike<Done>) | null,
    rejected?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return Array.fromAsync(this).then(fulfilled, rejected);
  }
}
