// The last successes that the hub remembers [O6], within a bounded count, a bounded size and a bounded age, oldest out
// first. Knows no queue.
import type { Limits } from "../../shared/limits.ts";
import { utf8Bytes } from "../../shared/text.ts";
import { enter, newAgeing, takeOut, type Ageing } from "./ageing.ts";
import { arm, disarm, type Deadlines } from "./deadlines.ts";
import type { Outcome, Request, Resource } from "./records.ts";
import type { Step } from "./table.ts";

/** All resources with a remembered outcome, oldest outcome first. */
export type Outcomes = Ageing<Resource> & { readonly deadlines: Deadlines };

// What an outcome and its resource take beside their texts, so that many empty results are bounded too.
const overheadBytes = 640;

/** No outcomes; their ends are among the given deadlines. */
export function newOutcomes(deadlines: Deadlines): Outcomes {
  return { ...newAgeing<Resource>(), deadlines };
}

/** Remembers the success of a holder in place of the one before, for the book's `outcomeTtlMs`; the result is JSON text. */
export function remember({ table, nowMs }: Step, holder: Request, result: string | undefined): void {
  const { outcomes, settings, order } = table;
  const { resource, operation, fence } = holder;
  const { node } = holder.session.identity;
  forget(outcomes, resource);
  const names = resource.name.length + operation.length + node.length;
  const bytes = overheadBytes + names + (result === undefined ? 0 : utf8Bytes(result));
  const command = { type: "deadline", of: "outcome", resource: resource.name, armed: order } as const;
  const deadline = arm(outcomes.deadlines, nowMs, settings.outcomeTtlMs, command);
  putBack(outcomes, resource, { operation, node, fence, result, sinceMs: nowMs, bytes, deadline });
}

/** Adds an outcome as the newest of all. */
export function putBack(outcomes: Outcomes, resource: Resource, outcome: Outcome): void {
  resource.outcome = outcome;
  enter(outcomes, resource, outcome.bytes);
}

/** Forgets what is remembered of a resource; says whether there was anything. */
export function forget(outcomes: Outcomes, resource: Resource): boolean {
  const { outcome } = resource;
  if (outcome === undefined) return false;
  resource.outcome = undefined;
  takeOut(outcomes, resource, outcome.bytes);
  disarm(outcomes.deadlines, outcome.deadline);
  return true;
}

/** The bound for which the oldest outcome must go, if any. */
export function boundMet(outcomes: Outcomes, limits: Limits): "outcomesMax" | "outcomesBytesMax" | undefined {
  if (outcomes.size > limits.outcomesMax) return "outcomesMax";
  return outcomes.bytes > limits.outcomesBytesMax ? "outcomesBytesMax" : undefined;
}
