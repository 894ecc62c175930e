// Which digests an image mentions, whatever made it: its manifest and all that this names, by way of indexes too. Reads
// more of a manifest than a pull understands: what might be needed is not to be deleted. Knows no names of images.
import { isDigest } from "./digest.ts";
import { parseJson } from "../../shared/json-text.ts";
import { manifestBytesMax } from "./limits.ts";
import type { Store } from "./store.ts";

type Mention = { digest: string; mediaType: string };

/** The mentions of the images of one store; a manifest is read once, as it never changes. */
export class Mentions {
  readonly #store: Store;
  readonly #read = new Map<string, readonly Mention[]>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Every digest that can be reached from a manifest or index, its own too. */
  async of(digest: string): Promise<ReadonlySet<string>> {
    const reached = new Set([digest].filter(isDigest));
    const manifests = [...reached];
    for (let manifest = manifests.pop(); manifest !== undefined; manifest = manifests.pop()) {
      for (const mention of await this.#in(manifest)) {
        if (reached.has(mention.digest)) continue;
        reached.add(mention.digest);
        if (/manifest|index/.test(mention.mediaType)) manifests.push(mention.digest);
      }
    }
    return reached;
  }

  async #in(digest: string): Promise<readonly Mention[]> {
    const known = this.#read.get(digest);
    if (known !== undefined) return known;
    if ((await this.#store.size(digest)) > manifestBytesMax) return [];
    const bytes = await this.#store.read(digest);
    if (bytes === undefined) return [];
    const mentions = mentionsIn(parseJson(bytes));
    this.#read.set(digest, mentions);
    return mentions;
  }
}

/** Every object of a JSON value that has a digest, however deep. */
function mentionsIn(value: unknown): Mention[] {
  const mentions: Mention[] = [];
  const values = [value];
  while (values.length > 0) {
    const next = values.pop();
    if (typeof next !== "object" || next === null) continue;
    for (const inner of Object.values(next)) values.push(inner);
    if (!("digest" in next) || typeof next.digest !== "string" || !isDigest(next.digest)) continue;
    const mediaType = "mediaType" in next && typeof next.mediaType === "string" ? next.mediaType : "";
    mentions.push({ digest: next.digest, mediaType });
  }
  return mentions;
}
