// The journal in a file: one row a batch, one synced commit a row, before anybody hears of it [B3]; now and then a checkpoint
// takes the place of the rows before it. Knows SQLite; decides nothing.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import type { Clock } from "../clock.ts";
import type { TableSettings } from "../core/command.ts";
import type { LockTable } from "../core/table.ts";
import type { Logger } from "../log.ts";
import { JournalError, type Batch, type Book, type Hear, type Journal } from "./journal.ts";
import { checksumOf, openSqlite, recover, sqlitePath, withPath, type Recovered, type Row } from "./sqlite-file.ts";

type BookParts = { folder: string; settings: TableSettings; recoveryGraceMs: number; clock: Clock; log: Logger };

// Journal text after which a checkpoint is made; reading as much back takes about a second.
const compactCharacters = 32 * 1024 * 1024;
const prunedRowsPerBatch = 64;
const sqliteBusy = 5;

/** Opens the book in a folder, made when there is none; one hub at a time [B6]. */
export function sqliteBook({ folder, settings, recoveryGraceMs, clock, log }: BookParts): Book {
  const lock = lockFolder(folder);
  const database = openSqlite(folder);
  const { table, last } = recover(folder, database);
  const { nowMs, isUndated } = timeNow(last, clock);
  return {
    table,
    nowMs,
    beginning: { type: "begin", order: clock.wallMicroseconds(), settings, recoveryGraceMs, isUndated },
    open: (hear) => new SqliteJournal({ folder, database, lock, table, hear, log, survivesMs: recoveryGraceMs, clock }),
  };
}

type JournalParts = {
  folder: string;
  database: DatabaseSync;
  lock: DatabaseSync;
  table: LockTable;
  hear: Hear;
  log: Logger;
  survivesMs: number;
  clock: Clock;
};

class SqliteJournal implements Journal {
  readonly survivesMs: number;
  readonly #parts: JournalParts;
  readonly #insert;
  readonly #prune;
  #characters = 0;
  #compacting: Worker | undefined;
  /** Rows up to this step are in the checkpoint, and go a few at a time. */
  #prunableOrder = 0;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.survivesMs = parts.survivesMs;
    const { database } = parts;
    this.#insert = database.prepare("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)");
    // The last row stays: it says when this was.
    this.#prune = database.prepare(`DELETE FROM batch WHERE first IN (
      SELECT first FROM batch WHERE first <= ? ORDER BY first LIMIT ${prunedRowsPerBatch})`);
  }

  append({ commands, nowMs }: Batch): void {
    const { table, folder, hear, clock } = this.#parts;
    const row: Row = {
      first: table.order + 1,
      tableMs: nowMs,
      wallMs: Math.round(clock.wallMicroseconds() / 1_000),
      bootMs: Math.round(clock.sinceBootMs()),
      commands: JSON.stringify(commands),
    };
    withPath(sqlitePath(folder), () => this.#commit(row));
    hear({ commands, nowMs });
    this.#characters += row.commands.length;
    if (this.#characters > compactCharacters) this.#compact();
  }

  isReachable(): boolean {
    return true;
  }

  async close(): Promise<void> {
    await this.#compacting?.terminate();
    this.#parts.database.close();
    this.#parts.lock.close();
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
    const { folder, log } = this.#parts;
    this.#characters = 0;
    // The worker's file has the ending that this one has: that of the source, or of what was built from it.
    const file = new URL(`./compactor${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url);
    const worker = new Worker(file, { workerData: folder });
    this.#compacting = worker;
    worker.on("message", (order: number) => {
      this.#prunableOrder = order;
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
  const path = join(folder, "lock.db");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const lock = new DatabaseSync(path, { timeout: 0 });
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

/** The table's time now: what has passed since the last row, by the clock that says more [O6]. */
function timeNow(last: Recovered["last"], clock: Clock): { nowMs: number; isUndated: boolean } {
  if (last === undefined) return { nowMs: 0, isUndated: false };
  const wallMs = clock.wallMicroseconds() / 1_000 - last.wallMs;
  const bootMs = clock.sinceBootMs() - last.bootMs;
  return { nowMs: last.tableMs + Math.max(0, wallMs, bootMs), isUndated: wallMs < 0 };
}
