// A checkpoint of a book in etcd: the table as chunks of lines, each well below what one request may carry, and a key that
// says which checkpoint is in force. Knows the records of a table; no order of entries.
import { createHash } from "node:crypto";
import { recordsOf, tableFrom, type TableRecord } from "../core/snapshot.ts";
import type { LockTable } from "../core/table.ts";
import { bytesOf, textOf, type Bytes, type Written } from "./etcd-keys.ts";
import type { KeyValue } from "./etcd_pb.ts";
import { JournalError } from "./journal.ts";

/** What the key of the checkpoint in force says. */
export type Checkpoint = {
  readonly id: string;
  /** All entries up to this revision are in it. */
  readonly revision: string;
  /** The table's time then, in milliseconds. */
  readonly atMs: number;
  /** When the last entry was written. */
  readonly written?: Written | undefined;
  /** By hub, the number of its last entry that is in it. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly chunks: number;
  /** What the table comes to, which is the same in every hub. */
  readonly digest: string;
};

// etcd takes requests of up to 1.5 MB.
const chunkCharactersMax = 256 * 1024;

/** Whether the entries since the last checkpoint are worth another: it costs what it holds, however little has changed. */
export function isWorthIt(
  entriesBytes: number,
  leastBytes: number,
  last: Pick<Checkpoint, "chunks"> | undefined,
): boolean {
  const lastBytes = ((last?.chunks ?? 1) - 1) * chunkCharactersMax;
  return entriesBytes > Math.max(leastBytes, 2 * lastBytes);
}

/** The table in chunks, and what it comes to. */
export function chunksOf(table: LockTable): { chunks: Bytes[]; digest: string } {
  const chunks: Bytes[] = [];
  let chunk = "";
  for (const record of recordsOf(table)) {
    chunk += `${JSON.stringify(record)}\n`;
    if (chunk.length < chunkCharactersMax) continue;
    chunks.push(bytesOf(chunk));
    chunk = "";
  }
  chunks.push(bytesOf(chunk));
  return { chunks, digest: digestOf(table) };
}

/** The table that the chunks of a checkpoint hold. */
export function readChunks({ id, chunks, digest }: Checkpoint, found: readonly KeyValue[]): LockTable {
  if (found.length !== chunks)
    throw new JournalError(`checkpoint ${id} in etcd has ${found.length} of ${chunks} chunks`);
  const table = tableFrom(recordsIn(found));
  if (digestOf(table) !== digest) throw new JournalError(`checkpoint ${id} in etcd is not as it was written`);
  return table;
}

/** What a table comes to: equal for tables that decide alike, however they came about. */
export function digestOf(table: LockTable): string {
  // In which order resources are listed decides nothing, and differs between a table that grew and one that was read.
  const lines = Array.from(recordsOf(table), (record) => JSON.stringify(record)).sort();
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line).update("\n");
  return hash.digest("base64");
}

function* recordsIn(found: readonly KeyValue[]): Generator<TableRecord> {
  for (const { value } of found) for (const line of textOf(value).split("\n")) if (line !== "") yield JSON.parse(line);
}
