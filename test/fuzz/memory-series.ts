// What a process takes of memory over time, and whether it only ever takes more. Knows no process.

/** What is in use at a moment, in MiB: of JavaScript's heap, and of the system's, where Node has what is none of JavaScript's. What
 * V8 has set aside for the one, and gives back late or never, is neither. */
export type Memory = { readonly heap: number; readonly native: number };

// A young process grows into what it needs.
const youngMs = 300_000;
const stretches = 4;
const samplesMin = 10;
// What is not needed goes with a collection sooner or later: only the least of a stretch is what is kept.
const noiseMiB: Memory = { heap: 4, native: 4 };

/** Samples of one process. */
export class MemorySeries {
  readonly #samples: { atMs: number; memory: Memory }[] = [];

  add(atMs: number, memory: Memory): void {
    this.#samples.push({ atMs, memory });
  }

  /** What grows, in words; undefined when nothing does, or the series is too short to tell. */
  leak(): string | undefined {
    const grown = this.#samples.filter(({ atMs }) => atMs > youngMs);
    const length = Math.floor(grown.length / stretches);
    if (length < samplesMin) return undefined;
    const leaks = (["heap", "native"] as const).flatMap((kind) => {
      const least = Array.from({ length: stretches }, (_, stretch) =>
        Math.min(...grown.slice(stretch * length, (stretch + 1) * length).map(({ memory }) => memory[kind])),
      );
      const [before = 0, after = 0] = [least[0], least.at(-1)];
      return after - before < noiseMiB[kind] ? [] : [`${kind} ${least.map(Math.round).join(" → ")} MiB`];
    });
    return leaks.length === 0 ? undefined : leaks.join(", ");
  }
}
