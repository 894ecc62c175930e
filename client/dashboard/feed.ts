// All resources as the hub last told of them, for every view that shows many. Knows the link; no view.
import { batch, effect, signal } from "@preact/signals";
import type { Hub, Picture, ResourceRow, Totals } from "../index.ts";
import { byName, seenAt, type SeenRow } from "./arrange.ts";
import { isPaused } from "./clock.ts";
import { hub } from "./link.ts";

const rowsMax = 10_000;

/** Every row that the hub shows, in the order of their names. */
export const rows = signal<readonly SeenRow[]>([]);
/** The hub's counts; undefined until it has told them. */
export const totals = signal<Totals | undefined>(undefined);
/** Whether nobody knows what has changed since. */
export const isBehind = signal(false);
/** Why the hub shows nothing, as it does to a token that may not look. */
export const refusal = signal<string | undefined>(undefined);

const seen = new Map<string, SeenRow>();
let latest: Picture<ResourceRow> | undefined;

function show(picture: Picture<ResourceRow>): void {
  const atMs = performance.now();
  for (const [name, row] of picture.rows) {
    // A row that is the same object has not changed since it was first seen, and its ages count from then.
    if (seen.get(name)?.row !== row) seen.set(name, seenAt(row, atMs));
  }
  if (seen.size > picture.rows.size) {
    for (const name of seen.keys()) if (!picture.rows.has(name)) seen.delete(name);
  }
  batch(() => {
    rows.value = byName(seen.values());
    totals.value = picture.totals;
    isBehind.value = picture.isStale;
  });
}

async function follow(hub: Hub, signal: AbortSignal): Promise<void> {
  for await (const picture of hub.watch("", { limit: rowsMax, signal })) {
    latest = picture;
    if (!isPaused.peek()) show(picture);
  }
}

/** Follows whatever hub the page is connected to, from now on. */
export function startFeed(): void {
  effect(() => {
    const { value } = hub;
    if (value === undefined) return undefined;
    const ending = new AbortController();
    refusal.value = undefined;
    follow(value, ending.signal).catch((error: unknown) => {
      if (!ending.signal.aborted) refusal.value = error instanceof Error ? error.message : String(error);
    });
    return () => ending.abort();
  });
  effect(() => {
    if (!isPaused.value && latest !== undefined) show(latest);
  });
}
