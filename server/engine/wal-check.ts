// Whether SQLite's write-ahead log is whole, asked before SQLite opens it: from the first frame with a wrong checksum on,
// SQLite drops the log without a word, as if all of it were one commit that a crash has torn. Every commit is synced before
// the next begins, so that a crash tears the last one at most: whatever more stands behind the tear was safe and is damaged.
// Knows the log's form (https://sqlite.org/walformat.html); nothing of what is in it.
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { JournalError } from "./journal.ts";

const headerBytes = 32;
const frameHeaderBytes = 24;
const magicLittleEndian = 0x377f0682;
const magicBigEndian = 0x377f0683;

type Sum = readonly [number, number];
type ReadWord = (bytes: Buffer, at: number) => number;

const bigEndian: ReadWord = (bytes, at) => bytes.readUInt32BE(at);
const littleEndian: ReadWord = (bytes, at) => bytes.readUInt32LE(at);

/** Refuses a log, of that path, from which SQLite would drop more than a torn commit; there may be none. */
export function checkWal(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, "r");
  try {
    const header = Buffer.alloc(headerBytes);
    if (readSync(file, header) < headerBytes) return;
    const word = wordOf(header);
    const start = word && addUp([0, 0], header.subarray(0, 24), word);
    if (word === undefined || start === undefined || !isSum(header, 24, start)) throw damaged(path, "its header is");
    const commits = commitsBehindTear(file, header, word, start);
    if (commits > 1) throw damaged(path, `${commits} commits stand behind a frame that is`);
  } finally {
    closeSync(file);
  }
}

/** How many commits of this log stand behind the first frame that is not as it was written. */
function commitsBehindTear(file: number, header: Buffer, word: ReadWord, start: Sum): number {
  const frame = Buffer.alloc(frameHeaderBytes + header.readUInt32BE(8));
  let sum: Sum | undefined = start;
  let commits = 0;
  while (readSync(file, frame) === frame.length) {
    // A frame with other salts is of an earlier round of the log, all of which is in the database.
    const isOfThisRound = frame.compare(header, 16, 24, 8, 16) === 0;
    if (sum !== undefined) {
      const next = addUp(addUp(sum, frame.subarray(0, 8), word), frame.subarray(frameHeaderBytes), word);
      sum = isOfThisRound && isSum(frame, 16, next) ? next : undefined;
    }
    if (sum === undefined && isOfThisRound && frame.readUInt32BE(4) > 0) commits += 1;
  }
  return commits;
}

function wordOf(header: Buffer): ReadWord | undefined {
  const magic = header.readUInt32BE(0);
  if (magic === magicLittleEndian) return littleEndian;
  return magic === magicBigEndian ? bigEndian : undefined;
}

function addUp([first, second]: Sum, bytes: Buffer, word: ReadWord): Sum {
  let one = first;
  let other = second;
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + word(bytes, at) + other) >>> 0;
    other = (other + word(bytes, at + 4) + one) >>> 0;
  }
  return [one, other];
}

function isSum(bytes: Buffer, at: number, [one, other]: Sum): boolean {
  return bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === other;
}

function damaged(path: string, what: string): JournalError {
  return new JournalError(
    `${path} is damaged: ${what} not as it was written; put back a copy of the whole folder, or move it away to start empty`,
  );
}
