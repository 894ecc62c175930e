// The resources that nodes have queued for, whole, and the circles among those who wait. Knows the feed; asks by HTTP.
import { computed, signal } from "@preact/signals";
import type { Hub, ResourceView } from "../index.ts";
import { longestWaitMs } from "./arrange.ts";
import { startAsking } from "./asking.ts";
import { rows, totals } from "./feed.ts";
import { circlesOf, waitsOf } from "./waits.ts";

const askMs = 2_000;
/** As many as are looked at; those with the longest waits first. */
export const contestedMax = 120;
// Whoever waits in a circle waits for ever, so what has just begun need not be asked about.
const waitMsMin = 1_000;

/** Their views, as they were last asked for. */
const contested = signal<readonly ResourceView[] | undefined>(undefined);
/** Whether they have been asked for at all. */
export const isAsked = computed(() => contested.value !== undefined);
/** Who waits for whom. */
export const waits = computed(() => waitsOf(contested.value ?? []));
/** The circles among them. */
export const circles = computed(() => circlesOf(waits.value));

async function ask(hub: Hub, signal: AbortSignal): Promise<ResourceView[] | undefined> {
  if (totals.peek() === undefined) return undefined;
  const nowMs = performance.now();
  const names = rows
    .peek()
    .filter((seen) => seen.row.holding > 0 && longestWaitMs(seen, nowMs) >= waitMsMin)
    .sort((one, other) => longestWaitMs(other, nowMs) - longestWaitMs(one, nowMs))
    .slice(0, contestedMax)
    .map(({ row }) => row.resource);
  const views: ResourceView[] = [];
  for (const name of names) {
    const view = await hub.info(name, { signal });
    if (view !== undefined) views.push(view);
  }
  return views;
}

/** Asks every two seconds from now on. */
export function startContested(): void {
  startAsking(askMs, { ask, show: (views) => (contested.value = views) });
}
