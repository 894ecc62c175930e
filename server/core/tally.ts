// How often what has happened since the hub began to work on the table, and how long it took: plain numbers, added up at once and
// read now and then. No part of what is kept. Knows no name of a resource or a node.
import type { Code } from "../../shared/errors.ts";
import type { OutcomeWord } from "../../shared/protocol.ts";

/** How often something took at most so long: counts beside their upper bounds in milliseconds, the last without one. */
export type Spread = { readonly boundsMs: readonly number[]; readonly counts: number[]; sumMs: number };

/** What is counted. */
export type Tally = {
  grants: number;
  /** Grants to requests that had waited. */
  handOffs: number;
  skips: number;
  readonly releases: Record<OutcomeWord, number>;
  readonly failed: Partial<Record<Code, number>>;
  readonly lost: Partial<Record<Code, number>>;
  sessionsOpened: number;
  sessionsResumed: number;
  readonly sessionsEnded: Record<"bye" | "dropped" | "kicked" | "flooded", number>;
  readonly waits: Spread;
  readonly holds: Spread;
  /** From the first message of a turn to its grants, and from a batch to its being safe. */
  readonly turns: Spread;
  readonly commits: Spread;
  /** Entries of this hub that were appended and have not come back; bytes of entries that no checkpoint stands for, about;
   * checkpoints that came into force. */
  readonly journal: { unheard: number; bytes: number; checkpoints: number };
};

const longMs = [1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 60_000, 300_000, 1_800_000];
/** Bounds for what takes less than a second as a rule. */
export const shortMs = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000];

/** Nothing has happened yet. */
export function newTally(): Tally {
  return {
    grants: 0,
    handOffs: 0,
    skips: 0,
    releases: { success: 0, failure: 0, none: 0 },
    failed: {},
    lost: {},
    sessionsOpened: 0,
    sessionsResumed: 0,
    sessionsEnded: { bye: 0, dropped: 0, kicked: 0, flooded: 0 },
    waits: newSpread(longMs),
    holds: newSpread(longMs),
    turns: newSpread(shortMs),
    commits: newSpread(shortMs),
    journal: { unheard: 0, bytes: 0, checkpoints: 0 },
  };
}

/** Nothing has taken any time yet. */
export function newSpread(boundsMs: readonly number[]): Spread {
  return { boundsMs, counts: Array.from({ length: boundsMs.length + 1 }, () => 0), sumMs: 0 };
}

/** Adds one that took so long. */
export function addSpan(spread: Spread, spanMs: number, times = 1): void {
  let place = 0;
  while (place < spread.boundsMs.length && spanMs > (spread.boundsMs[place] ?? 0)) place += 1;
  spread.counts[place] = (spread.counts[place] ?? 0) + times;
  spread.sumMs += spanMs * times;
}

/** Adds one of a code. */
export function countCode(counts: Partial<Record<Code, number>>, code: Code): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
