// One image from a registry into a shared store: what it consists of, and each part by way of the hub. Knows neither
// terminal nor command line.
import { ContentError } from "./content-error.ts";
import type { ContentHub } from "./coordination.ts";
import { nameImage } from "./image-index.ts";
import { referencesOf } from "./image-references.ts";
import { manifestBytesMax, askAgainMax, retryAfterMsMax } from "./limits.ts";
import { readConfigPlatform, readManifest, type Descriptor, type Manifest } from "./manifest.ts";
import { ociForm } from "./oci-form.ts";
import { openWriter } from "./open-writer.ts";
import { pause as realPause, type Pause } from "./pause.ts";
import { choosePlatform, fits, platformHere, platformName, type Platform } from "./platform.ts";
import { BlobPull, isKept } from "./pull-blob.ts";
import type { Blob, PullEvent, PullSummary } from "./pull-event.ts";
import type { ImageReference } from "./reference.ts";
import type { RefCountManager } from "../refcount/index.ts";
import type { ContentDoor, Registry, Resolved } from "./registry.ts";
import type { Store } from "./store.ts";

/** What is pulled, from where, into what. */
export type PullOptions = {
  hub: ContentHub;
  store: Store;
  registry: Registry;
  reference: ImageReference;
  /** Which image of an index; this machine's unless given. */
  platform?: Platform | undefined;
  concurrency?: number | undefined;
  verify?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onEvent?: ((event: PullEvent) => void) | undefined;
  /** For tests: how to wait, and what time it is in milliseconds, monotonic. */
  pause?: Pause | undefined;
  now?: (() => number) | undefined;
};

/**
 * Pulls an image: resolves its name, then has each of its blobs put into the store by whichever node holds it, counts the
 * image as one that needs them, and names it in the store's index.json. The first failure ends the pull; what is there by
 * then stays, and stays counted. Throws ContentError, the hub's errors, or what the signal says.
 */
export async function pullImage(options: PullOptions): Promise<PullSummary> {
  const {
    store,
    registry,
    reference,
    onEvent = () => undefined,
    pause = realPause,
    now = () => performance.now(),
  } = options;
  const begunMs = now();
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const resolved = await resolve(registry, pause, signal);
  onEvent({ type: "resolved", image: reference.name, digest: resolved.digest });
  const { hub, concurrency, verify } = options;
  const refcount = referencesOf(store, reference.name);
  const blobs = new BlobPull({ hub, store, registry, refcount, concurrency, verify, signal, onEvent, pause });
  try {
    const manifest = await pullParts(options, { blobs, resolved, refcount, signal });
    const summary = {
      image: reference.name,
      digest: manifest.digest,
      ...blobs.tally(),
      ms: Math.round(now() - begunMs),
    };
    onEvent({ type: "summary", ...summary });
    return summary;
  } catch (error) {
    failed.abort(error);
    await blobs.ended();
    throw error;
  }
}

/** What the name means just now. A registry that says "too many requests" is given the time that it asks for. */
async function resolve(registry: Registry, pause: Pause, signal: AbortSignal): Promise<Resolved> {
  for (let limited = 0; ; limited++) {
    try {
      return await registry.resolve(signal);
    } catch (error) {
      const waitMs = error instanceof ContentError && error.code === "RATE_LIMITED" ? error.retryAfterMs : undefined;
      if (waitMs === undefined || waitMs > retryAfterMsMax || limited === askAgainMax) throw error;
      await pause(waitMs, signal);
    }
  }
}

type Parts = { blobs: BlobPull; resolved: Resolved; refcount: RefCountManager; signal: AbortSignal };

