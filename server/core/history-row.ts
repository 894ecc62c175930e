// How an entry of the history looks to those who read it: ages and not clock readings, and nothing that says nothing. Reads,
// never changes.
import type { HistoryEntry } from "../../shared/pages.ts";
import type { Entry } from "./history-ring.ts";

/** One entry as it is shown; times in milliseconds. */
export function historyRowOf(entry: Entry, nowMs: number): HistoryEntry {
  const { number, resource, event, who, id, operation, mode, fence, attempt, atMs, spanMs, outcome, more } = entry;
  const hasHeld = event === "released" || event === "lost";
  const span = Math.max(0, Math.round(spanMs));
  return {
    number,
    ageMs: Math.max(0, Math.round(nowMs - atMs)),
    resource,
    event,
    operation,
    ...(id > 0 && { ...who, id, mode, ...(hasHeld ? { heldMs: span } : { waitedMs: span }) }),
    ...(fence > 0 && { fence }),
    ...(attempt > 0 && { attempt }),
    ...(outcome && { outcome }),
    ...more,
  };
}
