// What a session may say of its requests: acquire, release, cancel, extend, progress, refer. Knows no socket and no other session.
import { assertNever } from "../../shared/errors.ts";
import { countRefusal } from "../../shared/limits.ts";
import type { ClientMessageOf } from "../../shared/protocol.ts";
import type { Command, WatchMessage } from "./command.ts";
import { concludeAndServe, type Verdict } from "./ending.ts";
import * as granting from "./granting.ts";
import { noteSkip } from "./noting.ts";
import type { Request, Resource, Session } from "./records.ts";
import { change, referrersOf } from "./references.ts";
import { isCompatible } from "./resource.ts";
import { fail, resourceNamed, tell, tellFinally, tidy, type Step } from "./table.ts";
import { countCode } from "./tally.ts";
import { touch } from "./touched.ts";

type Acquire = ClientMessageOf<"acquire">;
type Said = Pick<Extract<Command, { type: "message" }>, "message" | "mustHold">;

/** Carries out one message of a session. */
export function handle(step: Step, session: Session, { message, mustHold }: Said): void {
  switch (message.type) {
    case "acquire":
      return acquire(step, session, message);
    case "release":
      return release(step, session, message);
    case "cancel":
      return cancel(step, session, message.id);
    case "extend":
      return extend(step, session, message);
    case "progress":
      return progress(step, session, message);
    case "refer":
      return mustHold === true && !holdsAlone(step, session, message.resource)
        ? forbidClear(step, session, message.id)
        : refer(step, session, message);
    case "watch":
      return takeId(step, session, message.id) ? pass(step, session, message) : undefined;
    case "unwatch":
      return pass(step, session, message);
    default:
      return assertNever(message);
  }
}

/** What is about watching is the hub's to carry out, in its place among the steps. */
function pass(step: Step, { presence }: Session, message: WatchMessage): void {
  if (presence.state === "attached") step.effects.push({ type: "watched", socket: presence.socket, message });
}

/** Takes a waiter out of its queue for good; those behind it may be next [Q6]. */
export function dismiss(step: Step, waiter: Request, code: "LOCK_TIMEOUT" | "CANCELLED", message: string): void {
  granting.unqueue(step, waiter);
  granting.bury(waiter);
  fail(step, waiter, { code, message });
  granting.serve(step, waiter.resource);
}

function acquire(step: Step, session: Session, message: Acquire): void {
  const { table } = step;
  const { id } = message;
  if (!takeId(step, session, id)) return;
  const { sessionRequestsMax, hubRequestsMax } = table.settings.limits;
  if (session.requests.size >= sessionRequestsMax) {
    countRefusal(table.refusals, "sessionRequestsMax");
    return refuse(step, session, id, "TOO_MANY_REQUESTS", `a session may have ${sessionRequestsMax} live requests`);
  }
  if (table.holding + table.waiting >= hubRequestsMax) {
    countRefusal(table.refusals, "hubRequestsMax");
    return refuse(step, session, id, "TOO_MANY_REQUESTS", `the hub may have ${hubRequestsMax} live requests`);
  }
  const resource = resourceNamed(table, message.resource);
  place(step, session, resource, message);
  tidy(table, resource);
}

/** Takes an id into use; one that was in use before is answered here, and nothing more is to be done [S10]. */
function takeId(step: Step, session: Session, id: number): boolean {
  const live = session.requests.get(id);
  if (live === undefined && id > session.lastId) {
    session.lastId = id;
    return true;
  }
  const message = `id ${id} is not live and not above ${session.lastId}, the highest received`;
  if (live === undefined) tell(step, session, { type: "error", id, code: "DUPLICATE_ID", message });
  else granting.tellState(step, live);
  return false;
}

function place(step: Step, session: Session, resource: Resource, message: Acquire): void {
  const { id, waitMs, limit } = message;
  if (limit !== undefined && resource.permits > 0 && limit !== resource.limit) {
    const explanation = `live permit requests name the limit ${resource.limit}, this one ${limit}`;
    return refuse(step, session, id, "LIMIT_MISMATCH", explanation);
  }
  if (skipIfFresh(step, session, resource, message)) return;
  const request = newRequest(step, session, resource, message);
  const free = resource.delay === undefined && resource.head === undefined && isCompatible(resource, request);
  if (free && granting.isExhausted(request)) return granting.failExhausted(step, request);
  if (free) {
    granting.grant(step, request);
    return granting.tellIfWanted(step, request);
  }
  const { resourceWaitersMax } = step.table.settings.limits;
  if (waitMs !== 0 && resource.queue.size < resourceWaitersMax) return granting.enqueue(step, request, waitMs);
  granting.bury(request);
  if (waitMs !== 0) {
    countRefusal(step.table.refusals, "resourceWaitersMax");
    return refuse(step, session, id, "QUEUE_FULL", `a resource may have ${resourceWaitersMax} waiters`);
  }
  if (resource.delay === undefined) return refuse(step, session, id, "LOCK_ALREADY_HELD", "not free, and waitMs is 0");
  const delayedMs = Math.max(0, Math.ceil(resource.delay.atMs - step.nowMs));
  refuse(step, session, id, "LOCK_DELAYED", `granted to nobody for another ${delayedMs} ms, and waitMs is 0`);
}

