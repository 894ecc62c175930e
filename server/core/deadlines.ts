// The times that something is waiting for, soonest first: a binary heap whose entries know their place, so that one can be
// taken out in O(log n). Moves no clock: the caller says what time it is.
import type { DeadlineCommand } from "./command.ts";

/** One time that will come, `afterMs` after it was set; `place` is its index in the heap, -1 once it is out. */
export type Deadline = { atMs: number; readonly afterMs: number; place: number; readonly command: DeadlineCommand };

/** A heap of deadlines. */
export type Deadlines = Deadline[];

/** A heap with nothing in it. */
export function newDeadlines(): Deadlines {
  return [];
}

/** Sets a deadline `afterMs` from now. */
export function arm(deadlines: Deadlines, nowMs: number, afterMs: number, command: DeadlineCommand): Deadline {
  return place(deadlines, { atMs: nowMs + afterMs, afterMs, command });
}

/** Sets a deadline that was set before, in another heap. */
export function place(deadlines: Deadlines, { atMs, afterMs, command }: Omit<Deadline, "place">): Deadline {
  const deadline = { atMs, afterMs, place: deadlines.length, command };
  deadlines.push(deadline);
  rise(deadlines, deadline);
  return deadline;
}

/** Lets a deadline run anew from now, for as long as it was set for [B6]; does nothing when its time has come. */
export function restart(deadlines: Deadlines, deadline: Deadline | undefined, nowMs: number): void {
  if (deadline === undefined || deadline.place < 0) return;
  deadline.atMs = nowMs + deadline.afterMs;
  rise(deadlines, deadline);
  sink(deadlines, deadline);
}

/** Takes a deadline out; does nothing when it is out already. */
export function disarm(deadlines: Deadlines, deadline: Deadline | undefined): void {
  if (deadline === undefined || deadline.place < 0) return;
  const { place } = deadline;
  const last = deadlines.pop();
  deadline.place = -1;
  if (last === undefined || last === deadline) return;
  put(deadlines, last, place);
  rise(deadlines, last);
  sink(deadlines, last);
}

/** The soonest time in milliseconds, if there is any. */
export function soonestMs(deadlines: Deadlines): number | undefined {
  return deadlines[0]?.atMs;
}

/** Takes out every deadline whose time has come and returns their commands, soonest first. */
export function due(deadlines: Deadlines, nowMs: number): DeadlineCommand[] {
  const commands: DeadlineCommand[] = [];
  for (let first = deadlines[0]; first !== undefined && first.atMs <= nowMs; first = deadlines[0]) {
    disarm(deadlines, first);
    commands.push(first.command);
  }
  return commands;
}

function put(deadlines: Deadlines, deadline: Deadline, place: number): void {
  deadlines[place] = deadline;
  deadline.place = place;
}

function rise(deadlines: Deadlines, deadline: Deadline): void {
  while (deadline.place > 0) {
    const { place } = deadline;
    const parent = deadlines[(place - 1) >> 1];
    if (parent === undefined || parent.atMs <= deadline.atMs) return;
    put(deadlines, parent, place);
    put(deadlines, deadline, (place - 1) >> 1);
  }
}

function sink(deadlines: Deadlines, deadline: Deadline): void {
  for (;;) {
    const { place } = deadline;
    const left = deadlines[2 * place + 1];
    const right = deadlines[2 * place + 2];
    const child = right !== undefined && left !== undefined && right.atMs < left.atMs ? right : left;
    if (child === undefined || child.atMs >= deadline.atMs) return;
    const below = child.place;
    put(deadlines, child, place);
    put(deadlines, deadline, below);
  }
}
