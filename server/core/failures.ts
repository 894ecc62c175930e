// The failures that count as attempts and the last error of each operation [O2][O5], of all busy resources, within a bounded
// number for each and a bounded size in all, oldest out first [B1]. Knows no queue.
import { countRefusal, type Limits, type Refusals } from "../../shared/limits.ts";
import { utf8Bytes } from "../../shared/text.ts";
import { enter, takeOut, type Ageing } from "./ageing.ts";
import type { Failures, Resource } from "./records.ts";

/** Failures that are yet to be added. */
type Counted = Omit<Failures, "bytes" | "older" | "newer">;

// What they take beside their error, so that many short ones are bounded too.
const overheadBytes = 384;

/** Counts one more failure of an operation, in place of those before. */
export function countFailure(
  ageing: Ageing<Failures>,
  failure: Omit<Counted, "count">,
  { limits, refusals }: { limits: Limits; refusals: Refusals },
): void {
  const { resource, operation } = failure;
  const count = (resource.failures?.get(operation)?.count ?? 0) + 1;
  forgetFailures(ageing, resource, operation);
  putBackFailures(ageing, { ...failure, count, order: orderAfter(ageing, failure.order) });
  const { resourceOperationsMax, failuresBytesMax } = limits;
  const [oldestHere] = resource.failures?.keys() ?? [];
  if ((resource.failures?.size ?? 0) > resourceOperationsMax && oldestHere !== undefined) {
    countRefusal(refusals, "resourceOperationsMax");
    forgetFailures(ageing, resource, oldestHere);
  }
  while (ageing.bytes > failuresBytesMax) {
    const { oldest } = ageing;
    if (oldest === undefined) return;
    countRefusal(refusals, "failuresBytesMax");
    forgetFailures(ageing, oldest.resource, oldest.operation);
  }
}

/** Adds failures as the newest of all. */
export function putBackFailures(ageing: Ageing<Failures>, failures: Counted): void {
  const { resource, operation, node, error } = failures;
  const texts = operation.length + node.length + utf8Bytes(error.message) + utf8Bytes(error.code ?? "");
  const bytes = overheadBytes + texts;
  const counted: Failures = { ...failures, bytes, older: undefined, newer: undefined };
  resource.failures ??= new Map();
  resource.failures.set(operation, counted);
  enter(ageing, counted, bytes);
}

/** An operation's attempts start again at 1 [O5]; those who hold beside the one that succeeded are still told why theirs was
 * not the first [S10]. */
export function startAgain(ageing: Ageing<Failures>, resource: Resource, operation: string, order: number): void {
  const failures = resource.failures?.get(operation);
  forgetFailures(ageing, resource, operation);
  if (failures === undefined || resource.holders.size === 0) return;
  putBackFailures(ageing, { ...failures, count: 0, order: orderAfter(ageing, order) });
}

/** The end of a session makes many failures in one step: each has a number of its own, so that a restored table has them in
 * the same order. */
function orderAfter({ newest }: Ageing<Failures>, order: number): number {
  return Math.max(order, (newest?.order ?? 0) + 1);
}

function forgetFailures(ageing: Ageing<Failures>, resource: Resource, operation: string): void {
  const failures = resource.failures?.get(operation);
  if (failures === undefined) return;
  resource.failures?.delete(operation);
  takeOut(ageing, failures, failures.bytes);
}

/** The attempts of all operations of a resource start again at 1 [O5]. */
export function forgetAllFailures(ageing: Ageing<Failures>, resource: Resource): void {
  for (const failures of resource.failures?.values() ?? []) takeOut(ageing, failures, failures.bytes);
  resource.failures = undefined;
}
