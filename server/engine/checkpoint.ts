// A checkpoint: a whole table in one file of lines, written beside the one in force and renamed into its place, so that there
// is always one that is whole. Knows files; no SQLite and no lock.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { recordsOf, tableFrom, type TableRecord } from "../core/snapshot.ts";
import type { LockTable } from "../core/table.ts";
import { JournalError } from "./journal.ts";

const format = 1;
const chunkCharactersMax = 256 * 1024;

type FirstLine = { baton: "checkpoint"; format: number };
type LastLine = { lines: number; crc: number };

/** Where the checkpoint of a folder is. */
function checkpointPath(folder: string): string {
  return join(folder, "checkpoint.ndjson");
}

/** Writes the table as the folder's checkpoint; once it returns, that survives a crash of the machine. */
export function writeCheckpoint(folder: string, table: LockTable): void {
  const path = checkpointPath(folder);
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    let crc = 0;
    let lines = 1;
    let chunk = lineOf({ baton: "checkpoint", format } satisfies FirstLine);
    const write = () => {
      crc = crc32(chunk, crc);
      writeSync(file, chunk);
      chunk = "";
    };
    for (const record of recordsOf(table)) {
      chunk += lineOf(record);
      lines += 1;
      if (chunk.length > chunkCharactersMax) write();
    }
    write();
    writeSync(file, lineOf({ lines, crc } satisfies LastLine));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  syncFolder(dirname(path));
}

/** The table of the folder's checkpoint, or undefined when there is none. */
export function readCheckpoint(folder: string): LockTable | undefined {
  const path = checkpointPath(folder);
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "utf8");
  const lastStart = text.lastIndexOf("\n", text.length - 2) + 1;
  const body = text.slice(0, lastStart);
  const damaged = new JournalError(
    `${path} is damaged: put back a copy of the whole folder, or move it away to start empty`,
  );
  const last: LastLine = parse(text.slice(lastStart), damaged);
  const lines = body.split("\n");
  lines.pop();
  if (last.crc !== crc32(body) || last.lines !== lines.length) throw damaged;
  const [first, ...records] = lines;
  const { format: written }: FirstLine = parse(first ?? "", damaged);
  if (written > format) {
    throw new JournalError(
      `${path} has format ${written}, made by a newer Baton; this one reads formats up to ${format}`,
    );
  }
  return tableFrom(records.map((line): TableRecord => parse(line, damaged)));
}

/** Makes the names in a folder survive a crash of the machine. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function lineOf(value: FirstLine | TableRecord | LastLine): string {
  return `${JSON.stringify(value)}\n`;
}

/** What this file wrote is what it reads: the checksum stands for the form. */
function parse(line: string, damaged: JournalError) {
  try {
    return JSON.parse(line);
  } catch {
    throw damaged;
  }
}
