// The blobs of one pull: a few at a time, each exists, skipped, or downloaded here; and what they come to. Knows neither
// manifests nor index.json.
import { codeOf, ContentError, messageOf } from "./content-error.ts";
import type { RefCountManager } from "../refcount/index.ts";
import type { ContentGrant, ContentHub } from "./coordination.ts";
import { download } from "./download.ts";
import { concurrencyDefault, askAgainMax, retryAfterMsMax } from "./limits.ts";
import { openWriter, type Skip } from "./open-writer.ts";
import type { Pause } from "./pause.ts";
import type { Amount, Blob, PullEvent, PullEventOf, PullSummary } from "./pull-event.ts";
import type { ContentDoor, Registry } from "./registry.ts";
import { Slots } from "./slots.ts";
import type { Store } from "./store.ts";
import type { Writer } from "./writer.ts";

/** From where, into what, and who is told. */
export type BlobPullOptions = {
  hub: ContentHub;
  store: Store;
  registry: Registry;
  /** Counts the image as one that needs the blobs. */
  refcount: RefCountManager;
  concurrency?: number | undefined;
  verify?: boolean | undefined;
  signal: AbortSignal;
  onEvent: (event: PullEvent) => void;
  pause: Pause;
};

type Tally = Pick<PullSummary, "all" | "downloaded" | "skipped" | "existing" | "fetchedBytes" | "savedBytes">;

/** What has become of a blob; the bytes are its own. */
type Settled = { kind: "downloaded" | "skipped" | "existing"; bytes: number };

const progressBytesMin = 64 * 1024;
const progressStepsMax = 200;

/** Has the blobs of one pull put into the store. */
export class BlobPull {
  readonly #options: BlobPullOptions;
  readonly #slots: Slots;
  readonly #running = new Set<Promise<void>>();
  readonly #blobs = new Map<string, Blob>();
  readonly #settled = new Map<string, Settled>();
  #fetchedBytes = 0;

