// A folder in OCI image layout that several machines share and see late: where its things lie, which store it is, and
// what of a blob can be seen here. Writes no blob and knows no hub.
import { randomUUID } from "node:crypto";
import { readFile, readdir, rm, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ContentError, storeFault } from "./content-error.ts";
import { digestOfFile, splitDigest } from "./digest.ts";
import {
  createFile,
  isGone,
  makeFolder,
  namesIn,
  readText,
  refreshFolder,
  replaceFile,
  syncFolder,
} from "./durable-file.ts";
import { lookMsMax } from "./limits.ts";
import { pause as realPause, type Pause } from "./pause.ts";

/** What can be seen here of a blob: nothing, something of another length or content, or the whole of it. */
export type Sight = { state: "absent" } | { state: "wrong"; bytes: number } | { state: "whole"; bytes: number };

const idFile = "baton-store-id";
const layoutFile = "oci-layout";
const layoutText = '{"imageLayoutVersion":"1.0.0"}';
const ownNames = new Set(["blobs", "ingest", "references", "index.json", layoutFile, idFile]);
const idForm = /^[0-9a-f-]{36}$/;
const idLooksMax = 50;

/** An OCI image layout, open. */
export class Store {
  readonly folder: string;
  /** The random name that the store carries in itself: equal for all who share it, wherever they have mounted it. */
  readonly id: string;

  private constructor(folder: string, id: string) {
    this.folder = folder;
    this.id = id;
  }

  /**
   * Opens the store in a folder, and makes it one if the folder is missing or empty; any number of machines may do so
   * at once. Throws STORE_FAULT for a folder that holds something else.
   */
  static async open(folder: string, { pause = realPause }: { pause?: Pause } = {}): Promise<Store> {
    try {
      await refuseStrange(folder);
      await makeFolder(join(folder, "blobs", "sha256"));
      await makeFolder(join(folder, "ingest"));
      await ensureLayout(folder);
      return new Store(folder, await ensureId(folder, pause));
    } catch (error) {
      throw storeFault(error, folder);
    }
  }

  /** Opens the store in a folder, and makes none. Throws NOT_FOUND when there is none. */
  static async find(folder: string): Promise<Store> {
    if (await exists(join(folder, layoutFile))) return await Store.open(folder);
    throw new ContentError("NOT_FOUND", `${folder} holds no image store: there is no ${layoutFile} in it`);
  }

  /** The resource that stands for a digest of this store. */
  resource(name: string): string {
    return `${this.id}/${name}`;
  }

  blobPath(digest: string): string {
    const { algorithm, hex } = splitDigest(digest);
    return join(this.folder, "blobs", algorithm, hex);
  }

  get ingestFolder(): string {
    return join(this.folder, "ingest");
  }

  /** What the holder of that fence, and nobody else, writes. */
  restPath(name: string, fence: number): string {
    return join(this.ingestFolder, `${name}.${fence}`);
  }

  /** Where it is written which image needs which blob. */
  get referencesFolder(): string {
    return join(this.folder, "references");
  }

  get indexPath(): string {
    return join(this.folder, "index.json");
  }

  /** Looks for a blob. Without a size, or with `verify`, only its hash can tell that it is whole. */
  async look(digest: string, size: number | undefined, { verify = false } = {}): Promise<Sight> {
    const path = this.blobPath(digest);
    try {
      const bytes = await sizeOf(path);
      if (bytes === undefined) return { state: "absent" };
      if (size !== undefined && bytes !== size) return { state: "wrong", bytes };
      if (size !== undefined && !verify) return { state: "whole", bytes };
      return { state: (await digestOfFile(path, digest)) === digest ? "whole" : "wrong", bytes };
    } catch (error) {
      throw storeFault(error, path);
    }
  }

  /** Looks again and again until a blob is whole, for `withinMs`; false if it is not by then. */
  async appears(
    digest: string,
    size: number | undefined,
    { withinMs, signal, pause = realPause }: { withinMs: number; signal: AbortSignal; pause?: Pause | undefined },
  ): Promise<boolean> {
    let passedMs = 0;
    for (let waitMs = 10; (await this.look(digest, size)).state !== "whole"; waitMs = Math.min(waitMs * 2, lookMsMax)) {
      if (passedMs >= withinMs) return false;
      await pause(waitMs, signal);
      passedMs += waitMs;
    }
    return true;
  }

