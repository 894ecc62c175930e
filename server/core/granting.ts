// Who is granted, and when [Q1][Q2][Q3]: the one place where a request becomes a holder, and where it stops being anything.
// Knows no outcome: what a holder's end means for others is settled elsewhere.
import type { HolderRow, Mode } from "../../shared/protocol.ts";
import { arm, disarm } from "./deadlines.ts";
import { forget } from "./outcomes.ts";
import type { Request, Resource } from "./records.ts";
import { noteGrant } from "./noting.ts";
import { firstAttached, positionOf, stand, stepOut } from "./queue.ts";
import { each, isCompatible, join, leave } from "./resource.ts";
import { fail, tell, tidy, type Step } from "./table.ts";
import { touch } from "./touched.ts";

/** Grants the head of the queue and all behind it that may hold with it, in the step that made room [Q3]. */
export function serve(step: Step, resource: Resource): void {
  const { last } = resource.holders;
  touch(step.table, resource);
  while (resource.delay === undefined) {
    const request = resource.head;
    if (request === undefined || !isCompatible(resource, request)) break;
    unqueue(step, request);
    if (!isExhausted(request)) grant(step, request);
    else failExhausted(step, request);
  }
  const granted = last === undefined ? resource.holders.first : last.next;
  for (let holder = granted; holder !== undefined; holder = holder.next) tellIfWanted(step, holder);
  tidy(step.table, resource);
}

/** Makes a request that is in no list a holder; the fence is the number of this step [F1]. */
export function grant(step: Step, request: Request): void {
  const { table, nowMs } = step;
  const { resource, session } = request;
  touch(table, resource);
  if (isAlone(request.mode) && resource.outcome?.operation !== request.operation) forget(table.outcomes, resource);
  request.fence = table.order;
  request.attempt = (resource.failures?.get(request.operation)?.count ?? 0) + 1;
  noteGrant(step, request);
  request.sinceMs = nowMs;
  holdWith(resource, request);
  table.holding += 1;
  if (request.holdMs !== undefined) hold(step, request, request.holdMs);
  tell(step, session, grantOf(request, request.holdMs));
}

/** Adds a request to the holders of its resource. */
export function holdWith(resource: Resource, request: Request): void {
  join(resource.holders, request);
  if (request.wanted) (resource.wanting ??= new Set()).add(request);
}

/** Tells a holder that asked for it that others wait behind it [H4]. */
export function tellIfWanted(step: Step, { wanted, session, id, resource }: Request): void {
  const { size } = resource.queue;
  if (wanted && size > 0) tell(step, session, { type: "wanted", id, waiting: size });
}

/** Whether a holder of that mode holds alone [Q1]; only such a one says outcomes that are remembered [O6][O8]. */
export function isAlone(mode: Mode): boolean {
  return mode === "once" || mode === "exclusive";
}

/** Sets the end of a hold, in place of the one before [H1]. */
export function hold(step: Step, request: Request, holdMs: number): void {
  const { table, nowMs } = step;
  disarm(table.deadlines, request.deadline);
  const { session, id } = request;
  const armed = table.order;
  request.deadline = arm(table.deadlines, nowMs, holdMs, {
    type: "deadline",
    of: "hold",
    session: session.identity.session,
    id,
    armed,
  });
}

/** Puts a request at the end of the queue [Q2] and tells the holders that asked for it [H4]. */
export function enqueue(step: Step, request: Request, waitMs: number | undefined): void {
  const { table, nowMs } = step;
  const { resource, session, id } = request;
  touch(table, resource);
  stand(resource.queue, request);
  resource.head ??= request;
  table.waiting += 1;
  if (waitMs !== undefined) {
    const armed = table.order;
    const command = { type: "deadline", of: "wait", session: session.identity.session, id, armed } as const;
    request.deadline = arm(table.deadlines, nowMs, waitMs, command);
  }
  tell(step, session, queuedOf(step, request, resource.queue.size));
  if (resource.queue.size > 1) return;
  for (const holder of resource.wanting ?? []) tellIfWanted(step, holder);
}

/** Takes a waiter out of the queue; it lives on as nothing yet. */
export function unqueue(step: Step, request: Request): void {
  const { resource, next } = request;
  touch(step.table, resource);
  stepOut(resource.queue, request);
  if (resource.head === request) resource.head = firstAttached(next);
  step.table.waiting -= 1;
  disarm(step.table.deadlines, request.deadline);
  request.deadline = undefined;
}

/** Takes a holder's grant away; it lives on as nothing yet. */
export function unhold(step: Step, request: Request): void {
  touch(step.table, request.resource);
  leave(request.resource.holders, request);
  request.resource.wanting?.delete(request);
  step.table.holding -= 1;
  disarm(step.table.deadlines, request.deadline);
  request.deadline = undefined;
}

/** Ends the life of a request that is in no list any more; its id is free of it. */
export function bury(request: Request): void {
  request.session.requests.delete(request.id);
  if (request.mode === "permit") request.resource.permits -= 1;
}

/** Whether a request would be granted as an attempt beyond the last that it wants [O4]. */
export function isExhausted(request: Request): boolean {
  const { mode, maxAttempts, resource, operation } = request;
  return mode === "once" && maxAttempts !== undefined && (resource.failures?.get(operation)?.count ?? 0) >= maxAttempts;
}

/** Fails a request that has no attempt left, with the last error [O4]. */
export function failExhausted(step: Step, request: Request): void {
  const last = request.resource.failures?.get(request.operation);
  const message = `${last?.count ?? 0} attempts have failed`;
  bury(request);
  fail(step, request, { code: "ATTEMPTS_EXHAUSTED", message, error: last?.error });
}

/** The present state of a live request: `queued`, or `granted` with what is left of its hold [S10]. */
export function tellState(step: Step, request: Request): void {
  const { session, fence, deadline } = request;
  if (fence === 0) return tell(step, session, queuedOf(step, request, positionOf(request)));
  // Rounded down: a holder that trusts it must not hold on for longer than the hub does.
  const leftMs = deadline && Math.max(0, Math.floor(deadline.atMs - step.nowMs));
  tell(step, session, grantOf(request, leftMs));
  tellIfWanted(step, request);
}

/** The holders as others see them, the first few. */
export function holderRows(resource: Resource, nowMs: number, entriesMax: number): HolderRow[] {
  const rows: HolderRow[] = [];
  for (const { session, operation, mode, sinceMs, progress } of each(resource.holders)) {
    if (rows.length === entriesMax) break;
    const { node } = session.identity;
    rows.push({ node, operation, mode, heldMs: Math.round(nowMs - sinceMs), ...(progress && { progress }) });
  }
  return rows;
}

function grantOf(request: Request, holdMs: number | undefined) {
  const { id, fence, attempt, resource, operation } = request;
  const failure = attempt > 1 ? resource.failures?.get(operation) : undefined;
  const previous = failure && { node: failure.node, error: failure.error };
  return { type: "granted", id, fence, attempt, holdMs, previous } as const;
}

function queuedOf(step: Step, request: Request, position: number) {
  const holders = holderRows(request.resource, step.nowMs, step.table.settings.limits.listEntriesMax);
  return { type: "queued", id: request.id, position, holders } as const;
}
