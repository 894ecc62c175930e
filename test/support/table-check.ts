// Whether a lock table agrees with itself: every count, link and deadline against what it stands for, by counting anew.
// Knows no command; what is decided is tested elsewhere.
import { expect } from "vitest";
import { byAge } from "../../server/core/ageing.ts";
import { keptBytesOf } from "../../server/core/answer-size.ts";
import type { Deadline } from "../../server/core/deadlines.ts";
import type { Request, RequestList, Resource } from "../../server/core/records.ts";
import type { LockTable } from "../../server/core/table.ts";

/** Throws when a table contradicts itself, or leaves a head ungranted that could be granted [Q1][Q3][Q8]. */
export function checkTable(table: LockTable): void {
  const { resources, sessions, sessionOfNode, sessionOfSocket } = table;
  const armed: (Deadline | undefined)[] = [];
  let holding = 0;
  let waiting = 0;
  for (const [name, resource] of resources) {
    if (resource.name !== name) complain(resource, `is kept under the name ${name}`);
    const holders = requestsOf(resource.holders);
    const queue = requestsOf(resource.queue);
    checkCounts(resource, holders, queue);
    checkHolders(resource, holders, queue);
    for (const request of [...holders, ...queue]) checkRequest(table, resource, request);
    holding += holders.length;
    waiting += queue.length;
    armed.push(...[...holders, ...queue].map(({ deadline }) => deadline), resource.delay, resource.outcome?.deadline);
  }
  let live = 0;
  let attached = 0;
  for (const session of sessions.values()) {
    const { presence, identity, requests } = session;
    const isAttached = presence.state === "attached";
    live += requests.size;
    attached += isAttached ? 1 : 0;
    if (!isAttached) armed.push(presence.grace);
    const isFound = !isAttached || sessionOfSocket.get(presence.socket) === session;
    if (!isFound || sessionOfNode.get(identity.node) !== session) throw new Error(`${identity.session} is not found`);
  }
  const delays = [...resources.values()].filter(({ delay }) => delay !== undefined).length;
  if (table.delays !== delays) throw new Error("the table's count of delays is wrong");
  const isCounted = table.holding === holding && table.waiting === waiting && live === holding + waiting;
  if (!isCounted) throw new Error("the table's counts of holders and waiters are wrong");
  for (const [owner, all] of Map.groupBy(sessions.values(), ({ identity }) => identity.owner)) {
    if (table.sessionsOfOwner.get(owner) !== all.length) throw new Error(`the sessions of ${owner} are counted wrong`);
  }
  const isIndexed = sessionOfNode.size === sessions.size && sessionOfSocket.size === attached;
  if (!isIndexed) throw new Error("a node or a socket has a session that is gone");
  checkHeap(table.deadlines, armed);
  checkOutcomes(table);
  checkFailures(table);
  checkKept(table);
  checkReferences(table);
}

/** Fails the test when a table keeps anything though nobody is there [Q8]. */
export function checkEmpty(table: LockTable): void {
  const { resources, sessions, sessionOfNode, sessionOfSocket, deadlines, outcomes, failures, holding, waiting } =
    table;
  const sizes = [resources, sessions, sessionOfNode, sessionOfSocket, outcomes, failures].map(({ size }) => size);
  expect([...sizes, deadlines.length, outcomes.bytes, failures.bytes, holding, waiting]).toEqual(Array(11).fill(0));
}

function requestsOf(list: RequestList): Request[] {
  const requests: Request[] = [];
  for (let request = list.first; request !== undefined; request = request.next) {
    if (request.previous !== requests.at(-1)) throw new Error("a list is not linked back as it is linked on");
    requests.push(request);
  }
  if (list.last !== requests.at(-1) || list.size !== requests.length) throw new Error("a list's end or size is wrong");
  return requests;
}

