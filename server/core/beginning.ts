// A hub takes up the book that an earlier run has left [B6]: nobody is connected, and nothing has run meanwhile. Knows no
// file.
import { end, resourcesAwaited, sendAway } from "./attendance.ts";
import type { Beginning, Command } from "./command.ts";
import { arm, disarm, restart, type Deadline } from "./deadlines.ts";
import { serve } from "./granting.ts";
import type { Session } from "./records.ts";
import { each } from "./resource.ts";
import { forgetOutcome, type Step } from "./table.ts";

/** Detaches or ends every session, and lets waits, holds and delays that were running start anew. */
export function begin(step: Step, beginning: Beginning): void {
  const { table } = step;
  const { order, settings, recoveryGraceMs, isUndated, gone, isReopened = gone === undefined || isUndated } = beginning;
  table.settings = settings;
  table.order = Math.max(table.order, order);
  if (isReopened) restartAll(step, recoveryGraceMs, isUndated);
  sendAllAway(step, recoveryGraceMs, (socket) => gone === undefined || gone.some((hub) => isOf(socket, hub)));
}

/** Takes their sockets from the sessions of a hub that is gone, as its restart would [B6]. */
export function depart(step: Step, { hub, recoveryGraceMs }: Extract<Command, { type: "gone" }>): void {
  sendAllAway(step, recoveryGraceMs, (socket) => isOf(socket, hub));
}

function isOf(socket: string, hub: string): boolean {
  return socket.startsWith(`${hub}/`);
}

/** Nothing has run while the book was closed: what was running starts anew. */
function restartAll(step: Step, recoveryGraceMs: number, isUndated: boolean): void {
  const { table, nowMs } = step;
  for (const resource of table.resources.values()) {
    restart(table.deadlines, resource.delay, nowMs);
    for (const holder of each(resource.holders)) restart(table.deadlines, holder.deadline, nowMs);
    for (const waiter of each(resource.queue)) restart(table.deadlines, waiter.deadline, nowMs);
    if (isUndated) forgetOutcome(table, resource);
  }
  for (const session of table.sessions.values()) {
    const { presence } = session;
    if (presence.state === "detached") extendGrace(step, session, presence.grace, recoveryGraceMs);
  }
}

function sendAllAway(step: Step, recoveryGraceMs: number, isGone: (socket: string) => boolean): void {
  // First all of them are away, so that none of them is granted anything; only then is freed what nobody will come back for.
  const away: Session[] = [];
  for (const session of step.table.sessions.values()) {
    const { presence, identity } = session;
    if (presence.state !== "attached" || !isGone(presence.socket)) continue;
    sendAway(step, session, presence.socket, Math.max(identity.graceMs, recoveryGraceMs));
    away.push(session);
  }
  for (const session of away) if (session.identity.graceMs === 0) end(step, session, "dropped");
  for (const session of away) for (const resource of resourcesAwaited(session)) serve(step, resource);
}

function extendGrace({ table, nowMs }: Step, session: Session, grace: Deadline, atLeastMs: number): void {
  disarm(table.deadlines, grace);
  const graceMs = Math.max(grace.afterMs, atLeastMs);
  // The old end may have come, and its command be under way.
  const command = { ...grace.command, armed: table.order };
  session.presence = { state: "detached", grace: arm(table.deadlines, nowMs, graceMs, command) };
}
