// What a table looks like to those who watch: rows of many, the whole of one, counts. Reads, never changes.
import type { SessionRow } from "../../shared/pages.ts";
import type { ResourceRow, ResourceView } from "../../shared/protocol.ts";
import type { Deadline } from "./deadlines.ts";
import { holderRows } from "./granting.ts";
import { namesAfter, sliceNamesAfter } from "./name-page.ts";
import type { Request, Resource, Session } from "./records.ts";
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
    ...(delay && { delayedMs: until(delay, nowMs) }),
    ...(permits > 0 && { limit }),
  };
}

/** Which names are meant, and asked for by whom: a name outside that is as one that is not there. */
export type IsMeant = (name: string) => boolean;

/** The first resources after `cursor` in the order of their names, `entriesMax` at most, and where to go on if there are more; in
 * slices. */
export function* resourcesAfter(table: LockTable, isMeant: IsMeant, cursor: string | undefined, entriesMax: number) {
  const { names, more } = yield* sliceNamesAfter(table.resources.keys(), isMeant, cursor, entriesMax);
  const resources = names.flatMap((name) => table.resources.get(name) ?? []);
  return { resources, next: more ? names.at(-1) : undefined };
}

/** The resources that anybody references, or that `node` does, a page of them; sorted by name, in slices. */
export function* referencedAfter(
  { references }: LockTable,
  { isMeant, node }: { isMeant: IsMeant; node: string | undefined },
  cursor: string | undefined,
  entriesMax: number,
) {
  const { sets } = references;
  const isAsked = (name: string) => isMeant(name) && (node === undefined || sets.get(name)?.has(node) === true);
  const { names, more } = yield* sliceNamesAfter(sets.keys(), isAsked, cursor, entriesMax);
  return { rows: names.map((resource) => ({ resource, count: referrersOf(references, resource).size })), more };
}

/** The nodes that reference a resource, a page of them, sorted by name, in slices; `count` is of all. */
export function* referrersAfter(
  { references }: LockTable,
  name: string,
  cursor: string | undefined,
  entriesMax: number,
) {
  const nodes = referrersOf(references, name);
  const page = yield* sliceNamesAfter(nodes, () => true, cursor, entriesMax);
  return { count: nodes.size, nodes: page.names, more: page.more };
}

/** One session among many; of its requests those for the resources that are meant count. */
export function sessionRowOf(
  { identity, presence, requests, sinceMs }: Session,
  isMeant: IsMeant,
  nowMs: number,
): SessionRow {
  const { session, node, owner, client, labels, graceMs } = identity;
  let [holding, waiting] = [0, 0];
  for (const { resource, fence } of requests.all()) {
    if (!isMeant(resource.name)) continue;
    if (fence > 0) holding += 1;
    else waiting += 1;
  }
  const who = { session, node, owner, client, labels, ageMs: since(sinceMs, nowMs), graceMs };
  const grace =
    presence.state === "detached" ? { detached: true, endsInMs: until(presence.grace, nowMs) } : { detached: false };
  return { ...who, ...grace, holding, waiting };
}

/** The first sessions after the one of the node `cursor`, in the order of their nodes' names, and whether there are more. */
export function sessionsAfter(
  { sessionOfNode }: LockTable,
  isMeant: (session: Session) => boolean,
  cursor: string | undefined,
  entriesMax: number,
) {
  const meant = sessionOfNode.values().filter(isMeant);
  const { names, more } = namesAfter(
    meant.map(({ identity }) => identity.node),
    cursor,
    entriesMax,
  );
  return { sessions: names.flatMap((node) => sessionOfNode.get(node) ?? []), more };
}

function askerOf({ session, id, operation, mode }: Request) {
  const { node } = session.identity;
  return { node, session: session.identity.session, id, operation, mode };
}

function since(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}

function until({ atMs }: Deadline, nowMs: number): number {
  return Math.max(0, Math.ceil(atMs - nowMs));
}
