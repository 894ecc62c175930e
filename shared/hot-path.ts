// A hand-written reading of the two messages that a busy hub hears most, in their plainest form; everything else is left
// to the schemas (undefined). test/shared/hot-path.test.ts proves that both readings agree.
import type { Limits } from "./limits.ts";
import type { ClientMessageOf } from "./protocol.ts";
import { isName } from "./text.ts";

/** Reads a plain acquire: `id`, `resource` and perhaps `operation`, in mode once, or exclusive when it says so. */
export function plainAcquire(value: Record<string, unknown>, limits: Limits): ClientMessageOf<"acquire"> | undefined {
  for (const key in value) {
    if (key !== "type" && key !== "id" && key !== "resource" && key !== "operation" && key !== "mode") return undefined;
  }
  const { id, resource, operation = "run", mode = "once" } = value;
  if (!isRequestId(id) || typeof resource !== "string" || typeof operation !== "string") return undefined;
  if (mode !== "once" && mode !== "exclusive") return undefined;
  if (!isName(resource, limits.resourceBytesMax) || !isName(operation, limits.operationBytesMax)) return undefined;
  return { type: "acquire", id, resource, operation, mode, wanted: false };
}

/** Reads a plain release: `id` and `outcome` alone. */
export function plainRelease(value: Record<string, unknown>): ClientMessageOf<"release"> | undefined {
  for (const key in value) if (key !== "type" && key !== "id" && key !== "outcome") return undefined;
  const { id, outcome } = value;
  if (!isRequestId(id) || (outcome !== "success" && outcome !== "failure" && outcome !== "none")) return undefined;
  return { type: "release", id, outcome, retry: true };
}

function isRequestId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