  constructor(options: BlobPullOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency ?? concurrencyDefault);
  }

  /** Resolves when the blob is in the store, whoever has put it there; asked again, when it is there still. */
  async pull(blob: Blob, door: ContentDoor): Promise<void> {
    if (!this.#blobs.has(blob.digest)) this.#options.onEvent({ type: "blob", blob });
    this.#blobs.set(blob.digest, blob);
    const running = this.#persist(blob, door);
    this.#running.add(running);
    await running;
  }

  /** Resolves when nothing is under way any more: every grant is given back. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** What the blobs come to, until now. */
  tally(): Tally {
    const settled = [...this.#settled.values()];
    const of = (kind: Settled["kind"]) => amount(settled.filter((one) => one.kind === kind));
    const [all, downloaded, skipped, existing] = [amount(settled), of("downloaded"), of("skipped"), of("existing")];
    const savedBytes = Math.max(all.bytes - this.#fetchedBytes, 0);
    return { all, downloaded, skipped, existing, fetchedBytes: this.#fetchedBytes, savedBytes };
  }

  /** Whether every blob of this pull is in the store, and counted. */
  async areKept(): Promise<boolean> {
    const { store, refcount } = this.#options;
    for (const blob of this.#blobs.values()) if (!(await isKept(store, refcount, blob))) return false;
    return true;
  }

  async #persist(blob: Blob, door: ContentDoor): Promise<void> {
    const { signal, onEvent } = this.#options;
    for (let again = 0; ; again++) {
      try {
        return await this.#pullOnce(blob, door);
      } catch (error) {
        if (signal.aborted) throw error;
        const message = messageOf(error);
        const code = codeOf(error);
        if (again === askAgainMax || !mayAskAgain(error)) {
          onEvent({ type: "failed", digest: blob.digest, ...(code === undefined ? {} : { code }), message });
          throw error;
        }
        // After "too many requests" the hub grants it to nobody, us included, until the registry's time has passed [O2].
        onEvent({ type: "retry", digest: blob.digest, message });
      }
    }
  }

  async #pullOnce({ digest, size }: Blob, door: ContentDoor): Promise<void> {
    const { hub, store, refcount, verify, signal, onEvent, pause } = this.#options;
    const slot = await this.#slots.take();
    try {
      signal.throwIfAborted();
      const opened = await openWriter({
        hub,
        store,
        digest,
        size,
        refcount,
        verify,
        signal,
        pause,
        onQueued: (waiting) => {
          // Waiting takes no place: meanwhile another blob is begun, so that the nodes spread over the image.
          slot.free();
          onEvent({ type: "queued", digest, ...waiting });
        },
        onGranted: (grant) => {
          // Who takes over does so at once; it is what has not begun that waits.
          slot.retake();
          onEvent({ type: "granted", digest, ...grantOf(grant) });
        },
      });
      if (opened.status === "skipped") this.#skipped(digest, opened);
      else await this.#download(opened, { digest, size }, door);
    } finally {
      slot.free();
    }
  }

  #skipped(digest: string, { bytes, by, fence }: Skip): void {
    if (by === undefined || fence === undefined) {
      // Looked at once more, it is what it was.
      if (this.#settled.has(digest)) return;
      this.#settled.set(digest, { kind: "existing", bytes });
      this.#options.onEvent({ type: "exists", digest, bytes });
    } else {
      this.#settled.set(digest, { kind: "skipped", bytes });
      this.#options.onEvent({ type: "skipped", digest, bytes, by, fence });
    }
  }

  async #download(writer: Writer, blob: { digest: string; size: number }, door: ContentDoor): Promise<void> {
    const { registry, onEvent, pause } = this.#options;
    const { digest, size } = blob;
    let fetchedBytes = 0;
    let shown = writer.status().resumed;
    if (shown > 0) onEvent({ type: "resumed", digest, bytes: shown });
    const onBytes = (came: number, offset: number): void => {
      fetchedBytes += came;
      this.#fetchedBytes += came;
      if (offset < shown) shown = 0;
      if (offset - shown < Math.max(progressBytesMin, size / progressStepsMax) && offset < size) return;
      shown = offset;
      onEvent({ type: "progress", digest, bytes: offset, total: size });
    };
    const onRetry = (error: Error): void => onEvent({ type: "retry", digest, message: error.message });
    try {
      await download(writer, { registry, door, digest, pause, onBytes, onRetry });
    } catch (error) {
      await writer.close(error);
      throw error;
    }
    this.#settled.set(digest, { kind: "downloaded", bytes: size });
    onEvent({ type: "done", digest, bytes: size, fetchedBytes, fence: writer.fence });
  }
}

/** Whether a blob is in the store, and counted as one that the node of `refcount` needs. */
export async function isKept(
  store: Store,
  { storage, node }: RefCountManager,
  { digest, size }: { digest: string; size: number },
): Promise<boolean> {
  const nodes = await storage.get(store.resource(digest));
  return nodes.includes(node) && (await store.look(digest, size)).state === "whole";
}

function grantOf({ fence, attempt, previous }: ContentGrant): Omit<PullEventOf<"granted">, "type" | "digest"> {
  if (previous === undefined) return { fence, attempt };
  return { fence, attempt, previous: { node: previous.node, message: previous.error.message } };
}

/** Whether the same node is as good as another: the registry asked everybody to wait, or the grant was taken back. */
function mayAskAgain(error: unknown): boolean {
  if (error instanceof ContentError) {
    return error.code === "RATE_LIMITED" && (error.retryAfterMs ?? 0) <= retryAfterMsMax;
  }
  const code = codeOf(error);
  return code === "SESSION_ENDED" || code === "LOCK_REVOKED";
}

function amount(settled: readonly Settled[]): Amount {
  return { blobs: settled.length, bytes: settled.reduce((sum, { bytes }) => sum + bytes, 0) };
}
