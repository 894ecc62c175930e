// The store's `index.json`: which images it has, by their full reference. Many nodes write it, one at a time, by a lock
// of its own. Knows neither manifests nor registries.
import { readFile } from "node:fs/promises";
import * as z from "zod/mini";
import { ContentError, storeFault, codeOf } from "./content-error.ts";
import type { ContentHub } from "./coordination.ts";
import { refreshFolder, replaceFile } from "./durable-file.ts";
import { parseJson } from "./json-text.ts";
import type { Descriptor } from "./manifest.ts";
import type { Store } from "./store.ts";

const nameKey = "org.opencontainers.image.ref.name";
const entryForm = z.looseObject({ annotations: z.optional(z.record(z.string(), z.string())) });
const indexForm = z.looseObject({ manifests: z.array(entryForm) });
type ImageIndex = z.infer<typeof indexForm>;

const emptyIndex: ImageIndex = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [],
};

/**
 * Names an image in the store's index.json; the entry of that name, if there is one, is replaced, and every other one
 * stays. Holds `<store id>/index.json` exclusively meanwhile.
 */
export async function nameImage(
  { hub, store, signal }: { hub: ContentHub; store: Store; signal: AbortSignal },
  name: string,
  manifest: Descriptor,
): Promise<void> {
  const entry = { ...manifest, annotations: { [nameKey]: name } };
  if (holds(await readIndex(store), entry)) return;
  await using lock = await hub.lock(store.resource("index.json"), { signal });
  await refreshFolder(store.folder);
  const index = await readIndex(store);
  if (holds(index, entry)) return;
  const others = index.manifests.filter(({ annotations }) => annotations?.[nameKey] !== name);
  const text = JSON.stringify({ ...index, manifests: [...others, entry] }, undefined, 2);
  lock.signal.throwIfAborted();
  try {
    await replaceFile(store.indexPath, `${text}\n`, store.restPath("index.json", lock.fence));
  } catch (error) {
    throw storeFault(error, store.indexPath);
  }
}

function holds(
  index: ImageIndex,
  { digest, annotations }: Descriptor & { annotations: Record<string, string> },
): boolean {
  const name = annotations[nameKey];
  const named = index.manifests.filter((entry) => entry.annotations?.[nameKey] === name);
  return named.length === 1 && named[0]?.["digest"] === digest;
}

async function readIndex(store: Store): Promise<ImageIndex> {
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
