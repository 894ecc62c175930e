// A histogram of counts that are there already, which no histogram of the library takes. Knows not what was counted.
import { Histogram } from "prom-client";
import type { Spread } from "./core/tally.ts";

/** Says what a spread holds at the moment of being asked, in seconds. */
export class SpreadHistogram extends Histogram {
  readonly #spread: Spread;
  readonly #name: string;
  readonly #help: string;

  constructor(name: string, help: string, spread: Spread) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#spread = spread;
  }

  /** What the library asks for when it writes its text. */
  getForPromString() {
    const { boundsMs, counts, sumMs } = this.#spread;
    let total = 0;
    const buckets = counts.map((count, place) => {
      total += count;
      const boundMs = boundsMs[place];
      const le = boundMs === undefined ? "+Inf" : String(boundMs / 1_000);
      return { metricName: `${this.#name}_bucket`, labels: { le }, value: total };
    });
    const sum = { metricName: `${this.#name}_sum`, labels: {}, value: sumMs / 1_000 };
    const count = { metricName: `${this.#name}_count`, labels: {}, value: total };
    return { name: this.#name, help: this.#help, type: "histogram", values: [...buckets, sum, count] };
  }
}
