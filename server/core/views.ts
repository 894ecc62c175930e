// What a table looks like to those who watch: rows of many, the whole of one, counts. Reads, never changes.
import type { ResourceRow, ResourceView } from "../../shared/protocol.ts";
import { holderRows } from "./granting.ts";
import { namesAfter } from "./name-page.ts";
import type { Request, Resource } from "./records.ts";
import { referrersOf } from "./references.ts";
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
  const matching = table.resources.keys().filter((name) => name.startsWith(prefix));
  const { names, more } = namesAfter(matching, cursor, entriesMax);
  return { resources: names.flatMap((name) => table.resources.get(name) ?? []), more };
}

/** The resources of that prefix that anybody references, or that `node` does, a page of them; sorted by name. */
export function referencedAfter(
  { references }: LockTable,
  { prefix, node }: { prefix: string; node: string | undefined },
  cursor: string | undefined,
  entriesMax: number,
) {
  const { sets } = references;
  const isMeant = (name: string) =>
    name.startsWith(prefix) && (node === undefined || sets.get(name)?.has(node) === true);
  const { names, more } = namesAfter(sets.keys().filter(isMeant), cursor, entriesMax);
  return { rows: names.map((resource) => ({ resource, count: referrersOf(references, resource).size })), more };
}

/** The nodes that reference a resource, a page of them, sorted by name; `count` is of all. */
export function referrersAfter(
  { references }: LockTable,
  name: string,
  cursor: string | undefined,
  entriesMax: number,
) {
  const nodes = referrersOf(references, name);
  const page = namesAfter(nodes, cursor, entriesMax);
  return { count: nodes.size, nodes: page.names, more: page.more };
}

function askerOf({ session, id, operation, mode }: Request) {
  const { node } = session.identity;
  return { node, session: session.identity.session, id, operation, mode };
}

function since(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}
