// How a grant ends and what that means for the others [O1]–[O8]: success skips, failure passes on, nothing is inferred.
// Knows no client's message beyond what was said of the work.
import { countRefusal } from "../../shared/limits.ts";
import type { Failure } from "../../shared/protocol.ts";
import { arm, disarm } from "./deadlines.ts";
import type { Skip } from "./effect.ts";
import { countFailure, startAgain } from "./failures.ts";
import { bury, isAlone, serve, unhold, unqueue } from "./granting.ts";
import { noteEnd, noteSkip, type Taken } from "./noting.ts";
import { boundMet, forget, remember } from "./outcomes.ts";
import { onceWaiters } from "./queue.ts";
import type { Request, Resource } from "./records.ts";
import { fail, forgetOutcome, tellFinally, type Step } from "./table.ts";
import { touch } from "./touched.ts";

/** What is said of the work when a grant ends. `result` is JSON text; `retryAfterMs` in milliseconds. */
export type Verdict =
  | { outcome: "success"; result: string | undefined }
  | { outcome: "failure"; error: Failure; retry: boolean; retryAfterMs: number }
  | { outcome: "none" };

/** Ends a grant and settles what follows from the verdict, but serves nobody yet. */
export function conclude(step: Step, holder: Request, verdict: Verdict, why?: Parameters<typeof noteEnd>[3]): void {
  noteEnd(step, holder, verdict, why);
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
export function concludeAndServe(step: Step, holder: Request, verdict: Verdict, taken?: Taken): void {
  conclude(step, holder, verdict, { taken });
  serve(step, holder.resource);
}

/** Grants the resource to nobody until `delayMs` have passed; a longer delay in force stays. */
export function delay(step: Step, resource: Resource, delayMs: number): void {
  const { table, nowMs } = step;
  const untilMs = nowMs + delayMs;
  if (delayMs === 0 || (resource.delay !== undefined && resource.delay.atMs >= untilMs)) return;
  if (resource.delay === undefined) table.delays += 1;
  else disarm(table.deadlines, resource.delay);
  const command = { type: "deadline", of: "delay", resource: resource.name, armed: table.order } as const;
  resource.delay = arm(table.deadlines, nowMs, delayMs, command);
}

/** Ends the delay of a resource, but serves nobody yet. */
export function endDelay({ table }: Step, resource: Resource): void {
  touch(table, resource);
  disarm(table.deadlines, resource.delay);
  resource.delay = undefined;
  table.delays -= 1;
}

/** What a holder asks for is bounded in number; a lock delay is the hub's own promise [S12]. */
function delayRetry(step: Step, resource: Resource, retryAfterMs: number): void {
  const { delays, settings, refusals } = step.table;
  const isNew = retryAfterMs > 0 && resource.delay === undefined;
  if (isNew && delays >= settings.limits.delaysMax) countRefusal(refusals, "delaysMax");
  else delay(step, resource, retryAfterMs);
}

function succeed(step: Step, holder: Request, result: string | undefined): void {
  const { table } = step;
  const { resource, operation, fence, mode } = holder;
  if (resource.failures !== undefined) startAgain(table.failures, resource, operation, table.order);
  if (!isAlone(mode)) return;
  const { outcomeTtlMs, limits } = table.settings;
  if (outcomeTtlMs > 0) remember(step, holder, result);
  if (mode === "once" && resource.queue.size > 0) {
    const { node } = holder.session.identity;
    skipWaiters(step, resource, operation, { by: node, fence, result, ageMs: 0 });
  }
  for (let bound = boundMet(table.outcomes, limits); bound !== undefined; bound = boundMet(table.outcomes, limits)) {
    const { oldest } = table.outcomes;
    if (oldest === undefined) return;
    countRefusal(table.refusals, bound);
    forgetOutcome(table, oldest);
  }
}

function skipWaiters(step: Step, resource: Resource, operation: string, skip: Skip): void {
  for (const waiter of onceWaiters(resource.queue, operation)) {
    unqueue(step, waiter);
    bury(waiter);
    noteSkip(step, waiter, skip);
    tellFinally(step, waiter.session, { type: "skipped", id: waiter.id, skip });
  }
}

function miss(step: Step, holder: Request, verdict: Extract<Verdict, { outcome: "failure" }>): void {
  const { resource, operation, mode } = holder;
  const { error, retry, retryAfterMs } = verdict;
  if (isAlone(mode) && resource.outcome?.operation === operation) forget(step.table.outcomes, resource);
  if (mode === "once") {
    const { table } = step;
    const failure = { resource, operation, node: holder.session.identity.node, error, order: table.order };
    countFailure(table.failures, failure, { limits: table.settings.limits, refusals: table.refusals });
  }
  if (retry) return delayRetry(step, resource, retryAfterMs);
  if (mode !== "once") return;
  for (const waiter of onceWaiters(resource.queue, operation)) {
    unqueue(step, waiter);
    bury(waiter);
    fail(step, waiter, { code: "OPERATION_FAILED", message: "the holder failed for good", error });
  }
}
