// What a table keeps, and for how long [Q8], and that its work does not grow with the queue [Q6], on the core alone.
import { describe, expect, test } from "vitest";
import type { RequestMessage } from "../../../server/core/command.ts";
import { due } from "../../../server/core/deadlines.ts";
import type { Effect } from "../../../server/core/effect.ts";
import { step } from "../../../server/core/lock-table.ts";
import { checkEmpty } from "../../support/table-check.ts";
import { TableTrace } from "../../support/table-trace.ts";

const permit = (limit: number) => ({ mode: "permit", limit }) as const;

describe("what is kept", () => {
  test("[Q8] keeps nothing of a resource that nobody holds, awaits or remembers", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 0 });
    trace.fail("a1", "disk full");
    expect(trace.table.resources.size).toBe(0);
  });

  test("[Q8] keeps a resource for its remembered outcome, until that is forgotten", () => {
    const trace = new TableTrace({ outcomeTtlMs: 500 });
    trace.acquire("a1");
    trace.succeed("a1");
    expect([...trace.table.resources.keys()]).toEqual(["r"]);
    trace.pass(500);
    expect(trace.table.resources.size).toBe(0);
    trace.acquire("a2");
    trace.succeed("a2");
    expect(trace.forget("r")).toEqual(["done"]);
    expect(trace.table.resources.size).toBe(0);
    expect(trace.forget("r")).toEqual(["absent"]);
  });

  test("[Q8] keeps a resource for its delay, until that has passed", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.fail("a1", "429", { retryAfterMs: 300 });
    expect([...trace.table.resources.keys()]).toEqual(["r"]);
    trace.pass(300);
    expect(trace.table.resources.size).toBe(0);
  });

  test("[Q8] keeps nothing for a request that was only refused", () => {
    const trace = new TableTrace({ limits: { sessionRequestsMax: 1 } });
    trace.acquire("a1", { resource: "s" });
    expect(trace.acquire("a2")).toEqual(["a2 ← failed TOO_MANY_REQUESTS"]);
    expect(trace.acquire("a2")).toEqual(["a2 ← error DUPLICATE_ID"]);
    expect([...trace.table.resources.keys()]).toEqual(["s"]);
  });

  test("[Q8] is empty when everybody has left and time has passed", () => {
    const trace = new TableTrace({ graceMs: 100, lockDelayMs: 50 });
    for (const node of "abcd") {
      trace.acquire(`${node}1`, { waitMs: 10_000, holdMs: 5_000 });
      trace.acquire(`${node}2`, { resource: "s", ...permit(2) });
      trace.acquire(`${node}3`, { resource: node });
    }
    trace.succeed("d3");
    trace.fail("c3", "429", { retryAfterMs: 1_000 });
    trace.drop("a");
    trace.drop("b");
    trace.bye("c");
    trace.kick("d");
    trace.pass(600_000);
    checkEmpty(trace.table);
  });
});

describe("a long queue", () => {
  test("[Q6] lets 100,000 waiters cancel in any order", () => {
    const { trace, nodes, waiters } = longQueue();
    expect(trace.table.waiting).toBe(100_000);
    for (const { node, id } of shuffled(waiters)) say(trace, node, { type: "cancel", id });
    expect(trace.table.deadlines).toEqual([]);
    expect(trace.table.waiting).toBe(0);
    for (const node of nodes) trace.bye(node);
    checkEmpty(trace.table);
  });

  test("[S5] is not walked for each of 100,000 who are away and whose time is over before one who is there", () => {
    const { trace, nodes } = longQueue();
    const { table } = trace;
    trace.open("last");
    say(trace, "last", { ...ask, id: 1 });
    for (const node of nodes.slice(1)) step(table, { type: "detach", socket: trace.socketOf(node) }, trace.nowMs);
    const timedOut = due(table.deadlines, trace.nowMs + 30_000);
    for (const command of timedOut) expectNothing(step(table, command, trace.nowMs + 30_000));
    expect(timedOut.length).toBe(100_000);
    expect(trace.letGo("n0:1")).toEqual(["n0:1 ← released", "last1 ← granted"]);
  });
});

const ask = { type: "acquire", resource: "r", operation: "run", mode: "once", wanted: false } as const;

/** One holder, and 100,000 who wait behind it through ten sessions with grace, each at most 30 s. */
function longQueue() {
  const trace = new TableTrace({ nodes: "", limits: { resourceWaitersMax: 100_001 } });
  const nodes = Array.from({ length: 11 }, (_, at) => `n${at}:`);
  for (const node of nodes) trace.open(node, 60_000);
  say(trace, "n0:", { ...ask, id: 1 });
  const waiters = nodes.slice(1).flatMap((node) => Array.from({ length: 10_000 }, (_, at) => ({ node, id: at + 1 })));
  for (const { node, id } of waiters) say(trace, node, { ...ask, id, waitMs: 20_000 + id });
  return { trace, nodes, waiters };
}

/** Says a message without counting the whole table anew. */
function say(trace: TableTrace, node: string, message: RequestMessage): void {
  step(trace.table, { type: "message", socket: trace.socketOf(node), message }, trace.nowMs);
}

function expectNothing(effects: readonly Effect[]): void {
  if (effects.length > 0) throw new Error(`nothing was to follow, and not ${JSON.stringify(effects)}`);
}

function shuffled<Entry>(entries: readonly Entry[]): Entry[] {
  const stride = 70_001; // prime, so that every place is met once
  return entries.map((_, at) => entries[(at * stride) % entries.length]!);
}
