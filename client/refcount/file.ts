// Reference counts in a folder that processes share, of several machines too: a small file for each resource. Knows no policy.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isObject, parseJson } from "../../shared/json-text.ts";
import { namesIn, readText, refreshFolder, replaceFile, syncFolder } from "../content/durable-file.ts";
import { LockFile, type LockHold } from "./lock-file.ts";
import { isMeant, isSameSet, type RefCountFilter, type RefCountStorage } from "./storage.ts";

/** A file of the folder holds something else than it should; the message says which, and what to do. */
export class RefCountFileError extends Error {
  override readonly name = "RefCountFileError";
  readonly code = "REFCOUNT_FILE";
  readonly path: string;

  constructor(path: string) {
    super(`${path} is no file of reference counts: remove it, or put back a copy`);
    this.path = path;
  }
}

type Entry = { readonly resource: string; readonly nodes: readonly string[] };

const suffix = ".json";

/**
 * Keeps reference counts in a folder of its own, which is made when it is not there. A set is written into a new file, synced
 * and renamed into its place, so that it is the old or the new one after any crash. One writer at a time compares and
 * writes, by a lock that is a file too; readers need none.
 *
 *     const counts = new RefCountManager(new FileRefCountStorage("/var/lib/agent/references"), "node-1");
 */
export class FileRefCountStorage implements RefCountStorage {
  readonly #folder: string;
  readonly #lock: LockFile;

  constructor(folder: string) {
    this.#folder = folder;
    this.#lock = new LockFile(join(folder, "lock"), (name) => rm(this.#newPath(name), { force: true }));
  }

  async get(resource: string): Promise<readonly string[]> {
    const path = this.#pathOf(resource);
    // A network file system remembers for a while that a file was not there.
    const entry = (await readEntry(path)) ?? (await refreshFolder(this.#folder), await readEntry(path));
    return entry?.nodes ?? [];
  }

  set(resource: string, nodes: readonly string[], expected: readonly string[]): Promise<boolean> {
    return this.#write(async (hold) => {
      if (!isSameSet(await this.get(resource), expected)) return false;
      return await this.#put(hold, { resource, nodes });
    });
  }

  async delete(resource: string): Promise<void> {
    await this.#write((hold) => this.#put(hold, { resource, nodes: [] }));
  }

  async *list(filter: RefCountFilter = {}): AsyncGenerator<string, void, undefined> {
    for (const name of await namesIn(this.#folder)) {
      if (!name.endsWith(suffix)) continue;
      const entry = await readEntry(join(this.#folder, name));
      if (entry !== undefined && isMeant(filter, entry.resource, entry.nodes)) yield entry.resource;
    }
  }

  /** Writes what `change` says; anew if this process was frozen for so long meanwhile that another one may be writing. */
  async #write(change: (hold: LockHold) => Promise<boolean | undefined>): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true });
    for (;;) {
      const isDone = await this.#lock.hold(change);
      if (isDone !== undefined) return isDone;
    }
  }

  /** Puts an entry into its file; undefined, and nothing has changed, when the lock is lost. */
  async #put(hold: LockHold, entry: Entry): Promise<true | undefined> {
    const path = this.#pathOf(entry.resource);
    if (entry.nodes.length === 0) {
      if (!(await hold.isHeld())) return undefined;
      await rm(path, { force: true });
      await syncFolder(this.#folder);
      return true;
    }
    const fresh = this.#newPath(hold.name);
    try {
      return (await replaceFile(path, `${JSON.stringify(entry)}\n`, fresh, hold.isHeld)) ? true : undefined;
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  #newPath(name: string): string {
    return join(this.#folder, `${name}.new`);
  }

  /** Any name of a resource makes a file's name, whatever the file system takes. */
  #pathOf(resource: string): string {
    return join(this.#folder, `${createHash("sha256").update(resource).digest("hex")}${suffix}`);
  }
}

async function readEntry(path: string): Promise<Entry | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const entry = decode(text);
  if (entry === undefined) throw new RefCountFileError(path);
  return entry;
}

function decode(text: string): Entry | undefined {
  const value = parseJson(text);
  if (!isObject(value)) return undefined;
  const { resource, nodes } = value;
  if (typeof resource !== "string" || !Array.isArray(nodes)) return undefined;
  return { resource, nodes: nodes.filter((node) => typeof node === "string") };
}
