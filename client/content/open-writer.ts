// Who may write a blob of a shared store, and who need not: each blob once in the cluster. Knows the hub by what it
// needs of it; knows no registry.
import { isObject } from "../../shared/json-text.ts";
import type { RefCountManager } from "../refcount/index.ts";
import { storeFault } from "./content-error.ts";
import type { ContentGrant, ContentHub, Waiting } from "./coordination.ts";
import { askToHold, type Holding, type Skipped } from "./holding.ts";
import { Ingest } from "./ingest.ts";
import { freshMsDefault, unseenMsMax } from "./limits.ts";
import { pause as realPause, type Pause } from "./pause.ts";
import { Store } from "./store.ts";
import { Writer } from "./writer.ts";

/** What is to be written. */
export type WriterOptions = {
  hub: ContentHub;
  /** An open store, or the folder of one. */
  store: Store | string;
  digest: string;
  /** Bytes of the blob, if they are known. */
  size?: number | undefined;
  /**
   * Counts its node as one that needs the blob, by the name `<store id>/<digest>`, once the blob is in the store, whoever
   * has put it there. Whoever deletes asks it while holding that name exclusively: so no blob goes that is counted.
   */
  refcount?: RefCountManager | undefined;
  /** How old a success may be to serve, in milliseconds; 5 minutes unless given [O7]. */
  freshMs?: number | undefined;
  /** Ends the waiting; and a grant that is in hand, as a failure. */
  signal?: AbortSignal | undefined;
  /** Hash a blob that is here already instead of trusting its size. */
  verify?: boolean | undefined;
  /** Told when somebody else is at work on the blob. */
  onQueued?: ((waiting: Waiting) => void) | undefined;
  /** Told when the blob is granted, before what is left of it is looked at. */
  onGranted?: ((grant: ContentGrant) => void) | undefined;
  /** For tests: how to wait. */
  pause?: Pause | undefined;
};

/** The same with its store open. */
type Writing = Omit<WriterOptions, "store"> & { store: Store };

/** The blob is in the store: `by` has put it there at `fence`, or it was there already (neither is said then). */
export type Skip = {
  readonly status: "skipped";
  readonly bytes: number;
  readonly by?: string;
  readonly fence?: number;
};

/**
 * Asks for the right to write one blob.
 *
 *     const opened = await openWriter({ hub, store, digest, size });
 *     if (opened.status !== "skipped") { await using writer = opened; await writer.write(bytes); await writer.commit(); }
 *
 * Resolves to `{status: "skipped"}` when the blob is in the store, seen from here with its size: it was, or another
 * node has put it there. A success of which nothing can be seen for 10 s is not believed: the blob is asked for again,
 * without what is remembered. Otherwise resolves to the writer, which holds `<store id>/<digest>` until it is committed
 * or closed; it begins at `status().offset`, after what a dead holder left. Throws the hub's errors, or ContentError.
 */
export async function openWriter(asked: WriterOptions): Promise<Writer | Skip> {
  const { store: place, pause = realPause } = asked;
  const store = typeof place === "string" ? await Store.open(place, { pause }) : place;
  return openIn({ ...asked, store, pause });
}

async function openIn(options: Writing): Promise<Writer | Skip> {
  const { store, digest, size, verify = false, pause = realPause } = options;
  const signal = options.signal ?? new AbortController().signal;
  const sight = await store.look(digest, size, { verify });
  if (sight.state === "whole" && (await isCounted(options, signal))) return { status: "skipped", bytes: sight.bytes };
  // What is broken here, or gone by now, was once called a success: only a new one serves.
  let freshMs = sight.state === "absent" ? (options.freshMs ?? freshMsDefault) : undefined;
  for (;;) {
    signal.throwIfAborted();
    const asked = await ask(options, freshMs, signal);
    if (asked.status === "held") return await takeUp(options, asked, signal);
    const bytes = size ?? bytesOf(asked);
    const isHere = await store.appears(digest, bytes, { withinMs: unseenMsMax, signal, pause });
    if (isHere && (await isCounted(options, signal))) return await skip(options, asked);
    freshMs = undefined;
  }
}

function ask(options: Writing, freshMs: number | undefined, signal: AbortSignal): Promise<Holding | Skipped> {
  const { hub, store, digest, onQueued } = options;
  return askToHold(hub, store.resource(digest), {
    operation: "pull",
    signal,
    ...(freshMs === undefined ? {} : { freshMs }),
    ...(onQueued === undefined ? {} : { onQueued }),
  });
}

async function takeUp(options: Writing, holding: Holding, signal: AbortSignal): Promise<Writer | Skip> {
  const { store, digest, size, verify = false, onGranted } = options;
  try {
    const { fence, signal: granted } = holding.grant;
    onGranted?.(holding.grant);
    // A hub that lost its memory grants what an earlier one had called done.
    const sight = await store.look(digest, size, { verify });
    if (sight.state === "whole") {
      await count(options, "skipped");
      await store.removeRests(digest, fence);
      await holding.succeed(sight.bytes).catch(() => undefined);
      return { status: "skipped", bytes: sight.bytes };
    }
    const both = AbortSignal.any([granted, signal]);
    const ingest = await Ingest.open({ store, digest, size, fence, signal: both });
    return new Writer(holding, ingest, { size, committed: () => count(options, "done") });
  } catch (error) {
    await holding.fail(error);
    throw error;
  }
}

/** Counts a blob that is here, while nobody can be deleting it; false when somebody has. */
async function isCounted({ hub, store, digest, size, refcount }: Writing, signal: AbortSignal): Promise<boolean> {
  if (refcount === undefined) return true;
  const resource = store.resource(digest);
  const nodes = await refcount.storage.get(resource);
  if (nodes.includes(refcount.node)) return true;
  await using _looking = await hub.shared(resource, { operation: "pull", signal });
  if ((await store.look(digest, size)).state !== "whole") return false;
  await count({ store, digest, refcount }, "skipped");
  return true;
}

async function count(
  { store, digest, refcount }: Pick<Writing, "store" | "digest" | "refcount">,
  status: "done" | "skipped",
): Promise<void> {
  try {
    await refcount?.update("pull", store.resource(digest), { status });
  } catch (error) {
    throw storeFault(error, store.folder);
  }
}

async function skip({ store, digest, size }: Writing, { by, fence }: Skipped): Promise<Skip> {
  const bytes = size ?? (await store.size(digest));
  return { status: "skipped", bytes, by, fence };
}

function bytesOf({ result }: Skipped): number | undefined {
  return isObject(result) && typeof result["bytes"] === "number" ? result["bytes"] : undefined;
}
