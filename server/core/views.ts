// What a table looks like to those who watch: rows of many, the whole of one, counts. Reads, never changes.
import type { ResourceRow, ResourceView } from "../../shared/protocol.ts";
import { compareText } from "../../shared/text.ts";
import { holderRows } from "./granting.ts";
import type { Request, Resource } from "./records.ts";
import { each, isAttached } from "./resource.ts";
import type { LockTable } from "./table.ts";

const rowHoldersMax = 3;

/** One resource among many. */
export function rowOf(resource: Resource, nowMs: number): ResourceRow {
  const { name, holders, queue, outcome } = resource;
  return {
    resource: name,
    holders: holderRows(resource, nowMs, rowHoldersMax),
    holding: holders.size,
    waiting: queue.size,
    oldestWaitMs: queue.first === undefined ? 0 : since(queue.first.sinceMs, nowMs),
    ...(outcome && {
      outcome: { operation: outcome.operation, node: outcome.node, ageMs: since(outcome.sinceMs, nowMs) },
    }),
  };
}

/** One resource whole, with `entriesMax` waiters from the one after the first `skipped`. */
export function viewOf(resource: Resource, nowMs: number, entriesMax: number, skipped = 0): ResourceView {
  const { name, holders, queue, outcome, delay, permits, limit } = resource;
  return {
    resource: name,
    holders: each(holders)
      .take(entriesMax)
      .map((holder) => {
        const { fence, attempt, sinceMs, progress } = holder;
        return { ...askerOf(holder), fence, attempt, heldMs: since(sinceMs, nowMs), ...(progress && { progress }) };
      })
      .toArray(),
    holding: holders.size,
    waiting: queue.size,
    queue: each(queue)
      .drop(skipped)
      .take(entriesMax)
      .map((waiter) => {
        return { ...askerOf(waiter), waitedMs: since(waiter.sinceMs, nowMs), detached: !isAttached(waiter) };
      })
      .toArray(),
    ...(outcome && {
      outcome: {
        operation: outcome.operation,
        node: outcome.node,
        fence: outcome.fence,
        ageMs: since(outcome.sinceMs, nowMs),
        ...(outcome.result !== undefined && { result: JSON.parse(outcome.result) }),
      },
    }),
    ...(delay && { delayedMs: Math.max(0, Math.ceil(delay.atMs - nowMs)) }),
    ...(permits > 0 && { limit }),
  };
}

/** The first resources after `cursor` in the order of their names, `entriesMax` at most, and whether there are more. */
export function resourcesAfter(table: LockTable, prefix: string, cursor: string | undefined, entriesMax: number) {
  const first: Resource[] = [];
  for (const resource of table.resources.values()) {
    const { name } = resource;
    if (!name.startsWith(prefix) || (cursor !== undefined && compareText(name, cursor) <= 0)) continue;
    const last = first[entriesMax];
    if (last !== undefined && compareText(last.name, name) <= 0) continue;
    if (last !== undefined) first.pop();
    first.splice(placeOf(first, name), 0, resource);
  }
  return { resources: first.slice(0, entriesMax), more: first.length > entriesMax };
}

function placeOf(sorted: readonly Resource[], name: string): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if (compareText(sorted[middle]?.name ?? "", name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function askerOf({ session, id, operation, mode }: Request) {
  const { node } = session.identity;
  return { node, session: session.identity.session, id, operation, mode };
}

function since(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}
