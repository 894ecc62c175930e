// The last successes that the hub remembers [O6], within a bounded count, a bounded size and a bounded age, oldest out
// first. Knows no queue.
import type { Limits } from "../../shared/limits.ts";
import { arm, disarm, type Deadlines } from "./deadlines.ts";
import type { Outcome, Resource } from "./records.ts";

/** All resources with a remembered outcome, oldest outcome first. */
export type Outcomes = { readonly resources: Set<Resource>; readonly deadlines: Deadlines; bytes: number };

/** A success that is to be remembered. */
export type Success = Pick<Outcome, "operation" | "node" | "fence" | "result">;

// What an outcome takes beside its texts, so that many empty results are bounded too.
const overheadBytes = 256;

/** No outcomes; their ends are among the given deadlines. */
export function newOutcomes(deadlines: Deadlines): Outcomes {
  return { resources: new Set(), deadlines, bytes: 0 };
}

/** Remembers a success in place of the one before, for `ttlMs`; the order number of the step is its fence's or later. */
export function remember(
  outcomes: Outcomes,
  resource: Resource,
  success: Success,
  time: { nowMs: number; ttlMs: number; order: number },
): void {
  forget(outcomes, resource);
  const { operation, node, fence, result } = success;
  const bytes = overheadBytes + resource.name.length + operation.length + node.length + (result?.length ?? 0);
  const command = { type: "deadline", of: "outcome", resource: resource.name, armed: time.order } as const;
  const deadline = arm(outcomes.deadlines, time.nowMs, time.ttlMs, command);
  putBack(outcomes, resource, { operation, node, fence, result, sinceMs: time.nowMs, bytes, deadline });
}

/** Adds an outcome as the newest of all. */
export function putBack(outcomes: Outcomes, resource: Resource, outcome: Outcome): void {
  resource.outcome = outcome;
  outcomes.resources.add(resource);
  outcomes.bytes += outcome.bytes;
}

/** Forgets what is remembered of a resource; says whether there was anything. */
export function forget(outcomes: Outcomes, resource: Resource): boolean {
  const { outcome } = resource;
  if (outcome === undefined) return false;
  resource.outcome = undefined;
  outcomes.resources.delete(resource);
  outcomes.bytes -= outcome.bytes;
  disarm(outcomes.deadlines, outcome.deadline);
  return true;
}

/** The resource whose outcome must go for the bounds to hold, if any. */
export function oldestBeyond(outcomes: Outcomes, limits: Limits): Resource | undefined {
  if (outcomes.resources.size <= limits.outcomesMax && outcomes.bytes <= limits.outcomesBytesMax) return undefined;
  return outcomes.resources.values().next().value;
}
