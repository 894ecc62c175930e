// Whether a store agrees with itself, reckoned from its files alone: every named image whole, every blob needed by somebody,
// every need written down. Knows nothing of how a store is written.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "./image.ts";

/** What is in a store. */
export type StoreContent = {
  /** The names of its images. */
  readonly images: readonly string[];
  /** The digests of its blobs. */
  readonly blobs: readonly string[];
  /** By digest, the images that are counted as needing it. */
  readonly references: ReadonlyMap<string, readonly string[]>;
  /** What contradicts itself, a line each. */
  readonly faults: readonly string[];
};

type Entry = { digest: string; annotations?: Record<string, string> };
type Manifest = { config: { digest: string }; layers: { digest: string }[] };

/** Reads a store of images that are named by plain manifests, while nobody is at work on it. */
export async function readStore(folder: string): Promise<StoreContent> {
  const faults: string[] = [];
  const blobs = new Map<string, Buffer>();
  for (const name of await readdir(join(folder, "blobs", "sha256"))) {
    const bytes = await readFile(join(folder, "blobs", "sha256", name));
    if (digestOf(bytes) !== `sha256:${name}`) faults.push(`sha256:${name} is ${digestOf(bytes)}`);
    blobs.set(`sha256:${name}`, bytes);
  }
  const references = await readReferences(folder);
  const images: string[] = [];
  for (const { digest, annotations } of await readIndex(folder)) {
    const image = annotations?.["org.opencontainers.image.ref.name"] ?? digest;
    images.push(image);
    const manifest = blobs.get(digest);
    if (manifest === undefined) faults.push(`${image} has no manifest ${digest}`);
    else {
      for (const part of [digest, ...partsOf(manifest)]) {
        if (!blobs.has(part)) faults.push(`${image} lacks ${part}`);
        if (references.get(part)?.includes(image) !== true) faults.push(`${image} is not counted for ${part}`);
      }
    }
  }
  for (const digest of blobs.keys()) if (!references.has(digest)) faults.push(`${digest} is left, and nobody needs it`);
  const left = (await readdir(folder)).filter((name) => name === "lock" || name.endsWith(".new"));
  return { images, blobs: [...blobs.keys()], references, faults: [...faults, ...left] };
}

function partsOf(bytes: Buffer): string[] {
  const { config, layers }: Manifest = JSON.parse(bytes.toString());
  return [config, ...layers].map(({ digest }) => digest);
}

async function readIndex(folder: string): Promise<Entry[]> {
  const text = await readFile(join(folder, "index.json"), "utf8").catch(() => '{"manifests":[]}');
  const { manifests }: { manifests: Entry[] } = JSON.parse(text);
  return manifests;
}

async function readReferences(folder: string): Promise<Map<string, string[]>> {
  const references = new Map<string, string[]>();
  const names = await readdir(join(folder, "references")).catch(() => []);
  for (const name of names.filter((name) => name.endsWith(".json"))) {
    const text = await readFile(join(folder, "references", name), "utf8");
    const { resource, nodes }: { resource: string; nodes: string[] } = JSON.parse(text);
    references.set(resource.slice(resource.indexOf("/") + 1), nodes);
  }
  return references;
}
