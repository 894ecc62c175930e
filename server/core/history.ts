// What has happened, within a bound for each resource and one for all, oldest out first [B1]. Knows no rule.
import { codeOf } from "./history-code.ts";
import {
  isKept,
  lineAt,
  newOperation,
  numberAt,
  numberOf,
  numbersInRow,
  rowAt,
  wordOf,
  wordsInRow,
  type Happening,
  type History,
  type Line,
  type Operation,
  type Subject,
  type Who,
} from "./history-ring.ts";
import { restartSweep, sweepOn } from "./history-sweep.ts";
import { enroll, strike } from "./roll.ts";

type Bounds = { readonly historyMax: number; readonly historyResourceMax: number };

const rowsFirst = 64;
// Those who listen look every 50 ms: of so many rows half stay where they are, however much of one resource is kept no longer.
const rowsLeast = 65_536;
const countMax = 2 ** 31 - 1;

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
  const { numbers, words } = history;
  if (line.place < 0) history.lineOf.set(line.resource, line);
  line.count += 1;
  history.number = Math.max(history.number + 1, order);
  const at = row * numbersInRow;
  numbers[at + numberOf.number] = history.number;
  numbers[at + numberOf.atMs] = atMs;
  numbers[at + numberOf.id] = id;
  numbers[at + numberOf.fence] = fence;
  const word = row * wordsInRow;
  words[word + wordOf.place] = line.count;
  words[word + wordOf.attempt] = attempt;
  words[word + wordOf.span] = Math.min(countMax, spanMs);
  words[word + wordOf.code] = codeOf(event, mode, outcome);
  words[word + wordOf.line] = enroll(history.lines, line);
  words[word + wordOf.who] = enroll(history.whose, who);
  words[word + wordOf.operation] = enroll(history.operations, operationNamed(history, operation));
  words[word + wordOf.more] = more === undefined ? -1 : enroll(history.more, { more, place: -1 });
  sweepOn(history, row);
  if (line.kept < bounds.historyResourceMax) {
    line.kept += 1;
    history.kept += 1;
  }
  // Else the oldest of the line is kept no longer.
  while (history.kept > bounds.historyMax) dropOldest(history);
}

function operationNamed(history: History, operation: string): Operation {
  const last = history.lastOperation;
  if (last.operation === operation && last.place >= 0) return last;
  let known = history.operationOf.get(operation);
  if (known === undefined) {
    known = newOperation(operation);
    history.operationOf.set(operation, known);
  }
  history.lastOperation = known;
  return known;
}

function nextRow(history: History, { historyMax }: Bounds): number {
  if (history.rows === history.rowsMost) makeRoom(history, historyMax);
  history.rows += 1;
  return rowAt(history, history.rows - 1);
}

/** Drops rows in front that are kept no longer or, where there are none, makes more; twice as many as entries are enough. */
function makeRoom(history: History, historyMax: number): void {
  const most = history.rowsMost;
  if (most >= rowsLeast) {
    while (history.rows > most / 2 && !isKept(history, history.start)) dropRow(history);
    if (history.rows < most) return;
  }
  moveTo(history, most < 2 * historyMax ? Math.max(rowsFirst, 2 * most) : most);
}

/** Moves the rows that are kept to a ring of that many. */
function moveTo(history: History, most: number): void {
  const { numbers: from, rows } = history;
  const to = new Float64Array(most * numbersInRow);
  let moved = 0;
  for (let left = rows; left > 0; left -= 1) {
    const row = history.start;
    if (isKept(history, row)) {
      to.set(from.subarray(row * numbersInRow, (row + 1) * numbersInRow), moved * numbersInRow);
      moved += 1;
      history.start = rowAt(history, 1);
    } else dropRow(history);
  }
  history.numbers = to;
  history.words = new Int32Array(to.buffer);
  history.rowsMost = most;
  history.start = 0;
  history.rows = moved;
  restartSweep(history);
}

/** Drops the oldest entry that is kept, and the rows before it. */
function dropOldest(history: History): void {
  for (let isDropped = false; !isDropped && history.rows > 0;) {
    isDropped = isKept(history, history.start);
    const line = lineAt(history, history.start);
    dropRow(history);
    if (!isDropped || line === undefined) continue;
    line.kept -= 1;
    history.kept -= 1;
  }
}

/** Drops the first row. */
function dropRow(history: History): void {
  const { start, words } = history;
  history.dropped = Math.max(history.dropped, numberAt(history, start));
  const more = words[start * wordsInRow + wordOf.more] ?? -1;
  if (more >= 0) strike(history.more, more);
  history.start = rowAt(history, 1);
  history.rows -= 1;
}
