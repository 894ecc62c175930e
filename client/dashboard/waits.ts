// Who waits for whom, and who waits in a circle: a deadlock, unless one of them lets go of something. Knows views, no page.
import type { ResourceView } from "../index.ts";

/** A node that waits for another, and for what. */
export type Wait = {
  readonly waiter: string;
  readonly holder: string;
  readonly resource: string;
  readonly sinceMs: number;
  /** Whether the holder reports how far it is: it is at work, whatever else it waits for. */
  readonly isAtWork: boolean;
};

/** Every wait of these views: each waiter waits for each holder. Those of shared modes wait for all of them too. */
export function waitsOf(views: readonly ResourceView[]): Wait[] {
  return views.flatMap(({ resource, holders, queue }) =>
    queue.flatMap(({ node, waitedMs }) =>
      holders
        .filter((holder) => holder.node !== node)
        .map(({ node: holder, progress }) => {
          return { waiter: node, holder, resource, sinceMs: waitedMs, isAtWork: progress !== undefined };
        }),
    ),
  );
}

/** The circles among waits, each once, as the waits along it: a waits for b, b waits for a. Nodes that pull many blobs at once
 * wait for each other all the time and are no deadlock: who is at work is in no circle. */
export function circlesOf(waits: readonly Wait[]): Wait[][] {
  const from = Map.groupBy(
    waits.filter(({ isAtWork }) => !isAtWork),
    ({ waiter }) => waiter,
  );
  const circles = new Map<string, Wait[]>();
  const done = new Set<string>();
  for (const start of from.keys()) {
    const trail: Wait[] = [];
    const place = new Map<string, number>();
    // By hand and not by recursion: a line of nodes may be longer than a stack is deep.
    const open: { node: string; next: number }[] = [];
    const enter = (node: string) => {
      place.set(node, open.length);
      open.push({ node, next: 0 });
    };
    if (!done.has(start)) enter(start);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const wait = from.get(top.node)?.[top.next];
      top.next += 1;
      if (wait === undefined) {
        done.add(top.node);
        place.delete(top.node);
        open.pop();
        trail.pop();
        continue;
      }
      const met = place.get(wait.holder);
      if (met !== undefined) {
        const circle = [...trail.slice(met), wait];
        circles.set(
          circle
            .map(({ waiter }) => waiter)
            .toSorted()
            .join("\n"),
          circle,
        );
      } else if (!done.has(wait.holder)) {
        trail.push(wait);
        enter(wait.holder);
      }
    }
  }
  return [...circles.values()];
}
