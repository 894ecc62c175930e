// How far a journal has come, beside it in a file of its own: a journal that ends before its mark has lost its end, which by
// itself it cannot tell from a batch that was never written. Knows no batch but its number.
import { closeSync, constants, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { syncFolder } from "./folder.ts";
import { JournalError } from "./journal.ts";

const digits = 16;

/** Where the mark of a folder is. */
export function markPath(folder: string): string {
  return join(folder, "journal.mark");
}

/** The first step of the last batch that was safe when the mark was set; undefined when there is none. */
export function readMark(folder: string): number | undefined {
  const path = markPath(folder);
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "latin1");
  // The machine stopped while the mark was made, before there was a batch.
  if (/^\0*$/.test(text)) return undefined;
  const first = Number(text.slice(0, digits));
  if (text === textOf(first)) return first;
  throw new JournalError(`${path} is damaged: put back a copy of the whole folder, or move it away to start empty`);
}

/** The mark of a folder whose journal is open. */
export class JournalMark {
  readonly #file: number;

  /** Sets the mark, which survives a crash of the machine once this returns; 0 stands for a journal without a batch. */
  constructor(folder: string, first: number) {
    const path = markPath(folder);
    this.#file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    this.move(first);
    fsyncSync(this.#file);
    // Also when it was there: the run that made it may have been killed before it came to this.
    syncFolder(folder);
  }

  /** Moves the mark to a batch that is safe. It is not synced: after a crash of the machine it may say less, never more. */
  move(first: number): void {
    writeSync(this.#file, textOf(first), 0, "latin1");
  }

  close(): void {
    closeSync(this.#file);
  }
}

function textOf(first: number): string {
  const number = String(first).padStart(digits, "0");
  return `${number} ${crc32(number).toString(16).padStart(8, "0")}\n`;
}
