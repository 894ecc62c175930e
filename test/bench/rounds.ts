// Rounds that alternate, and what comes of them: medians with their spread, ratios of neighbours. Knows no server.

/** One who is measured once a round. */
export interface Contender<Sample> {
  measure: () => Promise<Sample>;
  /** Measures once and keeps what it was. */
  sample: () => Promise<void>;
  /** What was measured, in the order of the rounds. */
  samples: Sample[];
}

/** Any contender, whatever is measured of it. */
export type Contended = Pick<Contender<unknown>, "measure" | "sample">;

/** A contender with no samples yet. */
export function contender<Sample>(measure: () => Promise<Sample>): Contender<Sample> {
  const samples: Sample[] = [];
  const sample = async () => void samples.push(await measure());
  return { measure, sample, samples };
}

/** Warms every contender up with a round that does not count, then measures each once a round, in turn. */
export async function alternate(contenders: readonly Contended[], rounds: number): Promise<void> {
  for (const { measure } of contenders) await measure();
  for (let round = 0; round < rounds; round++) {
    for (const { sample } of contenders) await sample();
  }
}

/** A median and what it lies between. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** The spread of some values, one at least. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** The spread of the ratios of values measured in the same round. */
export function ratioOf(values: readonly number[], against: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / (against[round] ?? Number.NaN)));
}

/** A quantile of values that are sorted, smallest first; between two of them, in proportion. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
