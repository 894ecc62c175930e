// The name of content by its hash: its form, and how it is reckoned. Knows no store and no registry.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { ContentError } from "./content-error.ts";

const form = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether a text is a digest that can be verified here: sha256 or sha512, in lower-case hexadecimal. */
export function isDigest(text: string): boolean {
  return form.test(text);
}

/** Splits `sha256:abc…` into its algorithm and its hexadecimal part; throws UNSUPPORTED for anything else. */
export function splitDigest(digest: string): { algorithm: "sha256" | "sha512"; hex: string } {
  if (!isDigest(digest)) {
    throw new ContentError(
      "UNSUPPORTED",
      `${JSON.stringify(digest)} is no digest: sha256:<64 hex> or sha512:<128 hex>`,
    );
  }
  const [algorithm = "", hex = ""] = digest.split(":");
  return { algorithm: algorithm === "sha512" ? "sha512" : "sha256", hex };
}

/** A running hash of the kind that the digest names. */
export function hashFor(digest: string): Hash {
  return createHash(splitDigest(digest).algorithm);
}

/** The digest, of the same kind as `digest`, of what the running hash has seen so far; the hash may go on. */
export function digestOf(hash: Hash, digest: string): string {
  return `${splitDigest(digest).algorithm}:${hash.copy().digest("hex")}`;
}

/** The sha256 digest of bytes in memory. */
export function digestOfBytes(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The digest, of the same kind as `digest`, of a file's content. */
export async function digestOfFile(path: string, digest: string): Promise<string> {
  const hash = hashFor(digest);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return digestOf(hash, digest);
}
