// An image made of random bytes, as an OCI layout, and its way into a registry by skopeo. Usable without vitest.
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const run = promisify(execFile);

/** One blob of an image. */
export type ImageBlob = { readonly digest: string; readonly size: number };

/** An image in an OCI layout. */
export type Image = {
  /** The folder of the layout, and the name by which skopeo finds the image in it. */
  readonly layout: string;
  readonly name: string;
  readonly manifest: ImageBlob;
  readonly config: ImageBlob;
  readonly layers: readonly ImageBlob[];
  /** All of them: manifest, config and layers. */
  readonly blobs: readonly ImageBlob[];
};

/** Whether this machine has skopeo. */
export const hasSkopeo: boolean = existsSync("/usr/bin/skopeo");

const mebibyte = 1024 * 1024;

/** Bytes of the layers of an image that is worth a demonstration: nine, one of them over 50 MB. */
export const demoLayerBytes: readonly number[] = [
  52 * mebibyte,
  ...[12, 8, 6, 4, 3, 2, 1].map((mebibytes) => mebibytes * mebibyte),
  64 * 1024,
];

/**
 * Makes an image whose layers hold one file each, of random bytes.
 * @param layout the folder to make the OCI layout in
 * @param layerBytes how large each layer's file is
 * @param base an image whose layers it has too, below its own
 */
export async function buildImage(
  layout: string,
  layerBytes: readonly number[] = demoLayerBytes,
  base?: Image,
): Promise<Image> {
  const name = "image";
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const layers: ImageBlob[] = [];
  const diffIds: string[] = [];
  if (base !== undefined) {
    const config: { rootfs: { diff_ids: string[] } } = JSON.parse(await readFile(blobPath(base, base.config), "utf8"));
    diffIds.push(...config.rootfs.diff_ids);
    for (const layer of base.layers) layers.push(await putBlob(layout, await readFile(blobPath(base, layer))));
  }
  for (const [index, bytes] of layerBytes.entries()) {
    const tar = tarOf(`layer-${index}.bin`, randomBytes(bytes));
    diffIds.push(digestOf(tar));
    layers.push(await putBlob(layout, gzipSync(tar, { level: 1 })));
  }
  const config = await putBlob(
    layout,
    json({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds } }),
  );
  const manifest = await putBlob(
    layout,
    json({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer })),
    }),
  );
  const entry = { mediaType: manifestType, ...manifest, annotations: { "org.opencontainers.image.ref.name": name } };
  await writeFile(join(layout, "index.json"), json({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  return { layout, name, manifest, config, layers, blobs: [manifest, config, ...layers] };
}

/** Copies an image into a registry that speaks plain HTTP, under `repository:tag`; digests stay as they are. */
export async function pushImage(image: Image, host: string, target: string): Promise<void> {
  const source = `oci:${image.layout}:${image.name}`;
  await run("skopeo", ["copy", "--quiet", "--dest-tls-verify=false", source, `docker://${host}/${target}`]);
}

/** What skopeo reads of an image in a layout: its manifest's digest and its layers'. */
export async function inspectImage(layout: string, name: string): Promise<{ digest: string; layers: string[] }> {
  const { stdout } = await run("skopeo", ["inspect", `oci:${layout}:${name}`]);
  const { Digest, Layers }: { Digest: string; Layers: string[] } = JSON.parse(stdout);
  return { digest: Digest, layers: Layers };
}

/** Has skopeo copy an image out of a layout into a folder, which verifies every digest on the way. */
export async function copyOut(layout: string, name: string, folder: string): Promise<void> {
  await run("skopeo", ["copy", "--quiet", `oci:${layout}:${name}`, `dir:${folder}`]);
}

/** The sha256 digest of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

function blobPath({ layout }: Image, { digest }: ImageBlob): string {
  return join(layout, "blobs", "sha256", digest.slice("sha256:".length));
}

async function putBlob(layout: string, bytes: Buffer): Promise<ImageBlob> {
  const digest = digestOf(bytes);
  await writeFile(join(layout, "blobs", "sha256", digest.slice("sha256:".length)), bytes);
  return { digest, size: bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A tar archive of one file: a header of 512 bytes, the content, and two empty blocks at its end. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        0", 148);
  header.write("ustar\u000000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}
