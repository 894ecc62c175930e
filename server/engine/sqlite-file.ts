// The SQLite file of a journal: one row a batch, each with a checksum, and what a table comes to by them. Knows no checkpoint
// in the making and no engine.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { Command } from "../core/command.ts";
import { step } from "../core/lock-table.ts";
import { createTable, type LockTable } from "../core/table.ts";
import { defaultLimits } from "../../shared/limits.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { JournalError } from "./journal.ts";

/** One batch as it is kept: the order number of its first step, and when it was appended by three clocks, in milliseconds:
 * the table's, the wall's and the machine's since its boot. */
export type Row = { first: number; tableMs: number; wallMs: number; bootMs: number; commands: string };

/** A table as the folder has it. */
export type Recovered = {
  table: LockTable;
  /** The last row of all. */
  last: Omit<Row, "commands"> | undefined;
  /** The last step that is in the checkpoint, 0 when there is none. */
  checkpointOrder: number;
  /** How much text the rows after it have. */
  characters: number;
};

const format = 1;
const busyMsMax = 10_000;

/** Where the file of a folder is. */
export function sqlitePath(folder: string): string {
  return join(folder, "journal.db");
}

/** Opens the file of a folder to write to it, made when there is none; every commit is synced. */
export function openSqlite(folder: string): DatabaseSync {
  const path = sqlitePath(folder);
  return withPath(path, () => {
    const database = new DatabaseSync(path, { timeout: busyMsMax });
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    if (mode !== "wal") {
      throw new JournalError(`${path} cannot have a log beside it on this file system; choose another with --data`);
    }
    database.exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
    if (formatOf(path, database) === 0) {
      database.exec(`
        BEGIN;
        CREATE TABLE batch (
          first INTEGER PRIMARY KEY, table_ms REAL, wall_ms INTEGER, boot_ms INTEGER, commands TEXT, crc INTEGER
        ) STRICT;
        PRAGMA user_version = ${format};
        COMMIT`);
    }
    return database;
  });
}

/** What a row's checksum is. */
export function checksumOf({ first, tableMs, wallMs, bootMs, commands }: Row): number {
  return crc32(`${first} ${tableMs} ${wallMs} ${bootMs} ${commands}`);
}

/** Folds the checkpoint and every row after it; refuses a file in which anything is missing or changed. Writes nothing. */
export function recover(folder: string): Recovered {
  const path = sqlitePath(folder);
  const table = readCheckpoint(folder) ?? createTable({ limits: defaultLimits, lockDelayMs: 0, outcomeTtlMs: 0 }, 1);
  const recovered: Recovered = { table, last: undefined, checkpointOrder: table.order, characters: 0 };
  if (!existsSync(path) || statSync(path).size === 0) return recovered;
  withPath(path, () => {
    // A crash while the file was made has left a journal of SQLite's own, which only one who may write can undo.
    const readOnly = !existsSync(`${path}-journal`);
    const database = new DatabaseSync(path, { timeout: busyMsMax, readOnly });
    try {
      if (formatOf(path, database) > 0) for (const row of rowsOf(path, database)) replay(path, recovered, row);
    } finally {
      database.close();
    }
  });
  return recovered;
}

function replay(path: string, recovered: Recovered, { commands, ...row }: Row): void {
  const { table } = recovered;
  recovered.last = row;
  if (row.first <= recovered.checkpointOrder) return;
  if (row.first !== table.order + 1) throw damaged(path, `the steps after ${table.order} are missing`);
  recovered.characters += commands.length;
  const batch: Command[] = JSON.parse(commands);
  for (const command of batch) step(table, command, row.tableMs);
}

function* rowsOf(path: string, database: DatabaseSync): Generator<Row> {
  const select = database.prepare("SELECT first, table_ms, wall_ms, boot_ms, commands, crc FROM batch ORDER BY first");
  for (const { first, table_ms, wall_ms, boot_ms, commands, crc } of select.iterate()) {
    const row: Row = {
      first: Number(first),
      tableMs: Number(table_ms),
      wallMs: Number(wall_ms),
      bootMs: Number(boot_ms),
      commands: String(commands),
    };
    if (checksumOf(row) !== Number(crc)) throw damaged(path, `the batch of step ${row.first} is not as it was written`);
    yield row;
  }
}

/** 0 for a file in which nothing is yet. */
function formatOf(path: string, database: DatabaseSync): number {
  const written = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (written <= format) return written;
  throw new JournalError(
    `${path} has format ${written}, made by a newer Baton; this one reads formats up to ${format}`,
  );
}

/** Runs what touches the file; SQLite's own complaints become one clear line. */
export function withPath<Result>(path: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof JournalError || !(error instanceof Error)) throw error;
    throw new JournalError(`${path}: ${error.message}: ${adviceFor(error)}`, { cause: error });
  }
}

const sqliteFull = 13;
const sqliteInputOutput = 10;

function adviceFor(error: Error): string {
  const code = "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  const systemCode = "code" in error ? error.code : undefined;
  if (code === sqliteFull || systemCode === "ENOSPC") return "make room, then start the hub again";
  if (code === sqliteInputOutput || systemCode === "EIO")
    return "look after the disk, which fails or is full, then start the hub again";
  return "it is damaged, or this user may not use it; put back a copy of the whole folder, or move it away to start empty";
}

/** What is said of a folder in which something is missing or changed. */
export function damaged(path: string, what: string): JournalError {
  return new JournalError(
    `${path} is damaged: ${what}; put back a copy of the whole folder, or move it away to start empty`,
  );
}
