// What has happened, within a bound for each resource and one for all, oldest out first [B1]. It stands in columns, one row
// after the other, and not in objects: a busy hub notes hundreds of thousands of things a second. Knows no rule.
import type { Mode, OutcomeWord } from "../../shared/protocol.ts";

/** The words in the order of their codes; the outcomes of releases, and that of what is none. */
export const events = ["granted", "skipped", "failed", "lost", "released", "forgotten"] as const;
export const modes = ["once", "exclusive", "shared", "permit"] as const;
export const outcomes = ["success", "failure", "none", undefined] as const;

/** What can happen to a request, or to an outcome that is remembered. */
type HistoryEvent = (typeof events)[number];

/** Whose request it was. */
export type Who = { readonly node: string; readonly session: string };

/** What is seldom there: why, by whom, and what was said. */
type Particulars = {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Whose success it was that was skipped for, or forgotten. */
  readonly by?: string | undefined;
  /** Who had it done, and why. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
};

/** The request that something has happened to; id 0 is none. */
export type Subject = {
  readonly id: number;
  readonly operation: string;
  readonly mode: Mode;
  readonly fence: number;
  readonly attempt: number;
};

/** What has happened, when, by the table's clock in milliseconds, and how long it had waited, or held, until then. */
export type Happening = {
  readonly event: HistoryEvent;
  readonly atMs: number;
  readonly spanMs: number;
  readonly outcome: OutcomeWord | undefined;
  readonly more: Particulars | undefined;
};

/** One entry as it is kept; `number` grows from one to the next, over restarts too. */
export type Entry = Subject & Happening & { readonly number: number; readonly resource: string; readonly who: Who };

type Bounds = { readonly historyMax: number; readonly historyResourceMax: number };

/** The entries of one resource: how many there ever were, how many rows there are of them, and how many of those are kept. */
export type Line = { readonly resource: string; count: number; rows: number; kept: number };

/** Rows from `start` to `end`, oldest first; one that its line keeps no longer stays until the rows are packed. */
export type History = {
  /** Columns: number, time, request id, fence. */
  numbers: Float64Array;
  /** Columns: place in the line, attempt, span, and the words of event, mode and outcome as one number. */
  counts: Int32Array;
  readonly lines: Line[];
  readonly whose: Who[];
  readonly operations: string[];
  readonly more: (Particulars | undefined)[];
  readonly lineOf: Map<string, Line>;
  start: number;
  end: number;
  kept: number;
  /** The number of the newest entry, and of the newest that is kept no longer. */
  number: number;
  dropped: number;
};

export const columns = 4;
const rowsFirst = 1_024;
const countMax = 2 ** 31 - 1;

/** A history in which nothing has happened. */
export function newHistory(): History {
  const columnsEmpty = { numbers: new Float64Array(0), counts: new Int32Array(0), lines: [], whose: [] };
  const rest = { operations: [], more: [], lineOf: new Map() };
  return { ...columnsEmpty, ...rest, start: 0, end: 0, kept: 0, number: 0, dropped: 0 };
}

/** The line of a resource, made when there is none. */
export function lineNamed({ lineOf }: History, resource: string): Line {
  return lineOf.get(resource) ?? { resource, count: 0, rows: 0, kept: 0 };
}

/** Adds what has happened as the newest; its number is greater than the one before, and at least `order`. */
export function addEntry(
  history: History,
  bounds: Bounds,
  line: Line,
  order: number,
  who: Who,
  { id, operation, mode, fence, attempt }: Subject,
  { event, atMs, spanMs, outcome, more }: Happening,
): void {
  const row = nextRow(history, bounds);
  if (line.rows === 0) history.lineOf.set(line.resource, line);
  line.count += 1;
  line.rows += 1;
  history.number = Math.max(history.number + 1, order);
  const { numbers, counts } = history;
  const at = row * columns;
  numbers[at] = history.number;
  numbers[at + 1] = atMs;
  numbers[at + 2] = id;
  numbers[at + 3] = fence;
  counts[at] = line.count;
  counts[at + 1] = attempt;
  counts[at + 2] = Math.min(countMax, spanMs);
  counts[at + 3] = codes[event] + codes[mode] + codes[outcome ?? "undefined"];
  history.lines[row] = line;
  history.whose[row] = who;
  history.operations[row] = operation;
  history.more[row] = more;
  if (line.kept < bounds.historyResourceMax) {
    line.kept += 1;
    history.kept += 1;
  }
  // Else the oldest of the line is kept no longer.
  while (history.kept > bounds.historyMax) dropOldest(history);
}

/** The words as numbers that can be added. */
const codes = {
  granted: 0,
  skipped: 1,
  failed: 2,
  lost: 3,
  released: 4,
  forgotten: 5,
  once: 0,
  exclusive: 16,
  shared: 32,
  permit: 48,
  success: 0,
  failure: 64,
  none: 128,
  undefined: 192,
} as const satisfies Record<HistoryEvent | Mode | OutcomeWord | "undefined", number>;

function nextRow(history: History, { historyMax }: Bounds): number {
  const rows = history.numbers.length / columns;
  // Twice as many rows as entries, so that packing them is worth its while.
  if (history.end === rows && rows >= 2 * historyMax) pack(history);
  if (history.end === history.numbers.length / columns) grow(history, Math.max(rowsFirst, 2 * rows));
  history.end += 1;
  return history.end - 1;
}

function grow(history: History, rows: number): void {
  const [numbers, counts] = [new Float64Array(rows * columns), new Int32Array(rows * columns)];
  numbers.set(history.numbers);
  counts.set(history.counts);
  history.numbers = numbers;
  history.counts = counts;
}

/** Moves the rows that are kept to the front. */
function pack(history: History): void {
  const { numbers, counts, lines, whose, operations, more } = history;
  const texts: readonly unknown[][] = [lines, whose, operations, more];
  let to = 0;
  for (let row = history.start; row < history.end; row += 1) {
    const line = lines[row];
    if (!isKept(history, row)) {
      history.dropped = Math.max(history.dropped, numberAt(history, row));
      if (line !== undefined) line.rows -= 1;
      continue;
    }
    for (const column of texts) column[to] = column[row];
    for (let column = 0; column < columns; column += 1) {
      numbers[to * columns + column] = numbers[row * columns + column] ?? 0;
      counts[to * columns + column] = counts[row * columns + column] ?? 0;
    }
    to += 1;
  }
  history.start = 0;
  history.end = to;
}

/** Drops the oldest entry that is kept, and the rows before it. */
function dropOldest(history: History): void {
  for (let isDropped = false; !isDropped && history.start < history.end; history.start += 1) {
    const line = history.lines[history.start];
    if (line === undefined) continue;
    isDropped = isKept(history, history.start);
    line.rows -= 1;
    if (line.rows === 0) history.lineOf.delete(line.resource);
    if (!isDropped) continue;
    line.kept -= 1;
    history.kept -= 1;
    history.dropped = numberAt(history, history.start);
  }
}

/** Whether a row is among the newest of its line. */
export function isKept({ lines, counts }: History, row: number): boolean {
  const line = lines[row];
  return line !== undefined && (counts[row * columns] ?? 0) > line.count - line.kept;
}

/** The number of the entry in a row. */
export function numberAt({ numbers }: History, row: number): number {
  return numbers[row * columns] ?? 0;
}
