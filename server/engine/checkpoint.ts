// A checkpoint: a whole table in one file of lines, written beside the one in force and renamed into its place, so that there
// is always one that is whole. Knows files; no SQLite and no lock.
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { recordsOf, tableFrom, type TableRecord } from "../core/snapshot.ts";
import type { LockTable } from "../core/table.ts";
import { syncFolder } from "./folder.ts";
import { JournalError } from "./journal.ts";

const format = 1;
const chunkCharactersMax = 256 * 1024;
const readBytes = 1024 * 1024;
const lineFeed = 10;

type FirstLine = { baton: "checkpoint"; format: number };
type LastLine = { lines: number; crc: number };

/** Where the checkpoint of a folder is. */
function checkpointPath(folder: string): string {
  return join(folder, "checkpoint.ndjson");
}

/** Writes the table as the folder's checkpoint; once it returns, that survives a crash of the machine. */
export function writeCheckpoint(folder: string, table: LockTable): void {
  const path = checkpointPath(folder);
  try {
    writeBeside(path, table);
  } catch (error) {
    dropUnfinished(folder);
    throw error;
  }
  renameSync(unfinished(path), path);
  syncFolder(folder);
}

/** Removes what is left of a checkpoint that was not finished. */
export function dropUnfinished(folder: string): void {
  rmSync(unfinished(checkpointPath(folder)), { force: true });
}

/** The table of the folder's checkpoint, or undefined when there is none. */
export function readCheckpoint(folder: string): LockTable | undefined {
  const path = checkpointPath(folder);
  if (!existsSync(path)) return undefined;
  try {
    return tableFrom(recordsIn(path));
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw damaged(path, error);
  }
}

function writeBeside(path: string, table: LockTable): void {
  const file = openSync(unfinished(path), "w", 0o600);
  try {
    let crc = 0;
    let lines = 1;
    let chunk = lineOf({ baton: "checkpoint", format } satisfies FirstLine);
    const write = () => {
      crc = crc32(chunk, crc);
      writeFileSync(file, chunk);
      chunk = "";
    };
    for (const record of recordsOf(table)) {
      chunk += lineOf(record);
      lines += 1;
      if (chunk.length > chunkCharactersMax) write();
    }
    write();
    writeFileSync(file, lineOf({ lines, crc } satisfies LastLine));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The records of a checkpoint; the one who takes the last of them knows that all of them are as they were written. */
function* recordsIn(path: string): Generator<TableRecord> {
  let crc = 0;
  let lines = 0;
  let last: Buffer = Buffer.alloc(0);
  for (const block of blocksIn(path)) {
    // Only who has seen the next block knows that the line before it is not the last of all.
    const whole = Buffer.concat([last, block]);
    const end = whole.lastIndexOf(lineFeed, whole.length - 2) + 1;
    last = whole.subarray(end);
    if (end === 0) continue;
    crc = crc32(whole.subarray(0, end), crc);
    // Many lines at once: to parse each by itself takes half as long again.
    const records: TableRecord[] = JSON.parse(`[${whole.toString("utf8", 0, end - 1).replaceAll("\n", ",")}]`);
    if (lines === 0) checkFormat(path, whole.subarray(0, whole.indexOf(lineFeed)));
    yield* lines === 0 ? records.slice(1) : records;
    lines += records.length;
  }
  const written: LastLine = parse(last);
  if (written.crc !== crc || written.lines !== lines) throw damaged(path);
}

/** The bytes of a file, some whole lines at a time, each with its line feed; the last one may have none. */
function* blocksIn(path: string): Generator<Buffer> {
  const file = openSync(path, "r");
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(readBytes);
      const length = readSync(file, chunk);
      if (length === 0) break;
      const bytes = Buffer.concat([rest, chunk.subarray(0, length)]);
      const end = bytes.lastIndexOf(lineFeed) + 1;
      if (end > 0) yield bytes.subarray(0, end);
      rest = bytes.subarray(end);
    }
    if (rest.length > 0) yield rest;
  } finally {
    closeSync(file);
  }
}

function checkFormat(path: string, line: Buffer): void {
  const { format: written }: FirstLine = parse(line);
  if (written <= format) return;
  throw new JournalError(
    `${path} has format ${written}, made by a newer Baton; this one reads formats up to ${format}`,
  );
}

function unfinished(path: string): string {
  return `${path}.new`;
}

function lineOf(value: FirstLine | TableRecord | LastLine): string {
  return `${JSON.stringify(value)}\n`;
}

/** What this file wrote is what it reads: the checksum stands for the form. */
function parse(line: Buffer) {
  return JSON.parse(line.toString());
}

function damaged(path: string, cause?: unknown): JournalError {
  return new JournalError(`${path} is damaged: put back a copy of the whole folder, or move it away to start empty`, {
    cause,
  });
}
