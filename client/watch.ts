// Live pictures of what a hub coordinates, as something to iterate over. Knows no message and no connection.
import type { ResourceRow, ResourceView } from "../shared/protocol.ts";
import { checkDuration, checkInteger, checkName, checkText, type Bounds } from "./bounds.ts";
import type { Call } from "./call.ts";
import type { Picture } from "./picture.ts";
import { Watching, type Book } from "./watching.ts";

/** How to watch. */
export type WatchOptions = {
  /** How many resources are shown at most, the first by name; 1 to 10,000, and 100 if unsaid. */
  limit?: number | undefined;
  /** How often changes are shown at most, in milliseconds; 250 if unsaid. */
  intervalMs?: number | undefined;
  /** Aborting ends it: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
};

/** What to watch: all resources whose names begin so, or one. */
export type Watched = { prefix?: string | undefined; resource?: never } | { resource: string; prefix?: never };

/** What watching needs of the book of requests. */
type WatchBook = Book & { readonly bounds: Bounds; add(call: Call): void };

/** Rows of all resources whose names begin so. */
export function watchRows(book: WatchBook, prefix: string, options: WatchOptions) {
  checkText("prefix", prefix, book.bounds.resourceBytesMax);
  return pictures(book, { prefix }, options, rowOf);
}

/** The whole view of one resource. */
export function watchView(book: WatchBook, resource: string, options: WatchOptions) {
  checkName("resource", resource, book.bounds.resourceBytesMax);
  return pictures(book, { resource }, options, viewOf);
}

function pictures<Entry extends ResourceRow | ResourceView>(
  book: WatchBook,
  what: { prefix: string } | { resource: string },
  { limit, intervalMs, signal }: WatchOptions,
  entryOf: (shown: ResourceRow | ResourceView) => Entry | undefined,
): AsyncGenerator<Picture<Entry>, never, undefined> {
  checkInteger("limit", limit, 1, Number.MAX_SAFE_INTEGER);
  checkDuration("intervalMs", intervalMs);
  const wish = { ...what, ...(limit !== undefined && { limit }), ...(intervalMs !== undefined && { intervalMs }) };
  return iterate(new Watching(wish, book, entryOf), book, signal);
}

async function* iterate<Entry extends ResourceRow | ResourceView>(
  watching: Watching<Entry>,
  book: WatchBook,
  signal: AbortSignal | undefined,
): AsyncGenerator<Picture<Entry>, never, undefined> {
  signal?.throwIfAborted();
  const end = () => {
    watching.stop();
    watching.close(signal?.reason);
  };
  signal?.addEventListener("abort", end);
  book.add(watching);
  try {
    for (;;) yield await watching.next();
  } finally {
    signal?.removeEventListener("abort", end);
    watching.stop();
  }
}

function rowOf(shown: ResourceRow | ResourceView): ResourceRow | undefined {
  return "oldestWaitMs" in shown ? shown : undefined;
}

function viewOf(shown: ResourceRow | ResourceView): ResourceView | undefined {
  return "queue" in shown ? shown : undefined;
}
