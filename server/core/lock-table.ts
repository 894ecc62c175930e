// The lock table as a pure state machine: step(table, command, nowMs) → effects. What it decides follows from the commands
// and their order alone [B7]. Knows no socket, no clock and no journal.
import { assertNever } from "../../shared/errors.ts";
import { dismiss, handle } from "./asking.ts";
import { acknowledge, detach, end, open, resume } from "./attendance.ts";
import { begin } from "./beginning.ts";
import type { Command, DeadlineCommand } from "./command.ts";
import { disarm } from "./deadlines.ts";
import type { Effect } from "./effect.ts";
import { conclude, concludeAndServe } from "./ending.ts";
import { serve } from "./granting.ts";
import { forget } from "./outcomes.ts";
import { each } from "./resource.ts";
import { tellFinally, tidy, type LockTable, type Step } from "./table.ts";

/** Carries out one command at a time in milliseconds, on a clock that never goes back, and returns what follows. */
export function step(table: LockTable, command: Command, nowMs: number): Effect[] {
  table.order += 1;
  const effects: Effect[] = [];
  act({ table, nowMs, effects }, command);
  return effects;
}

function act(step: Step, command: Command): void {
  const { table } = step;
  switch (command.type) {
    case "begin":
      return begin(step, command);
    case "message": {
      const session = table.sessionOfSocket.get(command.socket);
      if (session === undefined) return;
      handle(step, session, command.message);
      if (session.kept.length > table.settings.limits.keptAnswersMax) end(step, session, "flooded");
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
      if (session !== undefined) end(step, session, "kicked");
      return answer(step, command.ticket, session === undefined ? "absent" : "done");
    }
    case "revoke":
      return revoke(step, command);
    case "forget": {
      const resource = table.resources.get(command.resource);
      const forgotten = resource !== undefined && forget(table.outcomes, resource);
      if (resource !== undefined) tidy(table, resource);
      return answer(step, command.ticket, forgotten ? "done" : "absent");
    }
    case "deadline":
      return meet(step, command);
    default:
      return assertNever(command);
  }
}

/** Takes a resource from its holders, or from the one whose fence is named; nothing else of their sessions changes [H2]. */
function revoke(step: Step, command: Extract<Command, { type: "revoke" }>): void {
  const { fence, actor, reason, ticket } = command;
  const resource = step.table.resources.get(command.resource);
  if (resource?.holders.first === undefined) return answer(step, ticket, fence === undefined ? "absent" : "changed");
  const meant = [...each(resource.holders)].filter((holder) => fence === undefined || holder.fence === fence);
  if (meant.length === 0) return answer(step, ticket, "changed");
  for (const holder of meant) {
    const message = `released by force by ${actor}: ${reason}`;
    tellFinally(step, holder.session, { type: "lost", id: holder.id, code: "LOCK_REVOKED", message });
    conclude(step, holder, { outcome: "none" });
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
      return concludeAndServe(step, request, { outcome: "failure", error, retry: true, retryAfterMs: 0 });
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
      disarm(table.deadlines, resource.delay);
      resource.delay = undefined;
      return serve(step, resource);
    }
    case "outcome": {
      const resource = table.resources.get(command.resource);
      if (resource?.outcome?.deadline.command.armed !== command.armed) return;
      forget(table.outcomes, resource);
      return tidy(table, resource);
    }
    default:
      return assertNever(command);
  }
}

function answer(step: Step, ticket: number, outcome: "done" | "absent" | "changed"): void {
  step.effects.push({ type: "answered", ticket, outcome });
}
