// The highest fence that each resource has seen, in an SQLite file that processes of one machine share: each raise is one
// synced transaction, so that no crash takes it back. Knows nothing of who asks.
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FenceFileError } from "./fence-error.ts";
import type { Fences, Refusal } from "./fences.ts";

// "BatF", by which a file of something else is told from an own one.
const applicationId = 0x42617446;
const format = 1;

const sqliteBusy = 5;
const sqliteFull = 13;

/** The highest fences of at most that many resources, in a file. */
export class FileFences implements Fences {
  readonly #path: string;
  readonly #resourcesMax: number;
  readonly #database: DatabaseSync;
  readonly #select;
  readonly #put;
  readonly #totals;
  readonly #setTotals;
  readonly #forget;
  /** What has gone wrong for good: a disk that failed once is not asked again by this guard. */
  #broken: FenceFileError | undefined;

  /**
   * @param busyMsMax how long to wait for another process that is writing
   * @throws FenceFileError when the file is not there and cannot be made, is another program's, damaged, or newer than this
   */
  constructor(path: string, resourcesMax: number, busyMsMax: number) {
    this.#path = resolve(path);
    this.#resourcesMax = resourcesMax;
    this.#database = this.#withPath(() => openFile(this.#path, busyMsMax));
    const prepare = (statement: string) => this.#withPath(() => this.#database.prepare(statement));
    this.#select = prepare("SELECT fence FROM highest WHERE resource = ?");
    this.#put = prepare(
      "INSERT INTO highest VALUES (?, ?) ON CONFLICT (resource) DO UPDATE SET fence = excluded.fence",
    );
    this.#totals = prepare("SELECT resources, forgotten FROM totals");
    this.#setTotals = prepare("UPDATE totals SET resources = ?, forgotten = ?");
    this.#forget = prepare(
      "DELETE FROM highest WHERE resource IN (SELECT resource FROM highest ORDER BY fence LIMIT ?) RETURNING fence",
    );
  }

  raise(resource: string, fence: number): Refusal | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    return this.#withPath(() => {
      // What another process has put there is synced by the time that it can be seen.
      const known = this.#known(resource);
      if (known !== undefined && fence <= known) return refusal(fence, known, true);
      return this.#inTransaction(() => this.#raise(resource, fence));
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #raise(resource: string, fence: number): Refusal | undefined {
    const known = this.#known(resource);
    const totals = this.#totals.get();
    let forgotten = Number(totals?.["forgotten"]);
    let resources = Number(totals?.["resources"]);
    const highest = known ?? forgotten;
    if (fence < highest) return refusal(fence, highest, known !== undefined);
    this.#put.run(resource, fence);
    if (known !== undefined) return undefined;
    resources += 1;
    for (const gone of this.#forget.all(Math.max(0, resources - this.#resourcesMax))) {
      resources -= 1;
      forgotten = Math.max(forgotten, Number(gone["fence"]));
    }
    this.#setTotals.run(resources, forgotten);
    return undefined;
  }

  #known(resource: string): number | undefined {
    const row = this.#select.get(resource);
    return row === undefined ? undefined : Number(row["fence"]);
  }

  #inTransaction<Result>(run: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = run();
      this.#database.exec("COMMIT");
      return result;
    } finally {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    }
  }

  /** Runs what touches the file; SQLite's own complaints become one clear line. */
  #withPath<Result>(run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (error instanceof FenceFileError || !(error instanceof Error)) throw error;
      const code = "errcode" in error ? Number(error.errcode) & 0xff : undefined;
      const complaint = new FenceFileError(this.#path, `${error.message}${adviceFor(code)}`, { cause: error });
      if (code !== sqliteBusy && code !== sqliteFull) this.#broken = complaint;
      throw complaint;
    }
  }
}

function refusal(fence: number, highest: number, isRemembered: boolean): Refusal | undefined {
  return fence < highest ? { highest, isRemembered } : undefined;
}

function openFile(path: string, busyMsMax: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMsMax });
  try {
    checkKind(path, database);
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    if (mode !== "wal") throw new FenceFileError(path, "this file system cannot keep a log beside it; choose another");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("BEGIN IMMEDIATE");
    if (!checkKind(path, database)) {
      database.exec(`
        CREATE TABLE highest (resource TEXT PRIMARY KEY, fence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX highest_by_fence ON highest (fence);
        CREATE TABLE totals (resources INTEGER NOT NULL, forgotten INTEGER NOT NULL) STRICT;
        INSERT INTO totals VALUES (0, 0);
        PRAGMA application_id = ${applicationId};
        PRAGMA user_version = ${format}`);
    }
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Whether the file is a guard's; false when there is nothing in it yet.
 *
 * @throws FenceFileError when it is something else's, or a newer guard's
 */
function checkKind(path: string, database: DatabaseSync): boolean {
  const of = (pragma: string) => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  const [id, version] = [of("application_id"), of("user_version")];
  if (id === applicationId && version <= format) return true;
  if (id === applicationId) {
    throw new FenceFileError(path, `it has format ${version}, made by a newer Baton; this one reads up to ${format}`);
  }
  const tables = Number(database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()?.["tables"]);
  if (id !== 0 || version !== 0 || tables > 0) throw new FenceFileError(path, "it is a database, but no guard's");
  return false;
}

function adviceFor(code: number | undefined): string {
  if (code === sqliteBusy) return "; another process was writing for too long, ask again";
  if (code === sqliteFull) return "; make room, then ask again";
  return "; look after the file and its disk, then open the guard anew";
}
