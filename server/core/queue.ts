// The queue of one resource: who stands where, which of them are there, and who waits for the same work. It is parted into
// blocks, so that neither a place nor the first who is there is found by walking past everybody. Knows no rule of granting.
import type { Block, Queue, Request } from "./records.ts";
import { isAttached, join, leave } from "./resource.ts";

// A place is found by walking past the waiters of one block, and past all blocks: of 100,000 waiters in line, past some 900 things at most.
const blockWaitersMax = 128;

/** Adds a waiter at the end. */
export function stand(queue: Queue, waiter: Request): void {
  join(queue, waiter);
  let block = queue.lastBlock;
  if (block === undefined || block.size >= blockWaitersMax) {
    block = { first: waiter, size: 0, away: 0, previous: block, next: undefined };
    if (block.previous !== undefined) block.previous.next = block;
    queue.lastBlock = block;
  }
  waiter.block = block;
  block.size += 1;
  if (!isAttached(waiter)) block.away += 1;
  if (waiter.mode !== "once") return;
  queue.once ??= new Map();
  const others = queue.once.get(waiter.operation);
  if (others === undefined) queue.once.set(waiter.operation, new Set([waiter]));
  else others.add(waiter);
}

/** Takes a waiter out, wherever it stands [Q6]. */
export function stepOut(queue: Queue, waiter: Request): void {
  const { block, next, operation } = waiter;
  leave(queue, waiter);
  const others = queue.once?.get(operation);
  if (others?.delete(waiter) === true && others.size === 0) queue.once?.delete(operation);
  if (block === undefined) return;
  waiter.block = undefined;
  block.size -= 1;
  if (!isAttached(waiter)) block.away -= 1;
  if (block.size === 0) return unlink(queue, block);
  if (block.first === waiter && next !== undefined) block.first = next;
  if (block.next !== undefined) mergeIfThin(queue, block, block.next);
  if (block.previous !== undefined) mergeIfThin(queue, block.previous, block);
}

/** The place of a waiter in its queue, 1 for the next. */
export function positionOf(waiter: Request): number {
  let position = 1;
  let inBlock = waiter;
  for (; inBlock.previous !== undefined && inBlock.previous.block === waiter.block; inBlock = inBlock.previous)
    position += 1;
  for (let block = waiter.block?.previous; block !== undefined; block = block.previous) position += block.size;
  return position;
}

/** The first from this waiter on whose session is attached [S5]. */
export function firstAttached(from: Request | undefined): Request | undefined {
  let waiter = from;
  while (waiter !== undefined && !isAttached(waiter)) {
    const { block }: Request = waiter;
    const isDeserted: boolean = block !== undefined && block.away === block.size;
    waiter = isDeserted ? block?.next?.first : waiter.next;
  }
  return waiter;
}

/** A waiter's session has gone away, or is back [S5]. */
export function countAway({ block }: Request, change: 1 | -1): void {
  if (block !== undefined) block.away += change;
}

/** Those who wait in mode once for an operation, in the order of the queue; the one just given may leave meanwhile. */
export function onceWaiters(queue: Queue, operation: string): Iterable<Request> {
  return queue.once?.get(operation) ?? [];
}

/** Joins two blocks that have become small, so that there are never many with few in them. */
function mergeIfThin(queue: Queue, one: Block, next: Block): void {
  if (one.size + next.size > blockWaitersMax / 2) return;
  for (let waiter: Request | undefined = next.first; waiter?.block === next; waiter = waiter.next) waiter.block = one;
  one.size += next.size;
  one.away += next.away;
  unlink(queue, next);
}

function unlink(queue: Queue, { previous, next }: Block): void {
  if (previous !== undefined) previous.next = next;
  if (next === undefined) queue.lastBlock = previous;
  else next.previous = previous;
}
