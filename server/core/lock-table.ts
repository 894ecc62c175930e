// The lock table as a pure state machine: step(table, command, nowMs) → effects. What it decides follows from the commands
// and their order alone [B7]. Knows no socket, no clock and no journal.
import { assertNever } from "../../shared/errors.ts";
import { dismiss, handle } from "./asking.ts";
import { acknowledge, detach, end, kick, open, resume } from "./attendance.ts";
import { begin, depart } from "./beginning.ts";
import type { Command, DeadlineCommand } from "./command.ts";
import type { Effect } from "./effect.ts";
import { conclude, concludeAndServe, endDelay } from "./ending.ts";
import { serve } from "./granting.ts";
import { nextOverfull } from "./kept.ts";
import { noteForgotten } from "./noting.ts";
import { each } from "./resource.ts";
import { forgetOutcome, tellFinally, type LockTable, type Step } from "./table.ts";

/** Carries out one command at a time in milliseconds, on a clock that never goes back, and returns what follows. */
export function step(table: LockTable, command: Command, nowMs: number): Effect[] {
  const effects: Effect[] = [];
  proceed({ table, nowMs, effects }, command);
  return effects;
}

/** The same for one of many commands at one time: adds what follows to the effects. */
export function proceed(step: Step, command: Command): void {
  const { table } = step;
  table.order += 1;
  act(step, command);
  for (let session = nextOverfull(table); session !== undefined; session = nextOverfull(table)) {
    end(step, session, "flooded");
  }
}

function act(step: Step, command: Command): void {
  const { table } = step;
  switch (command.type) {
    case "begin":
      return begin(step, command);
    case "gone":
      return depart(step, command);
    case "message": {
      const session = table.sessionOfSocket.get(command.socket);
      if (session !== undefined) handle(step, session, command);
      return;
    }
    case "open":
      return open(step, command);
    case "resume":
      return resume(step, command);
    case "detach":
      return detach(step, command.socket, command.graceMs ?? 0);
    case "acknowledge":
      return acknowledge(step, command.socket, command.order);
    case "bye": {
      const session = table.sessionOfSocket.get(command.socket);
      if (session !== undefined) end(step, session, "bye");
      return;
    }
    case "kick": {
      const session = table.sessions.get(command.session);
      if (session !== undefined) kick(step, session, command);
      return answer(step, command.ticket, session === undefined ? "absent" : "done");
    }
    case "revoke":
      return revoke(step, command);
    case "forget": {
      const resource = table.resources.get(command.resource);
      if (resource !== undefined) noteForgotten(step, resource, command.actor);
      const forgotten = resource !== undefined && forgetOutcome(table, resource);
      return answer(step, command.ticket, forgotten ? "done" : "absent");
    }
    case "deadline":
      return meet(step, command);
    default:
      return assertNever(command);
  }
}

/** Takes a resource from its holders, or from the one whose fence is named; nothing else of their sessions changes [H2]. What
 * nobody holds is delayed no longer. */
function revoke(step: Step, command: Extract<Command, { type: "revoke" }>): void {
  const { fence, actor, reason, ticket } = command;
  const resource = step.table.resources.get(command.resource);
  if (resource === undefined) return answer(step, ticket, "absent");
  const meant = [...each(resource.holders)].filter((holder) => fence === undefined || holder.fence === fence);
  const isDelayAlone = resource.holders.first === undefined && resource.delay !== undefined && fence === undefined;
  if (isDelayAlone) endDelay(step, resource);
  else if (meant.length === 0) return answer(step, ticket, fence === undefined ? "absent" : "changed");
  for (const holder of meant) {
    const message = `released by force by ${actor}: ${reason}`;
    tellFinally(step, holder.session, { type: "lost", id: holder.id, code: "LOCK_REVOKED", message });
    conclude(step, holder, { outcome: "none" }, { taken: { code: "LOCK_REVOKED", by: { actor, reason } } });
  }
  serve(step, resource);
  answer(step, ticket, "done");
}

/** A time has come; void if what it was for has changed since it was set [B7]. */
function meet(step: Step, command: DeadlineCommand): void {
  const { table } = step;
  switch (command.of) {
    case "wait":
    case "hold": {
      const request = table.sessions.get(command.session)?.requests.get(command.id);
      if (request?.deadline?.command.armed !== command.armed || request.deadline.command.of !== command.of) return;
      if (command.of === "wait") return dismiss(step, request, "LOCK_TIMEOUT", "waitMs passed in the queue");
      const error = { code: "LOCK_EXPIRED", message: "holdMs passed without an extend" } as const;
      tellFinally(step, request.session, { type: "lost", id: request.id, ...error });
      const verdict = { outcome: "failure", error, retry: true, retryAfterMs: 0 } as const;
      return concludeAndServe(step, request, verdict, { code: error.code });
    }
    case "grace": {
      const session = table.sessions.get(command.session);
      if (session?.presence.state !== "detached") return;
      if (session.presence.grace.command.armed === command.armed) end(step, session, "dropped");
      return;
    }
    case "delay": {
      const resource = table.resources.get(command.resource);
      if (resource?.delay?.command.armed !== command.armed) return;
      endDelay(step, resource);
      return serve(step, resource);
    }
    case "outcome": {
      const resource = table.resources.get(command.resource);
      if (resource?.outcome?.deadline.command.armed !== command.armed) return;
      forgetOutcome(table, resource);
      return;
    }
    default:
      return assertNever(command);
  }
}

function answer(step: Step, ticket: number, outcome: "done" | "absent" | "changed"): void {
  step.effects.push({ type: "answered", ticket, outcome });
}
