// One image out of a shared store: its name first, then each blob that no other image needs, as a delete by way of the hub.
// Knows neither terminal nor command line.
import type { RefCountManager } from "../refcount/index.ts";
import { ContentError, storeFault } from "./content-error.ts";
import type { ContentHub, ContentLock } from "./coordination.ts";
import { HeldIndex, nameOf, type IndexPlace } from "./image-index.ts";
import { referencesOf } from "./image-references.ts";
import { Mentions } from "./mentions.ts";
import type { Amount } from "./pull-event.ts";
import { parseReference } from "./reference.ts";
import type { RemoveEvent, RemoveSummary } from "./remove-event.ts";
import type { Store } from "./store.ts";

/** What is removed, out of what. */
export type RemoveOptions = {
  hub: ContentHub;
  store: Store;
  /** A name as `pullImage` takes it, or as it stands in index.json. */
  image: string;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: RemoveEvent) => void) | undefined;
};

/**
 * Removes an image: takes its name out of index.json, then deletes its blobs, but for those that other images need. A
 * blob is deleted while its name is held exclusively for `delete`, so never under a pull, and the hub forgets that it was
 * pulled [O8]; and while the index is held, so that no image is named meanwhile of which it is a part. A removal that ended
 * half way is taken up by the next one. Throws NOT_FOUND when there is nothing of the image, ContentError, the hub's errors,
 * or what the signal says.
 */
export async function removeImage(options: RemoveOptions): Promise<RemoveSummary> {
  const { hub, store, onEvent = () => undefined } = options;
  const signal = options.signal ?? new AbortController().signal;
  const removal = new Removal({ hub, store, signal }, onEvent);
  return await removal.remove(options.image);
}

class Removal {
  readonly #place: IndexPlace;
  readonly #onEvent: (event: RemoveEvent) => void;
  readonly #mentions: Mentions;
  readonly #deleted: Amount = { blobs: 0, bytes: 0 };
  readonly #kept: Amount = { blobs: 0, bytes: 0 };

  constructor(place: IndexPlace, onEvent: (event: RemoveEvent) => void) {
    this.#place = place;
    this.#onEvent = onEvent;
    this.#mentions = new Mentions(place.store);
  }

  async remove(text: string): Promise<RemoveSummary> {
    const { store, signal } = this.#place;
    try {
      const { refcount, alone } = await this.#unname(text);
      for (const digest of alone) {
        signal.throwIfAborted();
        await this.#removeBlob(refcount, digest);
      }
      const summary = { image: refcount.node, deleted: this.#deleted, kept: this.#kept };
      this.#onEvent({ type: "summary", ...summary });
      return summary;
    } catch (error) {
      throw storeFault(error, store.folder);
    }
  }

  /**
   * Takes the name out of the index, and the image out of the counts of what others need too; gives what it alone is
   * counted for. All that it needs is counted before, whoever made it, so that nothing is forgotten if this ends half way.
   */
  async #unname(text: string): Promise<{ refcount: RefCountManager; alone: string[] }> {
    const { store } = this.#place;
    await using index = await HeldIndex.hold(this.#place);
    const isLiteral = index.entries.some((entry) => nameOf(entry) === text);
    const image = isLiteral ? text : parseReference(text).name;
    const refcount = referencesOf(store, image);
    const meant = index.entries.filter((entry) => nameOf(entry) === image);
    for (const { digest } of meant) {
      for (const blob of await this.#mentions.of(digest)) {
        if (await store.has(blob)) await refcount.update("pull", store.resource(blob), { status: "skipped" });
      }
    }
    if (meant.length > 0) await index.write(index.entries.filter((entry) => !meant.includes(entry)));
    const prefix = store.resource("");
    const resources = await Array.fromAsync(refcount.storage.list({ prefix, node: image }));
    const [first] = meant;
    if (resources.length === 0 && first === undefined) {
      throw new ContentError("NOT_FOUND", `${store.folder} has no image ${image}, nor anything of it`);
    }
    this.#onEvent({ type: "unnamed", image, ...(first && { digest: first.digest }) });
    const alone: string[] = [];
    for (const resource of resources) {
      const digest = resource.slice(prefix.length);
      const others = await leave(refcount, resource);
      if (others.length === 0) alone.push(digest);
      else await this.#keep(digest, others);
    }
    return { refcount, alone };
  }

  async #removeBlob(refcount: RefCountManager, digest: string): Promise<void> {
    const { hub, store, signal } = this.#place;
    await using held = await hub.lock(store.resource(digest), {
      operation: "delete",
      signal,
      onQueued: (waiting) => this.#onEvent({ type: "waiting", digest, ...waiting }),
    });
    const images = await this.#delete(refcount, digest, held);
    if (images.length > 0) await this.#keep(digest, images);
  }

  /** Deletes a blob that is held, unless it is needed; gives the images that need it. */
  async #delete(refcount: RefCountManager, digest: string, held: ContentLock): Promise<readonly string[]> {
    const { store, signal } = this.#place;
    const resource = store.resource(digest);
    await using index = await HeldIndex.hold(this.#place);
    const named = await this.#imagesWith(index, digest);
    // Pulled again meanwhile: it is as if that had come after.
    if (named.includes(refcount.node)) return named;
    const others = new Set([...named, ...(await leave(refcount, resource))]);
    if (others.size > 0) {
      // Images that are named and not counted need it too.
      await refcount.storage.set(resource, [], [refcount.node]);
      return [...others];
    }
    for (const one of [held.signal, signal]) one.throwIfAborted();
    index.throwIfLost();
    const bytes = await store.remove(digest, held.fence);
    await refcount.update("delete", resource, { status: "done" });
    // It is gone: a hub that does not hear of it changes nothing about that.
    await held.done({ bytes: bytes ?? 0 }).catch(() => undefined);
    if (bytes === undefined) return [];
    add(this.#deleted, bytes);
    this.#onEvent({ type: "deleted", digest, bytes, fence: held.fence });
    return [];
  }

  /** The images of the index that mention a digest; one without a name is called by its own digest. */
  async #imagesWith(index: HeldIndex, digest: string): Promise<string[]> {
    const images: string[] = [];
    for (const entry of index.entries) {
      const mentioned = await this.#mentions.of(entry.digest);
      if (mentioned.has(digest)) images.push(nameOf(entry) ?? entry.digest);
    }
    return images;
  }

  async #keep(digest: string, images: readonly string[]): Promise<void> {
    const bytes = await this.#place.store.size(digest);
    add(this.#kept, bytes);
    this.#onEvent({ type: "kept", digest, bytes, images });
  }
}

/** Drops the own reference unless it is the last one, which goes with the blob; gives the others. */
async function leave({ storage, node }: RefCountManager, resource: string): Promise<readonly string[]> {
  for (;;) {
    const nodes = await storage.get(resource);
    const others = nodes.filter((one) => one !== node);
    if (others.length === 0 || (await storage.set(resource, others, nodes))) return others;
  }
}

function add(amount: Amount, bytes: number): void {
  amount.blobs += 1;
  amount.bytes += bytes;
}
