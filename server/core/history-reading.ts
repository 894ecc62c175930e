// Reads the history: of one resource backwards, of all of them forwards. Changes nothing.
import { columns, events, isKept, modes, numberAt, outcomes, type Entry, type History } from "./history.ts";

/** The entries of a resource, newest first, from before that number on. */
export function* entriesOf(history: History, resource: string, before = Infinity): Generator<Entry> {
  const line = history.lineOf.get(resource);
  let left = line?.kept ?? 0;
  for (let row = history.end - 1; left > 0 && row >= history.start; row -= 1) {
    if (history.lines[row] !== line || !isKept(history, row)) continue;
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
  let [low, high] = [history.start, history.end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberAt(history, middle) <= number) low = middle + 1;
    else high = middle;
  }
  const entries: Entry[] = [];
  let isGap = number < history.dropped;
  let row = low;
  for (; row < history.end && row < low + rowsMax && entries.length < entriesMax; row += 1) {
    if (!isMeant(history.lines[row]?.resource ?? "")) continue;
    const entry = isKept(history, row) ? entryAt(history, row) : undefined;
    if (entry === undefined) isGap = true;
    else entries.push(entry);
  }
  return { entries, number: row === low ? number : numberAt(history, row - 1), isGap };
}

function entryAt(history: History, row: number): Entry | undefined {
  const { numbers, counts } = history;
  const [line, who, operation] = [history.lines[row], history.whose[row], history.operations[row]];
  const at = row * columns;
  const words = counts[at + 3] ?? 0;
  const [event, mode] = [events[words & 15], modes[(words >> 4) & 3]];
  if (line === undefined || who === undefined || operation === undefined) return undefined;
  if (event === undefined || mode === undefined) return undefined;
  return {
    number: numberAt(history, row),
    resource: line.resource,
    event,
    who,
    id: numbers[at + 2] ?? 0,
    operation,
    mode,
    fence: numbers[at + 3] ?? 0,
    attempt: counts[at + 1] ?? 0,
    atMs: numbers[at + 1] ?? 0,
    spanMs: counts[at + 2] ?? 0,
    outcome: outcomes[words >> 6],
    more: history.more[row],
  };
}
