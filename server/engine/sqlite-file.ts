// The SQLite file of a journal: one row a batch, each with a checksum, and what a table comes to by them. Knows no checkpoint
// in the making and no engine.
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

/** A table as the file has it, and the times of its last row. */
export type Recovered = { table: LockTable; last: Omit<Row, "first" | "commands"> | undefined };

const format = 1;
const busyMsMax = 10_000;

/** Where the file of a folder is. */
export function sqlitePath(folder: string): string {
  return join(folder, "journal.db");
}

/** Opens the file of a folder, made when there is none; every commit is synced. */
export function openSqlite(folder: string): DatabaseSync {
  const path = sqlitePath(folder);
  return withPath(path, () => {
    const database = new DatabaseSync(path, { timeout: busyMsMax });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
    const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version > format) {
      throw new JournalError(
        `${path} has format ${version}, made by a newer Baton; this one reads formats up to ${format}`,
      );
    }
    if (version === 0) {
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

/** Folds the checkpoint and every row after it; refuses a file in which anything is missing or changed. */
export function recover(folder: string, database: DatabaseSync): Recovered {
  const path = sqlitePath(folder);
  return withPath(path, () => {
    const table = readCheckpoint(folder) ?? createTable({ limits: defaultLimits, lockDelayMs: 0, outcomeTtlMs: 0 }, 1);
    let last: Recovered["last"];
    for (const { first, table_ms, wall_ms, boot_ms, commands, crc } of database
      .prepare("SELECT first, table_ms, wall_ms, boot_ms, commands, crc FROM batch ORDER BY first")
      .iterate()) {
      const row: Row = {
        first: Number(first),
        tableMs: Number(table_ms),
        wallMs: Number(wall_ms),
        bootMs: Number(boot_ms),
        commands: String(commands),
      };
      if (checksumOf(row) !== Number(crc))
        throw damaged(path, `the batch of step ${row.first} is not as it was written`);
      last = { tableMs: row.tableMs, wallMs: row.wallMs, bootMs: row.bootMs };
      if (row.first <= table.order) continue;
      if (row.first !== table.order + 1) throw damaged(path, `the steps after ${table.order} are missing`);
      const batch: Command[] = JSON.parse(row.commands);
      for (const command of batch) step(table, command, row.tableMs);
    }
    return { table, last };
  });
}

/** Runs what touches the file; SQLite's own complaints become one clear line. */
export function withPath<Result>(path: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof JournalError || !(error instanceof Error)) throw error;
    throw new JournalError(
      `${path}: ${error.message}: it is damaged, or this user may not use it; put back a copy of the whole folder, or move it away to start empty`,
      { cause: error },
    );
  }
}

function damaged(path: string, what: string): JournalError {
  return new JournalError(
    `${path} is damaged: ${what}; put back a copy of the whole folder, or move it away to start empty`,
  );
}
