// Reads the history: of one resource backwards, of all of them forwards. Changes nothing.
import { wordsOf } from "./history-code.ts";
import {
  isKept,
  lineAt,
  numberAt,
  numberOf,
  numbersInRow,
  rowAt,
  wordOf,
  wordsInRow,
  type Entry,
  type History,
} from "./history-ring.ts";

/** The entries of a resource, newest first, from before that number on. */
export function* entriesOf(history: History, resource: string, before = Infinity): Generator<Entry> {
  const line = history.lineOf.get(resource);
  let left = line?.kept ?? 0;
  for (let ahead = history.rows - 1; left > 0 && ahead >= 0; ahead -= 1) {
    const row = rowAt(history, ahead);
    if (lineAt(history, row) !== line || !isKept(history, row)) continue;
    left -= 1;
    const entry = numberAt(history, row) < before ? entryAt(history, row) : undefined;
    if (entry !== undefined) yield entry;
  }
}

/** What follows on a number: entries, how far that reaches, and whether anything between is kept no longer. */
export type Reading = { readonly entries: Entry[]; readonly number: number; readonly isGap: boolean };

// So many rows are looked at in one go, which takes about a millisecond.
const rowsMax = 20_000;

/** The entries after a number, oldest first, of the resources that are meant, `entriesMax` at most. */
export function readAfter(
  history: History,
  number: number,
  entriesMax: number,
  isMeant: (resource: string) => boolean,
): Reading {
  let [low, high] = [0, history.rows];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberAt(history, rowAt(history, middle)) <= number) low = middle + 1;
    else high = middle;
  }
  const entries: Entry[] = [];
  let isGap = number < history.dropped;
  let reached = number;
  for (let ahead = low; ahead < history.rows && ahead < low + rowsMax && entries.length < entriesMax; ahead += 1) {
    const row = rowAt(history, ahead);
    reached = numberAt(history, row);
    if (!isMeant(lineAt(history, row)?.resource ?? "")) continue;
    const entry = isKept(history, row) ? entryAt(history, row) : undefined;
    if (entry === undefined) isGap = true;
    else entries.push(entry);
  }
  return { entries, number: reached, isGap };
}

function entryAt(history: History, row: number): Entry | undefined {
  const { numbers, words, whose, operations, more } = history;
  const number = (column: keyof typeof numberOf) => numbers[row * numbersInRow + numberOf[column]] ?? 0;
  const word = (column: keyof typeof wordOf) => words[row * wordsInRow + wordOf[column]] ?? 0;
  const line = lineAt(history, row);
  const who = whose.things[word("who")];
  const operation = operations.things[word("operation")];
  const { event, mode, outcome } = wordsOf(word("code"));
  if (line === undefined || who === undefined || operation === undefined) return undefined;
  if (event === undefined || mode === undefined) return undefined;
  return {
    number: number("number"),
    resource: line.resource,
    event,
    who: { node: who.node, session: who.session },
    id: number("id"),
    operation: operation.operation,
    mode,
    fence: number("fence"),
    attempt: word("attempt"),
    atMs: number("atMs"),
    spanMs: word("span"),
    outcome,
    more: more.things[word("more")]?.more,
  };
}
