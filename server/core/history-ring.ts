// The rows in which the history stands: what is in them, and how one is read. Numbers, and not objects: a busy hub notes hundreds of
// thousands of things a second, and nothing of it is to grow old before it is swept. Knows not how rows come and go.
import type { Mode, OutcomeWord } from "../../shared/protocol.ts";
import type { HistoryEvent } from "./history-code.ts";
import type { Sweep } from "./history-sweep.ts";
import { newRoll, type Enrolled, type Roll } from "./roll.ts";

/** Whose request it was; one object for all that happens to a session. */
export type Who = { readonly node: string; readonly session: string } & Enrolled;

/** What was to be done. */
export type Operation = { readonly operation: string } & Enrolled;

type Remark = { readonly more: Particulars } & Enrolled;

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

/** One entry as it is read; `number` grows from one to the next, over restarts too. */
export type Entry = Subject &
  Happening & { readonly number: number; readonly resource: string; readonly who: Omit<Who, keyof Enrolled> };

/** The entries of one resource: how many there ever were, and how many are kept. */
export type Line = { readonly resource: string; count: number; kept: number } & Enrolled;

/** A ring of rows, oldest first; one that its line keeps no longer stays until its place is needed. */
export type History = {
  /** A power of two of rows, each 64 bytes: as numbers they begin with `numberOf`, and as words they end with `wordOf`. */
  numbers: Float64Array;
  words: Int32Array;
  rowsMost: number;
  /** The row that is the oldest, and how many there are. */
  start: number;
  rows: number;
  /** How many rows were added since the last sweep began, and the one under way. */
  unswept: number;
  sweep: Sweep | undefined;
  readonly lines: Roll<Line>;
  readonly whose: Roll<Who>;
  readonly operations: Roll<Operation>;
  readonly lineOf: Map<string, Line>;
  readonly operationOf: Map<string, Operation>;
  lastOperation: Operation;
  /** Whose an entry is that is of no request. */
  readonly nobody: Who;
  readonly more: Roll<Remark>;
  kept: number;
  /** The number of the newest entry, and of the newest whose row is there no longer. */
  number: number;
  dropped: number;
};

export const numberOf = { number: 0, atMs: 1, id: 2, fence: 3 } as const;
export const wordOf = { place: 8, attempt: 9, span: 10, code: 11, line: 12, who: 13, operation: 14, more: 15 } as const;
export const numbersInRow = 8;
export const wordsInRow = 16;
/** A history in which nothing has happened. */
export function newHistory(): History {
  return {
    numbers: new Float64Array(0),
    words: new Int32Array(0),
    start: 0,
    rowsMost: 0,
    rows: 0,
    unswept: 0,
    sweep: undefined,
    lines: newRoll(),
    whose: newRoll(),
    operations: newRoll(),
    more: newRoll(),
    lineOf: new Map(),
    operationOf: new Map(),
    lastOperation: newOperation(""),
    nobody: newWho("", ""),
    kept: 0,
    number: 0,
    dropped: 0,
  };
}

/** One that things will happen to. */
export function newWho(node: string, session: string): Who {
  return { node, session, place: -1 };
}

/** An operation that a row is to name. */
export function newOperation(operation: string): Operation {
  return { operation, place: -1 };
}

/** The line of a resource, made when there is none. */
export function lineNamed({ lineOf }: History, resource: string): Line {
  return lineOf.get(resource) ?? { resource, count: 0, kept: 0, place: -1 };
}

/** The row of an entry, by how many are ahead of it. */
export function rowAt(history: History, ahead: number): number {
  return (history.start + ahead) & (history.rowsMost - 1);
}

/** Whether a row is among the newest of its line. */
export function isKept(history: History, row: number): boolean {
  const line = lineAt(history, row);
  // What stands in a row is the lowest 32 bits of the count.
  return line !== undefined && ((line.count - (history.words[row * wordsInRow + wordOf.place] ?? 0)) | 0) < line.kept;
}

/** The line of a row. */
export function lineAt({ words, lines }: History, row: number): Line | undefined {
  return lines.things[words[row * wordsInRow + wordOf.line] ?? 0];
}

/** The number of the entry in a row. */
export function numberAt({ numbers }: History, row: number): number {
  return numbers[row * numbersInRow + numberOf.number] ?? 0;
}
