// What has happened to a resource lately. Knows the SDK; no view.
import type { HistoryEntry } from "../../shared/pages.ts";
import type { Hub } from "../index.ts";

const entriesMax = 100;

/** The newest entries of a resource's history, newest first; none where there are none. */
export async function pastOf(hub: Hub, name: string, signal: AbortSignal): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const entry of hub.history(name, { signal })) {
    entries.push(entry);
    if (entries.length === entriesMax) break;
  }
  return entries;
}