function newRequest(step: Step, session: Session, resource: Resource, message: Acquire): Request {
  const { id, operation, mode, maxAttempts, holdMs, wanted, limit } = message;
  if (limit !== undefined) {
    resource.limit = limit;
    resource.permits += 1;
  }
  const request: Request = {
    session,
    id,
    resource,
    operation,
    mode,
    maxAttempts,
    holdMs,
    wanted,
    order: step.table.order,
    fence: 0,
    attempt: 0,
    sinceMs: step.nowMs,
    deadline: undefined,
    progress: undefined,
    previous: undefined,
    next: undefined,
    block: undefined,
  };
  session.requests.add(request);
  return request;
}

/** Skips a request that a remembered success serves [O7]. */
function skipIfFresh(step: Step, session: Session, resource: Resource, message: Acquire): boolean {
  const { outcome } = resource;
  if (message.mode !== "once" || message.freshMs === undefined || outcome === undefined) return false;
  const ageMs = step.nowMs - outcome.sinceMs;
  if (outcome.operation !== message.operation || ageMs > message.freshMs) return false;
  const skip = { by: outcome.node, fence: outcome.fence, result: outcome.result, ageMs: Math.round(ageMs) };
  const { id, operation, mode } = message;
  noteSkip(step, { session, id, resource, operation, mode, fence: 0, attempt: 0, sinceMs: step.nowMs }, skip);
  tellFinally(step, session, { type: "skipped", id: message.id, skip });
  return true;
}

function release(step: Step, session: Session, message: ClientMessageOf<"release">): void {
  const holder = holderOf(step, session, message);
  if (holder === undefined) return;
  tellFinally(step, session, { type: "released", id: message.id });
  concludeAndServe(step, holder, verdictOf(message));
}

function verdictOf(message: ClientMessageOf<"release">): Verdict {
  const { outcome, result, error, retry, retryAfterMs = 0 } = message;
  switch (outcome) {
    case "success":
      return { outcome, result: result === undefined ? undefined : JSON.stringify(result) };
    case "failure":
      return { outcome, error: error ?? { message: "the holder gave no reason" }, retry, retryAfterMs };
    case "none":
      return { outcome };
    default:
      return assertNever(outcome);
  }
}

function cancel(step: Step, session: Session, id: number): void {
  const request = session.requests.get(id);
  // What has ended by itself while the cancel was under way has had its answer.
  if (request === undefined && id <= session.lastId) return;
  if (request === undefined) return refuseUnheld(step, session, id, "cancel");
  if (request.fence === 0) return dismiss(step, request, "CANCELLED", "taken back by the one who asked");
  tellFinally(step, session, { type: "released", id });
  concludeAndServe(step, request, { outcome: "none" });
}

function extend(step: Step, session: Session, message: ClientMessageOf<"extend">): void {
  const holder = holderOf(step, session, message);
  if (holder === undefined) return;
  granting.hold(step, holder, message.holdMs);
  tell(step, session, { type: "extended", id: message.id, holdMs: message.holdMs });
}

function progress(step: Step, session: Session, message: ClientMessageOf<"progress">): void {
  const holder = holderOf(step, session, message);
  if (holder === undefined) return;
  const { done, total, note } = message;
  holder.progress = { done, total, note };
  touch(step.table, holder.resource);
}

/** A reference set is asked or changed; the request is over with the answer, which is the set as it is then. */
function refer(step: Step, session: Session, { id, resource, action }: ClientMessageOf<"refer">): void {
  if (!takeId(step, session, id)) return;
  const { references, settings } = step.table;
  const { referencesMax, listEntriesMax } = settings.limits;
  const { node } = session.identity;
  const nodes = referrersOf(references, resource);
  if (action === "add" && references.count >= referencesMax && !nodes.has(node)) {
    countRefusal(step.table.refusals, "referencesMax");
    return refuse(step, session, id, "TOO_MANY_REQUESTS", `the hub may have ${referencesMax} references`);
  }
  change(references, resource, node, action);
  const left = referrersOf(references, resource);
  const first = left.values().take(listEntriesMax).toArray();
  tellFinally(step, session, { type: "references", id, resource, count: left.size, nodes: first });
}

function holdsAlone({ table }: Step, session: Session, resource: string): boolean {
  const holder = table.resources.get(resource)?.holders.first;
  return holder?.session === session && granting.isAlone(holder.mode);
}

function forbidClear(step: Step, session: Session, id: number): void {
  const message = "a node may clear the references of what it holds exclusive or once alone";
  tell(step, session, { type: "error", id, code: "FORBIDDEN", message });
}

/** The holder that a message names; a session that does not hold it is told so, and nothing changes [H3]. */
function holderOf(step: Step, session: Session, { id, type }: { id: number; type: string }): Request | undefined {
  const request = session.requests.get(id);
  if (request !== undefined && request.fence > 0) return request;
  refuseUnheld(step, session, id, type);
  return undefined;
}

function refuseUnheld(step: Step, session: Session, id: number, what: string): void {
  const message = `${what} names request ${id}, which does not hold`;
  tell(step, session, { type: "error", id, code: "LOCK_NOT_HELD", message });
}

type Refusal = "TOO_MANY_REQUESTS" | "LIMIT_MISMATCH" | "QUEUE_FULL" | "LOCK_ALREADY_HELD" | "LOCK_DELAYED";

function refuse(step: Step, session: Session, id: number, code: Refusal, message: string): void {
  countCode(step.table.tally.failed, code);
  tellFinally(step, session, { type: "failed", id, code, message });
}