  /** Whether there is anything of a blob in its place. */
  async has(digest: string): Promise<boolean> {
    return await exists(this.blobPath(digest));
  }

  /** The bytes of a blob that is known to be whole. */
  async size(digest: string): Promise<number> {
    return (await sizeOf(this.blobPath(digest))) ?? 0;
  }

  /** Reads a small blob; undefined when it is not there. */
  async read(digest: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.blobPath(digest));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw storeFault(error, this.blobPath(digest));
    }
  }

  /** Looks for names anew where a network file system remembers old ones: blobs, references and the index. */
  async refresh(): Promise<void> {
    const folders = [this.folder, join(this.folder, "blobs", "sha256"), this.referencesFolder];
    await Promise.all(folders.map(refreshFolder));
  }

  /** Removes a blob, and what dead holders with a lower fence have left of it; gives its bytes, if it was there. */
  async remove(digest: string, fence: number): Promise<number | undefined> {
    const path = this.blobPath(digest);
    try {
      const bytes = await sizeOf(path);
      if (bytes !== undefined) await unlink(path);
      if (bytes !== undefined) await syncFolder(dirname(path));
      await this.removeRests(digest, fence);
      return bytes;
    } catch (error) {
      throw storeFault(error, path);
    }
  }

  /** Removes what earlier holders of a blob have left of it. */
  async removeRests(digest: string, fence: number): Promise<void> {
    for (const rest of await this.restsOf(digest, fence)) await rm(rest, { force: true });
  }

  /** The files of earlier holders of a blob: those of a lower fence. */
  async restsOf(digest: string, fence: number): Promise<string[]> {
    const names = await readdir(this.ingestFolder);
    return names.flatMap((name) => {
      if (!name.startsWith(`${digest}.`)) return [];
      const other = Number(name.slice(digest.length + 1));
      return Number.isSafeInteger(other) && other < fence ? [join(this.ingestFolder, name)] : [];
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await sizeOf(path)) !== undefined;
  } catch (error) {
    throw storeFault(error, path);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  for (const look of ["first", "again"]) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (!isGone(error)) throw error;
      if (look === "first") await refreshFolder(dirname(path));
    }
  }
  return undefined;
}

async function refuseStrange(folder: string): Promise<void> {
  const names = await namesIn(folder);
  const strange = names.find((name) => !ownNames.has(name));
  if (strange === undefined || names.includes(layoutFile)) return;
  throw new ContentError(
    "STORE_FAULT",
    `${folder} is no image store: it holds ${JSON.stringify(strange)} and no ${layoutFile}; name an empty folder`,
  );
}

async function ensureLayout(folder: string): Promise<void> {
  const path = join(folder, layoutFile);
  const text = await readText(path);
  if (text === undefined) {
    await replaceFile(path, layoutText, join(folder, "ingest", `${layoutFile}.${randomUUID()}`));
    return;
  }
  if (!/"imageLayoutVersion"\s*:\s*"1\./.test(text)) {
    throw new ContentError("STORE_FAULT", `${path} names no image layout of version 1: ${text.slice(0, 80)}`);
  }
}

async function ensureId(folder: string, pause: Pause): Promise<string> {
  const path = join(folder, idFile);
  const never = new AbortController().signal;
  for (let looks = 0; looks < idLooksMax; looks++) {
    const id = await readId(path);
    if (id !== undefined) return id;
    const fresh = randomUUID();
    if (await createFile(path, `${fresh}\n`, join(folder, "ingest", `${idFile}.${fresh}`))) return fresh;
    // Another machine was first, and what it wrote is not to be seen here yet.
    await pause(100, never);
  }
  throw new ContentError("STORE_FAULT", `${path} does not hold a store id: remove it if no node is at work`);
}

async function readId(path: string): Promise<string | undefined> {
  const id = (await readText(path))?.trim();
  return id !== undefined && idForm.test(id) ? id : undefined;
}
