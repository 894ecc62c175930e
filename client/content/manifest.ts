// Manifests and indexes, OCI's and Docker's, from bytes to values, once. Knows no network and no store.
import * as z from "zod/mini";
import { ContentError } from "./content-error.ts";
import { isDigest } from "./digest.ts";
import { parseJson } from "../../shared/json-text.ts";
import type { Platform } from "./platform.ts";

const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.optional(z.string()),
});
const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().check(z.refine(isDigest)),
  size: z.int().check(z.minimum(0)),
  platform: z.optional(platform),
});
/** What content is called, how long it is, and what kind it is. */
export type Descriptor = { mediaType: string; digest: string; size: number; platform?: Platform };

const kind = { mediaType: z.optional(z.string()) };
const imageForm = z.object({ ...kind, config: descriptor, layers: z.array(descriptor) });
const indexForm = z.object({ ...kind, manifests: z.array(descriptor) });

/** A manifest, read: an image with its blobs, or an index of images. */
export type Manifest =
  | { kind: "image"; mediaType: string; config: Descriptor; layers: Descriptor[] }
  | { kind: "index"; mediaType: string; manifests: Descriptor[] };

/** Every kind of manifest that is understood, as a registry is asked for it. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

/**
 * Reads the bytes of a manifest, of the kind that it names itself, else of `mediaType`, as which it was sent. Throws
 * UNSUPPORTED for what is none.
 */
export function readManifest(bytes: Uint8Array, mediaType: string, name: string): Manifest {
  const value = parseJson(bytes);
  const index = indexForm.safeParse(value);
  if (index.success) {
    const { manifests } = index.data;
    return { kind: "index", mediaType: index.data.mediaType ?? mediaType, manifests: manifests.map(plain) };
  }
  const image = imageForm.safeParse(value);
  if (image.success) {
    const { config, layers } = image.data;
    return {
      kind: "image",
      mediaType: image.data.mediaType ?? mediaType,
      config: plain(config),
      layers: layers.map(plain),
    };
  }
  throw new ContentError(
    "UNSUPPORTED",
    `${name} is of the kind ${JSON.stringify(mediaType)}, which is neither an image nor an index of images ` +
      "(Docker's schema 1 is not read: push the image anew)",
  );
}

/** What an image's config says it runs on; undefined when it does not say. */
export function readConfigPlatform(bytes: Uint8Array): Platform | undefined {
  const parsed = platform.safeParse(parseJson(bytes));
  return parsed.success ? plainPlatform(parsed.data) : undefined;
}

function plain({ mediaType, digest, size, platform }: z.infer<typeof descriptor>): Descriptor {
  return { mediaType, digest, size, ...(platform === undefined ? {} : { platform: plainPlatform(platform) }) };
}

function plainPlatform({ os, architecture, variant }: z.infer<typeof platform>): Platform {
  return { os, architecture, ...(variant ? { variant } : {}) };
}
