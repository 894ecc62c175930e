// A queue of any length beside an array of the same waiters: places, who is there, and how many blocks it takes.
import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { step } from "../../../server/core/lock-table.ts";
import { firstAttached, positionOf } from "../../../server/core/queue.ts";
import type { Queue, Request } from "../../../server/core/records.ts";
import { checkTable } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

const ask = { type: "acquire", resource: "r", operation: "run", mode: "once", wanted: false } as const;

/** A holder, and `count` waiters behind it, one after the other through sessions with grace. */
function queueOf(count: number, sessions: readonly string[]) {
  const trace = new TableTrace({ nodes: "" });
  const { table } = trace;
  trace.open("holder");
  trace.acquire("holder1");
  for (const node of sessions) trace.open(node, 60_000);
  for (let at = 0; at < count; at += 1) {
    const node = sessions[at % sessions.length] ?? "";
    const id = 1 + Math.floor(at / sessions.length);
    step(table, { type: "message", socket: trace.socketOf(node), message: { ...ask, id } }, trace.nowMs);
  }
  const { queue } = table.resources.get("r")!;
  return { trace, queue };
}

function waitersOf(queue: Queue): Request[] {
  const waiters: Request[] = [];
  for (let waiter = queue.first; waiter !== undefined; waiter = waiter.next) waiters.push(waiter);
  return waiters;
}

function blocksOf(queue: Queue): number {
  let blocks = 0;
  for (let block = queue.lastBlock; block !== undefined; block = block.previous) blocks += 1;
  return blocks;
}

describe("a long queue", () => {
  test("[Q6][S10] knows each place, whoever has left", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 300 })), { maxLength: 12 }), (leavings) => {
        const { trace, queue } = queueOf(1_000, ["a", "b", "c"]);
        for (const [from, count] of leavings) {
          for (const { session, id } of waitersOf(queue).slice(from, from + count)) {
            const socket = trace.socketOf(session.identity.node);
            step(trace.table, { type: "message", socket, message: { type: "cancel", id } }, trace.nowMs);
          }
        }
        checkTable(trace.table);
        expect(waitersOf(queue).map(positionOf)).toEqual(waitersOf(queue).map((_, at) => at + 1));
      }),
      { numRuns: 50 },
    );
  });

  test("[S5] knows the first who is there, from any place on", () => {
    const sessions = ["a", "b", "c", "d"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sessions), { maxLength: 8 }), (changing) => {
        const { trace, queue } = queueOf(1_000, sessions);
        const away = new Set<string>();
        for (const node of changing) {
          if (away.delete(node)) trace.resume(node);
          else {
            away.add(node);
            trace.drop(node);
          }
        }
        const waiters = waitersOf(queue);
        for (const [at, waiter] of waiters.entries()) {
          const first = waiters.slice(at).find(({ session }) => session.presence.state === "attached");
          expect(firstAttached(waiter)).toBe(first);
        }
      }),
      { numRuns: 10 },
    );
  });

  test("[Q6] takes few blocks, even of waiters most of whom have left again and again", () => {
    const { trace, queue } = queueOf(0, ["a", "b", "c"]);
    for (let id = 1; id <= 20_000; id += 1) {
      const socket = trace.socketOf("a");
      step(trace.table, { type: "message", socket, message: { ...ask, id } }, trace.nowMs);
      if (id % 100 === 0) continue;
      step(
        trace.table,
        { type: "message", socket, message: { type: "cancel", id: id > 1_000 ? id - 900 : id } },
        trace.nowMs,
      );
    }
    checkTable(trace.table);
    expect(blocksOf(queue)).toBeLessThanOrEqual(2 + (4 * queue.size) / 128);
  });

  test("[O1] is not walked for those whom a success does not serve", () => {
    const { trace, queue } = queueOf(2, ["a"]);
    trace.open("b");
    expect(trace.acquire("b1", { operation: "other" })).toEqual(["b1 ← queued 3 behind holder"]);
    trace.cancel("a1");
    expect([...queue.once!.keys()]).toEqual(["run", "other"]);
    expect(trace.succeed("holder1")).toEqual(["holder1 ← released", "a2 ← skipped by holder", "b1 ← granted"]);
  });
});
