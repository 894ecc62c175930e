// The figure that P1, P1b and P2 share: pairs a second beside the raw echo's round trips. Knows no shape of load.
import { costOf, type Figure, type Goal } from "./figure.ts";
import type { PairSample } from "./pair-load.ts";
import { ratioOf, spreadOf } from "./rounds.ts";

/**
 * Sets pairs a second of the hub beside the echo's in the same rounds. `share` is the part of the echo's round trips that
 * counts as the limit: 1, or 0.5 where a pair is two round trips by nature.
 */
export function pairFigure(
  figure: { id: string; what: string; goal?: Goal; share?: number },
  hub: readonly PairSample[],
  echo: readonly PairSample[],
): Figure {
  const { id, what, goal, share = 1 } = figure;
  const pairs = hub.map((sample) => sample.pairsPerSecond);
  const limit = echo.map((sample) => sample.pairsPerSecond * 2 * share);
  return {
    id,
    what,
    unit: "pairs/s",
    value: spreadOf(pairs),
    cost: costOf(hub),
    beside: {
      what: share === 1 ? "raw echo" : `${share} × raw echo`,
      unit: "round trips/s",
      value: spreadOf(limit),
      ratio: ratioOf(pairs, limit),
      cost: costOf(echo, 2),
    },
    goal,
  };
}
