// How long to wait before the next try. Knows nothing of what is tried.

/** The bounds of the waits between tries, in milliseconds. */
export type Backoff = { baseMs: number; maxMs: number };

/** Waits that a hub with thousands of nodes survives: at most 0.1 s at first, at most 10 s later. */
export const defaultBackoff: Backoff = { baseMs: 100, maxMs: 10_000 };

/**
 * Full jitter: anything from 0 to the bound, which doubles with each failure, so that nodes that fell together do not come
 * back together.
 *
 * @param failures how many tries have failed in a row, 0 for the first wait
 * @param random a number from 0 up to 1, as Math.random gives
 */
export function fullJitterMs(failures: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  return random() * Math.min(maxMs, baseMs * 2 ** failures);
}

/** About as long as the hub said [S13]: never earlier, at most twice that. */
export function aboutMs(ms: number, random: () => number): number {
  return ms * (1 + random());
}
