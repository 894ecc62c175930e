// Lets go of the names that no row of the history names any more: no row counts anything, all rows are looked at once in a
// ring's worth of new ones, some with each of them. Knows not what happens.
import { wordOf, wordsInRow, type History } from "./history-ring.ts";
import { strike } from "./roll.ts";

/** A sweep under way: the row, and then the place on the rolls, that is next; and which places some row names. */
export type Sweep = {
  row: number;
  place: number;
  readonly lines: Uint8Array;
  readonly whose: Uint8Array;
  readonly operations: Uint8Array;
};

// With each new row: so that no one pays for all, and a sweep is over long before the next.
const atOnce = 16;

/** Begins a sweep if a ring's worth of rows has come since the last one, and goes on with one under way; `row` is the newest. */
export function sweepOn(history: History, row: number): void {
  history.unswept += 1;
  if (history.sweep === undefined && history.unswept >= history.rowsMost) begin(history);
  const { sweep } = history;
  if (sweep === undefined) return;
  mark(history, sweep, row);
  if (sweep.row < history.rowsMost) {
    for (let left = atOnce; left > 0 && sweep.row < history.rowsMost; left -= 1) mark(history, sweep, sweep.row++);
    return;
  }
  for (let left = atOnce; left > 0; left -= 1) strikeAt(history, sweep, sweep.place++);
  if (sweep.place >= Math.max(sweep.lines.length, sweep.whose.length, sweep.operations.length))
    history.sweep = undefined;
}

/** Has a sweep begin anew: the rows stand elsewhere now. */
export function restartSweep(history: History): void {
  if (history.sweep !== undefined) begin(history);
}

function begin(history: History): void {
  const { lines, whose, operations } = history;
  history.unswept = 0;
  history.sweep = {
    row: 0,
    place: 0,
    lines: new Uint8Array(lines.things.length),
    whose: new Uint8Array(whose.things.length),
    operations: new Uint8Array(operations.things.length),
  };
}

/** Marks what a row names, or named once: what stands there too long is let go of by the next sweep. */
function mark({ words }: History, { lines, whose, operations }: Sweep, row: number): void {
  const word = row * wordsInRow;
  lines[words[word + wordOf.line] ?? 0] = 1;
  whose[words[word + wordOf.who] ?? 0] = 1;
  operations[words[word + wordOf.operation] ?? 0] = 1;
}

function strikeAt(history: History, { lines, whose, operations }: Sweep, place: number): void {
  const line = lines[place] === 0 ? strike(history.lines, place) : undefined;
  if (line !== undefined) history.lineOf.delete(line.resource);
  const operation = operations[place] === 0 ? strike(history.operations, place) : undefined;
  if (operation !== undefined) history.operationOf.delete(operation.operation);
  if (whose[place] === 0) strike(history.whose, place);
}
