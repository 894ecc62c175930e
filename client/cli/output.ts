// How the CLI writes: text that cannot drive a terminal, JSON, durations, tables. Knows no command and no hub.
import type { Json } from "../../shared/protocol.ts";
import { unprintable } from "../../shared/wording.ts";

export { counted, duration, printable, searchable } from "../../shared/wording.ts";

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

/** Whether what is shown on these streams may be drawn over: they are terminals, and nobody asks for plain text. */
export function mayRedraw(...streams: readonly { readonly isTTY: boolean }[]): boolean {
  const { NO_COLOR, TERM } = process.env;
  return streams.every(({ isTTY }) => isTTY) && !NO_COLOR && TERM !== "dumb";
}

/** Says one line on standard error, as `baton: …`. */
export function say(line: string): void {
  process.stderr.write(`baton: ${line}\n`);
}
