// How a grant ends and what that means for the others [O1]–[O8]: success skips, failure passes on, nothing is inferred.
// Knows no client's message beyond what was said of the work.
import type { Failure } from "../../shared/protocol.ts";
import { arm, disarm } from "./deadlines.ts";
import type { Skip } from "./effect.ts";
import { bury, isAlone, serve, unhold, unqueue } from "./granting.ts";
import { forget, oldestBeyond, remember } from "./outcomes.ts";
import type { Request, Resource } from "./records.ts";
import { each } from "./resource.ts";
import { fail, tellFinally, tidy, type Step } from "./table.ts";

/** What is said of the work when a grant ends. `result` is JSON text; `retryAfterMs` in milliseconds. */
export type Verdict =
  | { outcome: "success"; result: string | undefined }
  | { outcome: "failure"; error: Failure; retry: boolean; retryAfterMs: number }
  | { outcome: "none" };

/** Ends a grant and settles what follows from the verdict, but serves nobody yet. */
export function conclude(step: Step, holder: Request, verdict: Verdict): void {
  unhold(step, holder);
  bury(holder);
  switch (verdict.outcome) {
    case "success":
      return succeed(step, holder, verdict.result);
    case "failure":
      return miss(step, holder, verdict);
    case "none":
      return;
  }
}

/** Ends a grant and hands the resource on in the same step [Q3]. */
export function concludeAndServe(step: Step, holder: Request, verdict: Verdict): void {
  conclude(step, holder, verdict);
  serve(step, holder.resource);
}

/** Grants the resource to nobody until `delayMs` have passed; a longer delay in force stays. */
export function delay(step: Step, resource: Resource, delayMs: number): void {
  const { table, nowMs } = step;
  const untilMs = nowMs + delayMs;
  if (delayMs === 0 || (resource.delay !== undefined && resource.delay.atMs >= untilMs)) return;
  disarm(table.deadlines, resource.delay);
  const command = { type: "deadline", of: "delay", resource: resource.name, armed: table.order } as const;
  resource.delay = arm(table.deadlines, nowMs, delayMs, command);
}

function succeed(step: Step, holder: Request, result: string | undefined): void {
  const { table, nowMs } = step;
  const { resource, operation, fence, mode } = holder;
  const { node } = holder.session.identity;
  resource.failures?.delete(operation);
  if (!isAlone(mode)) return;
  const { outcomeTtlMs, limits } = table.settings;
  if (outcomeTtlMs > 0) {
    const time = { nowMs, ttlMs: outcomeTtlMs, order: table.order };
    remember(table.outcomes, resource, { operation, node, fence, result }, time);
  }
  if (mode === "once") skipWaiters(step, resource, operation, { by: node, fence, result, ageMs: 0 });
  for (let oldest = oldestBeyond(table.outcomes, limits); oldest; oldest = oldestBeyond(table.outcomes, limits)) {
    forget(table.outcomes, oldest);
    tidy(table, oldest);
  }
}

function skipWaiters(step: Step, resource: Resource, operation: string, skip: Skip): void {
  if (resource.queue.size === 0) return;
  for (const waiter of each(resource.queue)) {
    if (waiter.mode !== "once" || waiter.operation !== operation) continue;
    unqueue(step, waiter);
    bury(waiter);
    tellFinally(step, waiter.session, { type: "skipped", id: waiter.id, skip });
  }
}

function miss(step: Step, holder: Request, verdict: Extract<Verdict, { outcome: "failure" }>): void {
  const { resource, operation, mode } = holder;
  const { error, retry, retryAfterMs } = verdict;
  if (isAlone(mode) && resource.outcome?.operation === operation) forget(step.table.outcomes, resource);
  if (mode === "once") countFailure(step, holder, error);
  if (retry) return delay(step, resource, retryAfterMs);
  if (mode !== "once") return;
  for (const waiter of each(resource.queue)) {
    if (waiter.mode !== "once" || waiter.operation !== operation) continue;
    unqueue(step, waiter);
    bury(waiter);
    fail(step, waiter, { code: "OPERATION_FAILED", message: "the holder failed for good", error });
  }
}

function countFailure(step: Step, holder: Request, error: Failure): void {
  const { resource, operation } = holder;
  resource.failures ??= new Map();
  const count = (resource.failures.get(operation)?.count ?? 0) + 1;
  resource.failures.delete(operation);
  resource.failures.set(operation, { count, node: holder.session.identity.node, error });
  if (resource.failures.size <= step.table.settings.limits.resourceOperationsMax) return;
  const [oldest] = resource.failures.keys();
  if (oldest !== undefined) resource.failures.delete(oldest);
}
