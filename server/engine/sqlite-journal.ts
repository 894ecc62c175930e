// The journal in a file: one row a batch, one synced commit a row, before anybody hears of it [B3]; now and then a checkpoint
// takes the place of the rows before it. Knows SQLite; decides nothing.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import type { Clock } from "../clock.ts";
import type { TableSettings } from "../core/command.ts";
import type { Logger } from "../log.ts";
import { dropUnfinished } from "./checkpoint.ts";
import { makeFolder } from "./folder.ts";
import { JournalError, type Batch, type Book, type Hear, type Journal } from "./journal.ts";
import { JournalMark, markPath } from "./journal-mark.ts";
import { momentNow, recoverWhole, timeNow } from "./recovery.ts";
import { checksumOf, openSqlite, sqlitePath, withPath, type Recovered, type Row } from "./sqlite-file.ts";

type BookParts = {
  folder: string;
  settings: TableSettings;
  recoveryGraceMs: number;
  clock: Clock;
  log: Logger;
  /** How long the text of the rows grows, in UTF-16 units, before a checkpoint takes their place. */
  compactCharacters?: number;
};

// Reading as much back takes about a second.
const compactCharactersUsual = 32 * 1024 * 1024;
const prunedRowsPerBatch = 64;
const sqliteBusy = 5;

/** Opens the book in a folder, made when there is none; one hub at a time [B6]. */
export function sqliteBook(parts: BookParts): Book {
  const { folder, settings, recoveryGraceMs, clock } = parts;
  const lock = lockFolder(folder);
  try {
    const recovered = recoverWhole(folder);
    dropUnfinished(folder);
    const database = openSqlite(folder);
    // The log begins anew: what a crash has left behind its end is gone, and what a failed sync has left in memory is written.
    withPath(sqlitePath(folder), () => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    const mark = withPath(markPath(folder), () => new JournalMark(folder, recovered.last?.first ?? 0));
    const { nowMs, isUndated } = timeNow(recovered.last, clock);
    return {
      table: recovered.table,
      nowMs,
      beginning: { type: "begin", order: clock.wallMicroseconds(), settings, recoveryGraceMs, isUndated },
      open: (hear) => new SqliteJournal({ ...parts, lock, database, mark, recovered, hear }),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

type JournalParts = BookParts & {
  lock: DatabaseSync;
  database: DatabaseSync;
  mark: JournalMark;
  recovered: Recovered;
  hear: Hear;
};

class SqliteJournal implements Journal {
  readonly survivesMs: number;
  readonly isCommitFree = false;
  readonly #parts: JournalParts;
  readonly #insert;
  readonly #prune;
  readonly #compactCharacters: number;
  #characters: number;
  #compacting: Worker | undefined;
  /** Rows up to this step are in the checkpoint, and go a few at a time. */
  #prunableOrder: number;

  constructor(parts: JournalParts) {
    const { database, recovered, recoveryGraceMs, compactCharacters = compactCharactersUsual } = parts;
    this.#parts = parts;
    this.survivesMs = recoveryGraceMs;
    this.#compactCharacters = compactCharacters;
    this.#characters = recovered.characters;
    this.#prunableOrder = recovered.checkpointOrder;
    this.#insert = database.prepare("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)");
    // The last row stays: it says when this was.
    this.#prune = database.prepare(`DELETE FROM batch WHERE first IN (
      SELECT first FROM batch WHERE first <= ? ORDER BY first LIMIT ${prunedRowsPerBatch})`);
  }

  append({ commands, nowMs }: Batch): void {
    const { recovered, folder, hear, clock, mark } = this.#parts;
    const row: Row = {
      first: recovered.table.order + 1,
      tableMs: nowMs,
      ...momentNow(clock),
      commands: JSON.stringify(commands),
    };
    withPath(sqlitePath(folder), () => this.#commit(row));
    withPath(markPath(folder), () => mark.move(row.first));
    hear({ commands, nowMs });
    this.#characters += row.commands.length;
    recovered.table.tally.journal.bytes = this.#characters;
    if (this.#characters > this.#compactCharacters) this.#compact();
  }

  whenHeard(callback: () => void): void {
    callback();
  }

  isOurs(): boolean {
    return true;
  }

  isReachable(): boolean {
    return true;
  }

  async close(): Promise<void> {
    const { database, mark, lock } = this.#parts;
    await this.#compacting?.terminate();
    database.close();
    mark.close();
    lock.close();
  }

  #commit(row: Row): void {
    const { first, tableMs, wallMs, bootMs, commands } = row;
    const { database } = this.#parts;
    const isPruning = this.#prunableOrder > 0;
    if (isPruning) database.exec("BEGIN");
    this.#insert.run(first, tableMs, wallMs, bootMs, commands, checksumOf(row));
    if (!isPruning) return;
    const { changes } = this.#prune.run(this.#prunableOrder);
    database.exec("COMMIT");
    if (Number(changes) < prunedRowsPerBatch) this.#prunableOrder = 0;
  }

  #compact(): void {
    if (this.#compacting !== undefined) return;
    const { folder, log, recovered } = this.#parts;
    this.#characters = 0;
    // The worker's file has the ending that this one has: that of the source, or of what was built from it.
    const file = new URL(`./compactor${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);
    const worker = new Worker(file, { workerData: folder });
    this.#compacting = worker;
    worker.on("message", (order: number) => {
      this.#prunableOrder = order;
      recovered.table.tally.journal.checkpoints += 1;
      log.debug({ order }, "a checkpoint was made");
    });
    worker.on("error", (error) => log.error({ error }, "no checkpoint could be made; the journal grows on"));
    worker.on("exit", () => {
      this.#compacting = undefined;
    });
  }
}

/** Holds the folder for this process; the system lets go of it when the process ends, however it ends. */
function lockFolder(folder: string): DatabaseSync {
  try {
    makeFolder(folder);
    const lock = new DatabaseSync(join(folder, "lock.db"), { timeout: 0 });
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("errcode" in error && error.errcode === sqliteBusy) {
      throw new JournalError(`${folder} is in use by another hub; stop it, or choose another folder with --data`);
    }
    throw new JournalError(`${folder} cannot be used: ${error.message}; choose another folder with --data`, {
      cause: error,
    });
  }
}
