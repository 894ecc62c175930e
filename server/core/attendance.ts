// Sessions coming and going [S4]–[S11]: who is there, who is back, who is gone and what that frees. Knows no secret and no
// heartbeat: who may resume, and when a socket is dead, is decided outside.
import { countRefusal } from "../../shared/limits.ts";
import type { Command, SessionIdentity } from "./command.ts";
import { arm, disarm } from "./deadlines.ts";
import { conclude, delay } from "./ending.ts";
import { bury, serve, tellState, unqueue } from "./granting.ts";
import { dropKept } from "./kept.ts";
import { newWho } from "./history-ring.ts";
import { LiveRequests } from "./live-requests.ts";
import { noteFailure, type By } from "./noting.ts";
import { countAway, firstAttached } from "./queue.ts";
import type { Request, Resource, Session } from "./records.ts";
import { tell, type LockTable, type Step } from "./table.ts";

/** Opens a session for a node that has none [S8]. */
export function open(step: Step, command: Extract<Command, { type: "open" }>): void {
  const { table, nowMs, effects } = step;
  const { socket, session, node, secretDigest, owner, graceMs, client, labels } = command;
  const reason = denialOf(table, node, owner);
  if (reason !== undefined) {
    effects.push({ type: "denied", socket, reason });
    return;
  }
  const identity: SessionIdentity = { session, node, secretDigest, owner, graceMs, client, labels };
  const presence = { state: "attached", socket } as const;
  const opened: Session = {
    identity,
    who: newWho(node, session),
    presence,
    lastId: 0,
    requests: new LiveRequests<Request>(),
    kept: [],
    keptBytes: 0,
    sinceMs: nowMs,
    lockDelayMs: table.settings.lockDelayMs,
  };
  table.sessions.set(session, opened);
  table.sessionOfSocket.set(socket, opened);
  table.sessionOfNode.set(node, opened);
  countOwned(table, owner, 1);
  table.tally.sessionsOpened += 1;
  effects.push({ type: "opened", socket, session, graceMs, lockDelayMs: opened.lockDelayMs });
}

/** Why a node gets no session; undefined when it may have one. */
function denialOf(
  { sessions, sessionOfNode, sessionsOfOwner, settings, refusals }: LockTable,
  node: string,
  owner: string,
) {
  const { sessionsMax, tokenSessionsMax } = settings.limits;
  if (sessions.size >= sessionsMax) {
    countRefusal(refusals, "sessionsMax");
    return "too many sessions";
  }
  if (sessionOfNode.has(node)) return "node in use";
  if ((sessionsOfOwner.get(owner) ?? 0) < tokenSessionsMax) return undefined;
  countRefusal(refusals, "tokenSessionsMax");
  return "too many of one token";
}

/** Counts the sessions of the tokens of a name [B1]. */
export function countOwned({ sessionsOfOwner }: LockTable, owner: string, more: 1 | -1): void {
  const count = (sessionsOfOwner.get(owner) ?? 0) + more;
  if (count > 0) sessionsOfOwner.set(owner, count);
  else sessionsOfOwner.delete(owner);
}

/** Gives a session a new socket, whether or not the old one is gone [S8], and says what it may have missed [S9]. */
export function resume(step: Step, command: Extract<Command, { type: "resume" }>): void {
  const { table, effects } = step;
  const { socket } = command;
  const session = table.sessions.get(command.session);
  if (session === undefined) {
    effects.push({ type: "denied", socket, reason: "session gone" });
    return;
  }
  const { presence, identity, lastId, kept, requests } = session;
  const replaced = presence.state === "attached" ? presence.socket : undefined;
  if (presence.state === "detached") disarm(table.deadlines, presence.grace);
  else table.sessionOfSocket.delete(presence.socket);
  session.presence = { state: "attached", socket };
  table.sessionOfSocket.set(socket, session);
  table.tally.sessionsResumed += 1;
  // What it was told is never less: until it hears otherwise it goes by that [S12].
  session.lockDelayMs = Math.max(session.lockDelayMs, table.settings.lockDelayMs);
  const { graceMs } = identity;
  const { lockDelayMs } = session;
  effects.push({ type: "resumed", socket, session: identity.session, replaced, lastId, graceMs, lockDelayMs });
  for (const { answer } of kept) tell(step, session, answer);
  for (const request of requests.inOrder()) tellState(step, request);
  if (presence.state === "attached") return;
  for (const request of requests.inOrder()) if (request.fence === 0) returnToQueue(request);
  for (const resource of resourcesAwaited(session)) serve(step, resource);
}

