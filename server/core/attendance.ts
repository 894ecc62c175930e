// Sessions coming and going [S4]–[S11]: who is there, who is back, who is gone and what that frees. Knows no secret and no
// heartbeat: who may resume, and when a socket is dead, is decided outside.
import type { Command, SessionIdentity } from "./command.ts";
import { arm, disarm } from "./deadlines.ts";
import { conclude, delay } from "./ending.ts";
import { bury, serve, tellState, unqueue } from "./granting.ts";
import type { Request, Resource, Session } from "./records.ts";
import { firstAttached } from "./resource.ts";
import { tell, type Step } from "./table.ts";

/** Opens a session for a node that has none [S8]. */
export function open(step: Step, command: Extract<Command, { type: "open" }>): void {
  const { table, nowMs, effects } = step;
  const { socket, session, node, secretDigest, owner, graceMs, client, labels } = command;
  const full = table.sessions.size >= table.settings.limits.sessionsMax;
  if (full || table.sessionOfNode.has(node)) {
    effects.push({ type: "denied", socket, reason: full ? "too many sessions" : "node in use" });
    return;
  }
  const identity: SessionIdentity = { session, node, secretDigest, owner, graceMs, client, labels };
  const presence = { state: "attached", socket } as const;
  const opened: Session = { identity, presence, lastId: 0, requests: new Map(), kept: [], sinceMs: nowMs };
  table.sessions.set(session, opened);
  table.sessionOfSocket.set(socket, opened);
  table.sessionOfNode.set(node, opened);
  effects.push({ type: "opened", socket, session, graceMs });
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
  effects.push({ type: "resumed", socket, session: identity.session, replaced, lastId, graceMs: identity.graceMs });
  for (const { answer } of kept) tell(step, session, answer);
  for (const request of requests.values()) tellState(step, request);
  if (presence.state === "attached") return;
  for (const request of requests.values()) if (request.fence === 0) returnToQueue(request);
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
  for (const request of session.requests.values()) {
    const { resource } = request;
    if (resource.head === request) resource.head = firstAttached(request);
  }
}

/** A waiter is there again, in the place that it has kept [S5]. */
function returnToQueue(waiter: Request): void {
  const { resource, order } = waiter;
  if (resource.head === undefined || order < resource.head.order) resource.head = waiter;
}

/** Drops the answers that a session is known to have received [S9]. */
export function acknowledge(step: Step, socket: string, order: number): void {
  const session = step.table.sessionOfSocket.get(socket);
  if (session === undefined) return;
  const kept = session.kept.findIndex((answer) => answer.order > order);
  session.kept = kept === -1 ? [] : session.kept.slice(kept);
}

/** Ends a session: its waiters leave, its holders have failed [S6]. */
export function end(step: Step, session: Session, why: "bye" | "dropped" | "kicked" | "flooded"): void {
  const { table, effects } = step;
  const { identity, presence } = session;
  if (presence.state === "attached") table.sessionOfSocket.delete(presence.socket);
  else disarm(table.deadlines, presence.grace);
  table.sessions.delete(identity.session);
  table.sessionOfNode.delete(identity.node);
  const socket = presence.state === "attached" ? presence.socket : undefined;
  effects.push({ type: "ended", session: identity.session, socket, why });
  const touched = new Set<Resource>();
  for (const request of session.requests.values()) {
    if (request.fence > 0) continue;
    touched.add(request.resource);
    unqueue(step, request);
    bury(request);
  }
  const error = { code: "SESSION_ENDED", message: `the session of ${identity.node} ended: ${why}` };
  for (const holder of session.requests.values()) {
    touched.add(holder.resource);
    conclude(step, holder, { outcome: "failure", error, retry: true, retryAfterMs: 0 });
    if (why !== "bye") delay(step, holder.resource, table.settings.lockDelayMs);
  }
  for (const resource of touched) serve(step, resource);
}

function resourcesAwaited(session: Session): Set<Resource> {
  const resources = new Set<Resource>();
  for (const request of session.requests.values()) if (request.fence === 0) resources.add(request.resource);
  return resources;
}
