// A Docker manifest in OCI's words: an OCI layout names images of OCI's kind alone, and skopeo looks for no others. The
// blobs stay what they are. Knows no store.
import { digestOfBytes } from "./digest.ts";
import type { Descriptor, Manifest } from "./manifest.ts";

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociLayer = "application/vnd.oci.image.layer";

const ociTypes: Record<string, string> = {
  "application/vnd.docker.container.image.v1+json": "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.image.rootfs.diff.tar": `${ociLayer}.v1.tar`,
  "application/vnd.docker.image.rootfs.diff.tar.gzip": `${ociLayer}.v1.tar+gzip`,
  "application/vnd.docker.image.rootfs.diff.tar.zstd": `${ociLayer}.v1.tar+zstd`,
  "application/vnd.docker.image.rootfs.foreign.diff.tar": `${ociLayer}.nondistributable.v1.tar`,
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": `${ociLayer}.nondistributable.v1.tar+gzip`,
};

/** The same image as an OCI manifest, the same bytes wherever it is made; undefined when it is one already. */
export function ociForm(
  image: Extract<Manifest, { kind: "image" }>,
): { bytes: Uint8Array; descriptor: Descriptor } | undefined {
  if (image.mediaType !== dockerManifest) return undefined;
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: renamed(image.config),
    layers: image.layers.map(renamed),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return { bytes, descriptor: { mediaType: ociManifest, digest: digestOfBytes(bytes), size: bytes.length } };
}

function renamed({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: ociTypes[mediaType] ?? mediaType, digest, size };
}