function checkCounts(resource: Resource, holders: Request[], queue: Request[]): void {
  const permits = [...holders, ...queue].filter(({ mode }) => mode === "permit");
  if (resource.head !== queue.find(isAttached)) complain(resource, "the head is not the first who is there [S5]");
  if (queue.some(({ order }, at) => order <= (queue[at - 1]?.order ?? 0))) complain(resource, "is out of order [Q2]");
  checkBlocks(resource, queue);
  const wanting = holders.filter(({ wanted }) => wanted);
  if (!isSame(resource.wanting ?? [], wanting)) complain(resource, "knows not who wants to be told of waiters [H4]");
  if (resource.permits !== permits.length) complain(resource, "permits is wrong");
  if (holders.length > 0 || queue.length > 0) return;
  if (resource.failures !== undefined) complain(resource, "counts attempts though it is idle [O5]");
  if (!resource.delay && !resource.outcome) complain(resource, "is kept for nothing [Q8]");
}

function checkBlocks(resource: Resource, queue: Request[]): void {
  const { lastBlock, once = new Map<string, Set<Request>>() } = resource.queue;
  let block = lastBlock;
  while (block?.previous !== undefined) block = block.previous;
  for (let start = 0; block !== undefined; block = block.next) {
    const inside = queue.slice(start, start + block.size);
    const away = inside.filter((waiter) => !isAttached(waiter)).length;
    const isRight = inside.length > 0 && inside[0] === block.first && inside.every((waiter) => waiter.block === block);
    if (!isRight || block.away !== away) complain(resource, "has a block that is wrong");
    if (block.next === undefined && block !== lastBlock) complain(resource, "has lost its last block");
    start += block.size;
    if (block.next === undefined && start !== queue.length) complain(resource, "has waiters in no block");
  }
  const operations = new Set(queue.filter(({ mode }) => mode === "once").map(({ operation }) => operation));
  if (!isSame(new Set(once.keys()), [...operations], false)) complain(resource, "knows operations that nobody awaits");
  for (const [operation, waiters] of once) {
    const meant = queue.filter((waiter) => waiter.mode === "once" && waiter.operation === operation);
    if (!isSame(waiters, meant)) complain(resource, `knows not who awaits ${operation} [O1]`);
  }
}

function isSame<Thing>(things: Iterable<Thing>, others: readonly Thing[], inOrder = true): boolean {
  const all = [...things];
  const fits = (thing: Thing, at: number) => (inOrder ? others[at] === thing : others.includes(thing));
  return all.length === others.length && all.every(fits);
}

function checkHolders(resource: Resource, holders: Request[], queue: Request[]): void {
  const [holder] = holders;
  const mode = holder?.mode;
  const isAlone = mode === "once" || mode === "exclusive";
  if (isAlone && holders.length > 1) complain(resource, "an alone-holder is not alone [Q1]");
  if (holders.some((other) => other.mode !== mode)) complain(resource, "holders are of two modes [Q1]");
  if (mode === "permit" && holders.length > resource.limit) complain(resource, "has more holders than its limit [Q1]");
  if (queue.some(({ fence }) => fence !== 0)) complain(resource, "a waiter has a fence");
  if (holders.some(({ fence }) => fence === 0)) complain(resource, "a holder has no fence");
  const head = queue.find(isAttached);
  const fits = mode === "shared" || (mode === "permit" && holders.length < resource.limit);
  const isGrantable = head !== undefined && (mode === undefined || (head.mode === mode && fits));
  if (isGrantable && resource.delay === undefined) complain(resource, "the head could be granted and is not [Q3]");
}

function checkRequest(table: LockTable, resource: Resource, request: Request): void {
  const { session, id, deadline, fence } = request;
  if (request.resource !== resource) complain(resource, `request ${id} stands in another's list`);
  if (session.requests.get(id) !== request) complain(resource, `request ${id} is not its session's`);
  if (table.sessions.get(session.identity.session) !== session) complain(resource, `request ${id} has no session`);
  if (deadline !== undefined && deadline.command.of !== (fence === 0 ? "wait" : "hold")) {
    complain(resource, `request ${id} has the deadline of another state`);
  }
}