/** Takes a session's socket away: it is detached for its grace, or for the longer one given, or ends at once [S3][S4]. */
export function detach(step: Step, socket: string, atLeastMs: number): void {
  const session = step.table.sessionOfSocket.get(socket);
  if (session === undefined) return;
  const graceMs = Math.max(session.identity.graceMs, atLeastMs);
  if (graceMs === 0) return end(step, session, "dropped");
  sendAway(step, session, socket, graceMs);
  for (const resource of resourcesAwaited(session)) serve(step, resource);
}

/** Takes an attached session's socket away for `graceMs`; those behind its waiters are not served yet. */
export function sendAway({ table, nowMs }: Step, session: Session, socket: string, graceMs: number): void {
  table.sessionOfSocket.delete(socket);
  const command = { type: "deadline", of: "grace", session: session.identity.session, armed: table.order } as const;
  session.presence = { state: "detached", grace: arm(table.deadlines, nowMs, graceMs, command) };
  for (const request of session.requests.inOrder()) countAway(request, 1);
  for (const request of session.requests.inOrder()) {
    const { resource } = request;
    if (resource.head === request) resource.head = firstAttached(request);
  }
}

/** A waiter is there again, in the place that it has kept [S5]. */
function returnToQueue(waiter: Request): void {
  const { resource, order } = waiter;
  countAway(waiter, -1);
  if (resource.head === undefined || order < resource.head.order) resource.head = waiter;
}

/** Drops the answers that a session is known to have received [S9]. */
export function acknowledge(step: Step, socket: string, order: number): void {
  const session = step.table.sessionOfSocket.get(socket);
  if (session === undefined) return;
  const received = session.kept.findIndex((answer) => answer.order > order);
  dropKept(step.table.kept, session, received === -1 ? Infinity : received);
}

/** Ends a session: its waiters leave, its holders have failed [S6]. */
export function end(step: Step, session: Session, why: "bye" | "dropped" | "kicked" | "flooded", by?: By): void {
  const { table, effects } = step;
  const { identity, presence } = session;
  if (presence.state === "attached") table.sessionOfSocket.delete(presence.socket);
  else disarm(table.deadlines, presence.grace);
  dropKept(table.kept, session, Infinity);
  table.sessions.delete(identity.session);
  table.sessionOfNode.delete(identity.node);
  countOwned(table, identity.owner, -1);
  const socket = presence.state === "attached" ? presence.socket : undefined;
  effects.push({ type: "ended", session: identity.session, socket, why });
  table.tally.sessionsEnded[why] += 1;
  const error = { code: "SESSION_ENDED", message: `the session of ${identity.node} ended: ${why}` } as const;
  const touched = new Set<Resource>();
  for (const request of session.requests.inOrder()) {
    if (request.fence > 0) continue;
    touched.add(request.resource);
    noteFailure(step, request, { ...error, ...(by && { by }) });
    unqueue(step, request);
    bury(request);
  }
  for (const holder of session.requests.inOrder()) {
    touched.add(holder.resource);
    conclude(step, holder, { outcome: "failure", error, retry: true, retryAfterMs: 0 }, { by });
    if (why !== "bye") delay(step, holder.resource, session.lockDelayMs);
  }
  for (const resource of touched) serve(step, resource);
}

/** Ends a session by force: it is told of each request that it has, and then it is gone like every other [S6]. */
export function kick(step: Step, session: Session, { actor, reason }: By): void {
  const ended = {
    code: "SESSION_ENDED",
    message: `the session was ended by ${actor}${reason ? `: ${reason}` : ""}`,
  } as const;
  for (const { id, fence } of session.requests.inOrder()) {
    tell(step, session, { type: fence > 0 ? "lost" : "failed", id, ...ended });
  }
  end(step, session, "kicked", reason === undefined ? { actor } : { actor, reason });
}

/** The resources in whose queues a session stands. */
export function resourcesAwaited(session: Session): Set<Resource> {
  const resources = new Set<Resource>();
  for (const request of session.requests.inOrder()) if (request.fence === 0) resources.add(request.resource);
  return resources;
}