/** Pulls all that an image consists of and names it, again if something of it was deleted before; gives its manifest. */
async function pullParts(options: PullOptions, parts: Parts): Promise<Descriptor> {
  const { hub, store, reference } = options;
  const { blobs, refcount, signal } = parts;
  for (;;) {
    const { manifest, image } = await pullManifest(options, parts);
    await checkPlatform(options, blobs, image.config);
    await Promise.all(blobsOf(image).map((blob) => blobs.pull(blob, "blobs")));
    const stored = await storedForm(options, parts, manifest, image);
    const isWhole = async () => (await blobs.areKept()) && (await isKept(store, refcount, stored));
    if (await nameImage({ hub, store, signal }, reference.name, stored, isWhole)) return manifest;
  }
}

/** Reads a small blob; pulls it before, and again if it was deleted before it could be read. */
async function readBlob(store: Store, blobs: BlobPull, blob: Blob, door: ContentDoor): Promise<Uint8Array> {
  for (;;) {
    await blobs.pull(blob, door);
    const bytes = await store.read(blob.digest);
    if (bytes !== undefined) return bytes;
  }
}

type ImageManifest = Extract<Manifest, { kind: "image" }>;

/** The image's manifest, by way of an index if the name means one; both are in the store then. */
async function pullManifest(
  { store, reference, platform = platformHere(process.arch) }: PullOptions,
  { blobs, resolved }: Parts,
): Promise<{ manifest: Descriptor; image: ImageManifest }> {
  const read = async (descriptor: Descriptor): Promise<Manifest> => {
    const { digest, size, mediaType } = descriptor;
    if (size > manifestBytesMax) {
      throw new ContentError(
        "UNSUPPORTED",
        `${digest} is no manifest: it has ${size} bytes, allowed are ${manifestBytesMax}`,
      );
    }
    const bytes = await readBlob(store, blobs, { digest, size, kind: "manifest" }, "manifests");
    return readManifest(bytes, mediaType, `${reference.name} (${digest})`);
  };
  const top = await read(resolved);
  if (top.kind === "image") return { manifest: { ...resolved, mediaType: top.mediaType }, image: top };
  const manifest = choosePlatform(top.manifests, platform, reference.name);
  const image = await read(manifest);
  if (image.kind === "image") return { manifest, image };
  throw new ContentError("UNSUPPORTED", `${reference.name} is an index of indexes: name one image by its digest`);
}

/** Config and layers, each digest once. */
function blobsOf({ config, layers }: ImageManifest): Blob[] {
  const blobs = new Map<string, Blob>([[config.digest, { digest: config.digest, size: config.size, kind: "config" }]]);
  for (const { digest, size } of layers) if (!blobs.has(digest)) blobs.set(digest, { digest, size, kind: "layer" });
  return [...blobs.values()];
}

/** What index.json is to name: the manifest as it came, or the OCI form of Docker's, which is put into the store first. */
async function storedForm(
  { hub, store }: PullOptions,
  { refcount, signal }: Parts,
  manifest: Descriptor,
  image: ImageManifest,
): Promise<Descriptor> {
  const form = ociForm(image);
  if (form === undefined) return manifest;
  const { bytes, descriptor } = form;
  const { digest, size } = descriptor;
  const opened = await openWriter({ hub, store, digest, size, refcount, signal });
  if (opened.status !== "skipped") {
    await using writer = opened;
    if (writer.status().offset > 0) await writer.truncate();
    await writer.write(bytes);
    await writer.commit();
  }
  return manifest.platform === undefined ? descriptor : { ...descriptor, platform: manifest.platform };
}

/** An image that came without an index may be for another platform than the one that was asked for. */
async function checkPlatform(
  { store, reference, platform }: PullOptions,
  blobs: BlobPull,
  { digest, size }: Descriptor,
): Promise<void> {
  if (platform === undefined || size > manifestBytesMax) return;
  const offered = readConfigPlatform(await readBlob(store, blobs, { digest, size, kind: "config" }, "blobs"));
  if (offered === undefined || fits(offered, platform)) return;
  throw new ContentError(
    "NOT_FOUND",
    `${reference.name} is for ${platformName(offered)}, not ${platformName(platform)}`,
  );
}
