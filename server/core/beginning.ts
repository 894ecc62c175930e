// A hub takes up the book that an earlier run has left [B6]: nobody is connected, and nothing has run meanwhile. Knows no
// file.
import { end, sendAway } from "./attendance.ts";
import type { Beginning } from "./command.ts";
import { arm, disarm, restart, type Deadline } from "./deadlines.ts";
import { forget } from "./outcomes.ts";
import type { Session } from "./records.ts";
import { each } from "./resource.ts";
import { tidy, type Step } from "./table.ts";

/** Detaches or ends every session, and lets waits, holds and delays that were running start anew. */
export function begin(step: Step, { order, settings, recoveryGraceMs, isUndated }: Beginning): void {
  const { table, nowMs } = step;
  table.settings = settings;
  table.order = Math.max(table.order, order);
  for (const resource of table.resources.values()) {
    restart(table.deadlines, resource.delay, nowMs);
    for (const holder of each(resource.holders)) restart(table.deadlines, holder.deadline, nowMs);
    for (const waiter of each(resource.queue)) restart(table.deadlines, waiter.deadline, nowMs);
    if (isUndated && forget(table.outcomes, resource)) tidy(table, resource);
  }
  // First everybody is away, so that nobody is granted anything; only then is freed what nobody will come back for.
  const gone: Session[] = [];
  for (const session of table.sessions.values()) {
    const { presence, identity } = session;
    if (presence.state === "detached") extendGrace(step, session, presence.grace, recoveryGraceMs);
    else sendAway(step, session, presence.socket, Math.max(identity.graceMs, recoveryGraceMs));
    if (presence.state === "attached" && identity.graceMs === 0) gone.push(session);
  }
  for (const session of gone) end(step, session, "dropped");
}

function extendGrace({ table, nowMs }: Step, session: Session, grace: Deadline, atLeastMs: number): void {
  disarm(table.deadlines, grace);
  const graceMs = Math.max(grace.afterMs, atLeastMs);
  session.presence = { state: "detached", grace: arm(table.deadlines, nowMs, graceMs, grace.command) };
}
