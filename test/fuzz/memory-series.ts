// What a process takes of memory over time, and whether it only ever takes more. Knows no process.

// A heap that is collected now and then goes up and down by so much, and a young one grows into what it needs.
const noiseMiB = 24;
const youngMs = 300_000;

/** Samples of one process. */
export class MemorySeries {
  readonly #samples: { atMs: number; mebibytes: number }[] = [];

  add(atMs: number, mebibytes: number): void {
    this.#samples.push({ atMs, mebibytes });
  }

  /** What grows, in words; undefined when nothing does, or the series is too short to tell. */
  leak(): string | undefined {
    const grown = this.#samples.filter(({ atMs }) => atMs > youngMs);
    const half = Math.floor(grown.length / 2);
    if (half < 10) return undefined;
    const [before, after] = [medianOf(grown.slice(0, half)), medianOf(grown.slice(half))];
    if (after - before < noiseMiB) return undefined;
    return `${Math.round(before)} MiB in the first half, ${Math.round(after)} MiB in the second`;
  }
}

function medianOf(samples: readonly { mebibytes: number }[]): number {
  const sorted = samples.map(({ mebibytes }) => mebibytes).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
