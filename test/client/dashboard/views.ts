// Rows and views as a hub would tell them, for tests of the dashboard.
import { seenAt } from "../../../client/dashboard/arrange.ts";
import type { ResourceRow, ResourceView } from "../../../client/index.ts";

/** A row that came at 0 ms; held by `holder` for `heldMs`, if it is held. */
export function seenRow(resource: string, { holder, heldMs = 0, waiting = 0, oldestWaitMs = 0 }: Partial<Short> = {}) {
  const holders: ResourceRow["holders"] =
    holder === undefined ? [] : [{ node: holder, operation: "run", mode: "once", heldMs }];
  const row: ResourceRow = { resource, holders, holding: holders.length, waiting, oldestWaitMs };
  return seenAt(row, 0);
}

type Short = { holder: string; heldMs: number; waiting: number; oldestWaitMs: number };

/** A view with these nodes holding and waiting, each for 12 s. */
export function viewOf(resource: string, holders: readonly string[], queue: readonly string[]): ResourceView {
  const asked = { id: 1, operation: "run", mode: "once" } as const;
  return {
    resource,
    holders: holders.map((node) => ({ node, session: `s-${node}`, ...asked, fence: 7, attempt: 1, heldMs: 12_000 })),
    holding: holders.length,
    waiting: queue.length,
    queue: queue.map((node) => ({ node, session: `s-${node}`, ...asked, waitedMs: 12_000, detached: false })),
  };
}
