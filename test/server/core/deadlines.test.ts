// The heap of deadlines against a plain list, on random orders.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  arm,
  disarm,
  due,
  newDeadlines,
  restart,
  soonestMs,
  type Deadline,
  type Deadlines,
} from "../../../server/core/deadlines.ts";

const moves = fc.array(
  fc.record({ kind: fc.constantFrom("arm", "arm", "arm", "disarm", "disarm", "restart", "due"), number: fc.nat(60) }),
  { maxLength: 100, size: "max" },
);

test("[B7] every deadline comes once, soonest first, unless it was taken back", () => {
  fc.assert(
    fc.property(moves, (moves) => {
      const heap = newDeadlines();
      const all: Deadline[] = [];
      let armed: Deadline[] = [];
      let nowMs = 0;
      for (const [at, { kind, number }] of moves.entries()) {
        const any = all[number % all.length];
        if (kind === "arm") {
          const deadline = arm(heap, nowMs, number, { type: "deadline", of: "delay", resource: "r", armed: at });
          armed.push(deadline);
          all.push(deadline);
        } else if (kind === "disarm") {
          disarm(heap, any);
          armed = armed.filter((deadline) => deadline !== any);
        } else if (kind === "restart") {
          restart(heap, any, nowMs);
        } else {
          nowMs += number % 20;
          const come = armed.filter(({ atMs }) => atMs <= nowMs).sort((one, other) => one.atMs - other.atMs);
          armed = armed.filter(({ atMs }) => atMs > nowMs);
          checkDue(heap, nowMs, come);
        }
        checkHeap(heap, armed);
      }
    }),
    { numRuns: 500 },
  );
});

test("[B7] a deadline that was taken back, or was never set, can be taken back again", () => {
  const heap = newDeadlines();
  const command = { type: "deadline", of: "delay", resource: "r", armed: 1 } as const;
  const [first, second] = [arm(heap, 0, 5, command), arm(heap, 0, 6, command)];
  disarm(heap, first);
  disarm(heap, first);
  disarm(heap, undefined);
  expect(heap).toEqual([second]);
  expect(due(heap, 6)).toEqual([command]);
  disarm(heap, second);
  expect(heap).toEqual([]);
});

test("[B6] a deadline that runs anew comes as long after that as it was set for, unless its time had come", () => {
  const heap = newDeadlines();
  const command = { type: "deadline", of: "delay", resource: "r", armed: 1 } as const;
  const [short, long] = [arm(heap, 0, 5, command), arm(heap, 0, 50, command)];
  due(heap, 20);
  restart(heap, short, 20);
  restart(heap, long, 20);
  expect(heap).toEqual([long]);
  expect(soonestMs(heap)).toBe(70);
});

/** The commands of those whose time has come come out, soonest first; those of one moment in any order. */
function checkDue(heap: Deadlines, nowMs: number, come: readonly Deadline[]): void {
  const timeOf = new Map(come.map(({ command, atMs }) => [command, atMs]));
  const times = due(heap, nowMs).map((command) => timeOf.get(command));
  const expected = come.map(({ atMs }) => atMs);
  if (times.join() !== expected.join()) expect(times).toEqual(expected);
}

function checkHeap(heap: Deadlines, armed: readonly Deadline[]): void {
  const isWhole = heap.length === armed.length && armed.every((deadline) => heap[deadline.place] === deadline);
  const soonest = armed.length === 0 ? undefined : Math.min(...armed.map(({ atMs }) => atMs));
  const isOrdered = heap.every(({ atMs }, place) => (heap[(place - 1) >> 1]?.atMs ?? 0) <= atMs);
  if (!isWhole || !isOrdered || soonestMs(heap) !== soonest) throw new Error(`not a heap: ${JSON.stringify(heap)}`);
}
