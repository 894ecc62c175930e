// The store's `index.json`: which images it has, by their full reference. Many nodes write it, one at a time, by a lock
// of its own. Knows neither manifests nor registries.
import { readFile } from "node:fs/promises";
import * as z from "zod/mini";
import { ContentError, storeFault, codeOf } from "./content-error.ts";
import type { ContentHub, ContentLock } from "./coordination.ts";
import { replaceFile } from "./durable-file.ts";
import { parseJson } from "../../shared/json-text.ts";
import type { Descriptor } from "./manifest.ts";
import type { Store } from "./store.ts";

const nameKey = "org.opencontainers.image.ref.name";
const entryForm = z.looseObject({
  mediaType: z.optional(z.string()),
  digest: z.string(),
  annotations: z.optional(z.record(z.string(), z.string())),
});
const indexForm = z.looseObject({ manifests: z.array(entryForm) });
type Index = z.infer<typeof indexForm>;

/** One image of the index, whatever made it; it may have no name. */
export type IndexEntry = z.infer<typeof entryForm>;

/** Where an index is, and by whose right it is changed. */
export type IndexPlace = { hub: ContentHub; store: Store; signal: AbortSignal };

const emptyIndex: Index = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [],
};

/** What an entry is called. */
export function nameOf({ annotations }: IndexEntry): string | undefined {
  return annotations?.[nameKey];
}

/** The index while nobody else changes it: `<store id>/index.json` is held exclusively until it is disposed of. */
export class HeldIndex implements AsyncDisposable {
  readonly #store: Store;
  readonly #lock: ContentLock;
  readonly #index: Index;

  private constructor(store: Store, lock: ContentLock, index: Index) {
    this.#store = store;
    this.#lock = lock;
    this.#index = index;
  }

  static async hold({ hub, store, signal }: IndexPlace): Promise<HeldIndex> {
    const lock = await hub.lock(store.resource("index.json"), { signal });
    try {
      await store.refresh();
      return new HeldIndex(store, lock, await readIndex(store));
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  get entries(): readonly IndexEntry[] {
    return this.#index.manifests;
  }

  /** Throws why it is not held any more. */
  throwIfLost(): void {
    this.#lock.signal.throwIfAborted();
  }

  /** Puts other entries in place of all. Throws ContentError, or why it is not held any more. */
  async write(entries: readonly IndexEntry[]): Promise<void> {
    const text = JSON.stringify({ ...this.#index, manifests: entries }, undefined, 2);
    this.throwIfLost();
    try {
      await replaceFile(this.#store.indexPath, `${text}\n`, this.#store.restPath("index.json", this.#lock.fence));
    } catch (error) {
      throw storeFault(error, this.#store.indexPath);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

/**
 * Names an image in the store's index.json; the entry of that name, if there is one, is replaced, and every other one stays.
 * `isWhole` looks, while the index is held, whether all that the image consists of is there; nothing can be deleted then.
 *
 * @returns false, and nothing has changed, when it is not
 */
export async function nameImage(
  place: IndexPlace,
  name: string,
  manifest: Descriptor,
  isWhole: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<boolean> {
  const entry = { ...manifest, annotations: { [nameKey]: name } };
  await place.store.refresh();
  const { manifests } = await readIndex(place.store);
  // As long as an image is named, nobody deletes anything of it.
  if (has(manifests, name, manifest)) return true;
  await using index = await HeldIndex.hold(place);
  if (has(index.entries, name, manifest)) return true;
  if (!(await isWhole())) return false;
  await index.write([...index.entries.filter((other) => nameOf(other) !== name), entry]);
  return true;
}

function has(entries: readonly IndexEntry[], name: string, { digest }: Descriptor): boolean {
  const named = entries.filter((entry) => nameOf(entry) === name);
  return named.length === 1 && named[0]?.digest === digest;
}

async function readIndex(store: Store): Promise<Index> {
  let text: string;
  try {
    text = await readFile(store.indexPath, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return emptyIndex;
    throw storeFault(error, store.indexPath);
  }
  const index = indexForm.safeParse(parseJson(text));
  if (index.success) return index.data;
  throw new ContentError("STORE_FAULT", `${store.indexPath} is no image index: repair or remove it, then pull again`);
}
