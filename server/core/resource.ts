// One resource and the lists of requests that it is made of: who could hold beside whom. Knows no outcome, no time and no
// message.
import type { Request, RequestList, Resource } from "./records.ts";

/** A resource that nobody has asked for yet. */
export function newResource(name: string): Resource {
  return {
    name,
    holders: { first: undefined, last: undefined, size: 0 },
    wanting: undefined,
    queue: { first: undefined, last: undefined, size: 0, lastBlock: undefined, once: undefined },
    head: undefined,
    permits: 0,
    limit: 0,
    delay: undefined,
    outcome: undefined,
    older: undefined,
    newer: undefined,
    failures: undefined,
    isTouched: false,
    told: undefined,
    line: undefined,
  };
}

/** Whether a resource has nothing left to remember [Q8]. */
export function isForgettable(resource: Resource): boolean {
  const { holders, queue, delay, outcome } = resource;
  return holders.size === 0 && queue.size === 0 && delay === undefined && outcome === undefined;
}

/** Whether a request may hold beside those that hold now [Q1]. */
export function isCompatible(resource: Resource, request: Request): boolean {
  const holder = resource.holders.first;
  if (holder === undefined) return true;
  if (request.mode !== holder.mode) return false;
  return request.mode === "shared" || (request.mode === "permit" && resource.holders.size < resource.limit);
}

/** Whether the request's session can be granted anything now [S5]. */
export function isAttached(request: Request): boolean {
  return request.session.presence.state === "attached";
}

/** Adds a request at the end of a list. */
export function join(list: RequestList, request: Request): void {
  request.previous = list.last;
  request.next = undefined;
  if (list.last === undefined) list.first = request;
  else list.last.next = request;
  list.last = request;
  list.size += 1;
}

/** Takes a request out of the list it stands in. */
export function leave(list: RequestList, request: Request): void {
  const { previous, next } = request;
  if (previous === undefined) list.first = next;
  else previous.next = next;
  if (next === undefined) list.last = previous;
  else next.previous = previous;
  request.previous = undefined;
  request.next = undefined;
  list.size -= 1;
}

/** The requests of a list, first to last; the one just given may leave meanwhile. */
export function* each(list: RequestList): Generator<Request> {
  for (let request = list.first; request !== undefined;) {
    const { next } = request;
    yield request;
    request = next;
  }
}
