// How the CLI writes: text that cannot drive a terminal, JSON, durations, tables. Knows no command and no hub.
import type { Json } from "../../shared/protocol.ts";

// Control characters (C0, DEL, C1), format characters (bidi marks, zero-width ones), and what breaks a line.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text that others chose, as a terminal may safely see it: what could drive or mislead it stands as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`);
}

/** A value as one line of JSON in which nothing can drive a terminal: the same characters stand as `\u001b`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(unprintable, (character) => {
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** A result that a holder gave, for a table: its JSON, cut short at `lengthMax` characters. */
export function shortJson(value: Json, lengthMax: number): string {
  const line = jsonLine(value);
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`;
}

/** A duration in milliseconds as people read it, two units at most: `250ms`, `12s`, `3m12s`, `2h5m`, `3d4h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const seconds = Math.floor(milliseconds / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return pair(minutes, "m", seconds % 60, "s");
  return days === 0 ? pair(hours, "h", minutes % 60, "m") : pair(days, "d", hours % 24, "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** A count and its noun: `1 waiter`, `2 waiters`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** Rows under their headings, columns two spaces apart, each line indented and without spaces at its end. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], indent = ""): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ""))));
  const text = lines.map((line) => line.map((cell, column) => padded(cell, widths[column] ?? 0)).join("  "));
  return text.map((line) => `${indent}${line.trimEnd()}\n`).join("");
}

function padded(cell: string, columns: number): string {
  return cell + " ".repeat(columns - width(cell));
}

function width(text: string): number {
  return Array.from(text).length;
}

/** Says one line on standard error, as `baton: …`. */
export function say(line: string): void {
  process.stderr.write(`baton: ${line}\n`);
}
