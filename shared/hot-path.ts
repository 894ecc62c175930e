// A hand-written reading of the two messages that a busy hub hears most, in their plainest form; everything else is left
// to the schemas (undefined). test/shared/hot-path.test.ts proves that both readings agree.
import { durationMsMax, type Limits } from "./limits.ts";
import type { ClientMessageOf } from "./protocol.ts";
import { isName } from "./text.ts";

const acquireFields = new Set("type id resource operation mode waitMs freshMs holdMs wanted".split(" "));

/** Reads a plain acquire: one with nothing about attempts and permits. */
export function plainAcquire(value: Record<string, unknown>, limits: Limits): ClientMessageOf<"acquire"> | undefined {
  for (const key in value) if (!acquireFields.has(key)) return undefined;
  const { id, resource, operation = "run", mode = "once", waitMs, freshMs, holdMs, wanted = false } = value;
  if (!isRequestId(id) || typeof resource !== "string" || typeof operation !== "string") return undefined;
  if ((mode !== "once" && mode !== "exclusive" && mode !== "shared") || typeof wanted !== "boolean") return undefined;
  if (!isDuration(waitMs) || !isDuration(freshMs) || !isDuration(holdMs)) return undefined;
  if (!isName(resource, limits.resourceBytesMax) || !isName(operation, limits.operationBytesMax)) return undefined;
  return { type: "acquire", id, resource, operation, mode, wanted, waitMs, freshMs, holdMs };
}

/** Reads a plain release: `id` and `outcome` alone. */
export function plainRelease(value: Record<string, unknown>): ClientMessageOf<"release"> | undefined {
  for (const key in value) if (key !== "type" && key !== "id" && key !== "outcome") return undefined;
  const { id, outcome } = value;
  if (!isRequestId(id) || (outcome !== "success" && outcome !== "failure" && outcome !== "none")) return undefined;
  return { type: "release", id, outcome, retry: true };
}

/** Whether a value is a duration in milliseconds [B4], or none. */
function isDuration(value: unknown): value is number | undefined {
  if (value === undefined) return true;
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= durationMsMax;
}

/** Whether a value may be a request id [S10]. */
export function isRequestId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
