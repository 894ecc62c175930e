// The one file that a holder writes: `ingest/<digest>.<fence>`. It begins with what a dead holder left, counts and
// hashes as it grows, and becomes the blob in one step. Knows neither hub nor registry.
import type { Hash } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { ContentError, storeFault, codeOf } from "./content-error.ts";
import { digestOf, hashFor } from "./digest.ts";
import { makeFolder, syncFolder } from "./durable-file.ts";
import { copyBytes } from "./limits.ts";
import type { Store } from "./store.ts";

/** What is written, and by whose right. */
export type IngestOptions = {
  store: Store;
  digest: string;
  /** Bytes of the whole, if they are known. */
  size: number | undefined;
  fence: number;
  /** Aborts when the grant is over: from then on nothing is written or renamed. */
  signal: AbortSignal;
};

type State = { name: "writing"; file: FileHandle } | { name: "committed" } | { name: "closed" };

/** A blob on its way into the store. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #path: string;
  #state: State;
  #hash: Hash;
  #offset = 0;
  #resumed = 0;

  private constructor(options: IngestOptions, path: string, file: FileHandle) {
    this.#options = options;
    this.#path = path;
    this.#state = { name: "writing", file };
    this.#hash = hashFor(options.digest);
  }

  /** Creates the holder's file, and takes into it a copy of the longest rest that an earlier holder left. */
  static async open(options: IngestOptions): Promise<Ingest> {
    const { store, digest, fence } = options;
    const path = store.restPath(digest, fence);
    try {
      const file = await open(path, "wx");
      const ingest = new Ingest(options, path, file);
      try {
        await ingest.#adopt();
      } catch (error) {
        await ingest.close();
        throw error;
      }
      return ingest;
    } catch (error) {
      throw storeFault(error, path);
    }
  }

  /** Bytes that are in the file, from the first on. */
  get offset(): number {
    return this.#offset;
  }

  /** How many of them an earlier holder had left. */
  get resumed(): number {
    return this.#resumed;
  }

  get fence(): number {
    return this.#options.fence;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Appends. Throws WRONG_SIZE past the size, DISK_FULL, or what the signal says. */
  async write(chunk: Uint8Array): Promise<void> {
    const { digest, size, signal } = this.#options;
    const file = this.#writing();
    signal.throwIfAborted();
    if (size !== undefined && this.#offset + chunk.length > size) {
      throw new ContentError("WRONG_SIZE", `${digest} has ${size} bytes, and more came: the registry's copy is broken`);
    }
    try {
      for (let written = 0; written < chunk.length;) {
        const part = chunk.subarray(written);
        written += (await file.write(part, 0, part.length, this.#offset + written)).bytesWritten;
      }
    } catch (error) {
      throw await this.#refused(error);
    }
    this.#hash.update(chunk);
    this.#offset += chunk.length;
  }

  /** Forgets what was written and begins at the first byte. */
  async truncate(): Promise<void> {
    const file = this.#writing();
    try {
      await file.truncate(0);
    } catch (error) {
      throw storeFault(error, this.#path);
    }
    this.#hash = hashFor(this.#options.digest);
    this.#offset = 0;
    this.#resumed = 0;
  }

  /**
   * Verifies size and digest, makes the bytes safe and renames them into place; then no rest is left. What does not
   * verify is removed, with every rest that it may have come from: the file is empty then, and still open.
   */
  async commit(): Promise<void> {
    const { store, digest, size, fence, signal } = this.#options;
    const file = this.#writing();
    if (size !== undefined && this.#offset < size) {
      throw new ContentError("WRONG_SIZE", `${digest} has ${size} bytes, and only ${this.#offset} came`);
    }
    const reckoned = digestOf(this.#hash, digest);
    if (reckoned !== digest) {
      await this.truncate();
      await store.removeRests(digest, fence);
      throw new ContentError(
        "WRONG_DIGEST",
        `what came as ${digest} is ${reckoned}: thrown away, the source is broken`,
      );
    }
    const path = store.blobPath(digest);
    await file.sync().catch(async (error: unknown) => {
      throw await this.#refused(error);
    });
    try {
      this.#state = { name: "closed" };
      await file.close();
      signal.throwIfAborted();
      await makeFolder(dirname(path));
      await rename(this.#path, path);
      this.#state = { name: "committed" };
      await syncFolder(dirname(path));
    } catch (error) {
      throw storeFault(error, path);
    }
    await store.removeRests(digest, fence);
  }

  /** Stops writing. What was written stays as a rest for the next holder; an empty file, and one that nobody needs, does not. */
  async close(): Promise<void> {
    if (this.#state.name !== "writing") return;
    const { file } = this.#state;
    this.#state = { name: "closed" };
    await file.close();
    const { store, digest, size } = this.#options;
    const isOfUse = this.#offset > 0 && (await store.look(digest, size)).state !== "whole";
    if (!isOfUse) await rm(this.#path, { force: true });
  }

  #writing(): FileHandle {
    if (this.#state.name === "writing") return this.#state.file;
    throw new ContentError("NOT_COMMITTED", `${this.#path} is ${this.#state.name}: nothing more can be written`);
  }

  async #adopt(): Promise<void> {
    const { size, signal } = this.#options;
    const rest = await this.#longestRest();
    if (rest === undefined) return;
    let old: FileHandle;
    try {
      old = await open(rest, "r");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      throw error;
    }
    try {
      const buffer = Buffer.allocUnsafe(copyBytes);
      // Its holder may be writing still, on a machine that does not know yet that it lost the grant.
      for (;;) {
        signal.throwIfAborted();
        const wanted = Math.min(copyBytes, (size ?? Number.MAX_SAFE_INTEGER) - this.#offset);
        const bytesRead = wanted === 0 ? 0 : await readOrEnd(old, buffer, wanted, this.#offset);
        if (bytesRead === 0) break;
        await this.write(buffer.subarray(0, bytesRead));
      }
      this.#resumed = this.#offset;
    } finally {
      await old.close();
    }
  }

  async #longestRest(): Promise<string | undefined> {
    const { size } = this.#options;
    let longest: { path: string; bytes: number } | undefined;
    const { store, digest, fence } = this.#options;
    for (const path of await store.restsOf(digest, fence)) {
      const bytes = await stat(path).then(
        (entry) => entry.size,
        () => 0,
      );
      if (bytes === 0 || (size !== undefined && bytes > size)) continue;
      if (longest === undefined || bytes > longest.bytes) longest = { path, bytes };
    }
    return longest?.path;
  }

  /** A full disk is not helped by a rest that nobody can go on with: the space is given back. */
  async #refused(error: unknown): Promise<unknown> {
    const fault = storeFault(error, this.#path);
    if (fault instanceof ContentError && fault.code === "DISK_FULL") await this.truncate();
    return fault;
  }
}

/** A rest that can be read no further is a shorter rest. */
async function readOrEnd(file: FileHandle, buffer: Buffer, length: number, position: number): Promise<number> {
  try {
    return (await file.read(buffer, 0, length, position)).bytesRead;
  } catch {
    return 0;
  }
}