function checkHeap(deadlines: readonly Deadline[], armed: readonly (Deadline | undefined)[]): void {
  // Those that have come and were not yet carried out are out of the heap.
  const inside = new Set(armed.filter((deadline) => deadline !== undefined && deadline.place >= 0));
  if (inside.size !== deadlines.length) throw new Error("the heap has lost a deadline, or keeps one for nothing");
  for (const [place, deadline] of deadlines.entries()) {
    const parent = deadlines[(place - 1) >> 1] ?? deadline;
    const isRight = deadline.place === place && parent.atMs <= deadline.atMs && inside.has(deadline);
    if (!isRight)
      throw new Error(`place ${place} of the heap is out of order, or nobody's: ${JSON.stringify(deadline)}`);
  }
}

function checkOutcomes({ outcomes, resources, settings }: LockTable): void {
  let bytes = 0;
  let sinceMs = 0;
  for (const resource of byAge(outcomes)) {
    const { outcome } = resource;
    if (resources.get(resource.name) !== resource || outcome === undefined) complain(resource, "remembers nothing");
    if (outcome.sinceMs < sinceMs) complain(resource, "is older than the outcome before it");
    ({ sinceMs } = outcome);
    bytes += outcome.bytes;
  }
  const remembering = [...resources.values()].filter(({ outcome }) => outcome !== undefined);
  const { outcomesMax, outcomesBytesMax } = settings.limits;
  const isCounted = bytes === outcomes.bytes && remembering.length === outcomes.size;
  const isBounded = bytes <= outcomesBytesMax && remembering.length <= outcomesMax;
  if (!isCounted || !isBounded) throw new Error("the outcomes are counted wrong, or beyond their bounds [O6]");
}

function checkFailures({ failures, resources, settings }: LockTable): void {
  let bytes = 0;
  let order = 0;
  for (const one of byAge(failures)) {
    const { resource, operation } = one;
    if (resources.get(resource.name) !== resource) complain(resource, "is gone, and its failures are not");
    if (resource.failures?.get(operation) !== one) complain(resource, `${operation} has failed otherwise`);
    if (one.order <= order) complain(resource, `${operation} failed before the one before it`);
    ({ order } = one);
    bytes += one.bytes;
  }
  const counted = [...resources.values()].reduce((sum, resource) => sum + (resource.failures?.size ?? 0), 0);
  const isCounted = bytes === failures.bytes && counted === failures.size;
  if (!isCounted || bytes > settings.limits.failuresBytesMax) throw new Error("the failures are counted wrong [B1]");
}

function checkKept({ sessions, settings, kept: together }: LockTable): void {
  const results = new Set<string>();
  let all = 0;
  for (const { identity, kept, keptBytes } of sessions.values()) {
    for (const { answer } of kept) {
      const result = answer.type === "skipped" ? answer.skip.result : undefined;
      all += keptBytesOf(answer) - (result !== undefined && results.has(result) ? result.length : 0);
      if (result !== undefined) results.add(result);
    }
    const bytes = kept.reduce((sum, { answer }) => sum + keptBytesOf(answer), 0);
    const isBounded = kept.length <= settings.limits.keptAnswersMax && bytes <= settings.limits.keptBytesMax;
    if (bytes !== keptBytes || !isBounded) throw new Error(`what is kept for ${identity.session} is wrong [S9][B1]`);
  }
  if (together.bytes !== all || !isSame(together.results.keys(), [...results], false)) {
    throw new Error("what is kept for all together is wrong [B1]");
  }
  if (all > settings.limits.hubKeptBytesMax) throw new Error("more is kept than hubKeptBytesMax [B1]");
}

function checkReferences({ references, settings }: LockTable): void {
  const sizes = [...references.sets.values()].map(({ size }) => size);
  if (sizes.includes(0)) throw new Error("a set of references is kept though it is empty [Q8]");
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (count !== references.count) throw new Error("the table's count of references is wrong");
  if (count > settings.limits.referencesMax) throw new Error("there are more references than the bound [B1]");
}

function isAttached({ session }: Request): boolean {
  return session.presence.state === "attached";
}

function complain(resource: Resource, what: string): never {
  throw new Error(`resource ${resource.name}: ${what}`);
}
