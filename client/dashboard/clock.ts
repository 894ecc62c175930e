// The page's own time, which stands still while the page is paused. Knows nothing else.
import { computed, signal } from "@preact/signals";

const tickMs = 500;
const ticking = signal(performance.now());
const pausedAt = signal<number | undefined>(undefined);

/** Now, in milliseconds of the page's monotonic clock; moves twice a second. */
export const nowMs = computed(() => pausedAt.value ?? ticking.value);

/** Whether the page shows how things stood when it was paused. */
export const isPaused = computed(() => pausedAt.value !== undefined);

/** How long ago the page was paused, in milliseconds. */
export const pausedForMs = computed(() => (pausedAt.value === undefined ? 0 : ticking.value - pausedAt.value));

/** Stops the page where it is, or lets it go on. */
export function togglePause(): void {
  pausedAt.value = pausedAt.value === undefined ? performance.now() : undefined;
}

setInterval(() => (ticking.value = performance.now()), tickMs);
