// One figure of the bench: what was measured, the limit or peer beside it, the goal and whether it is met.
// Knows not how it was measured.
import type { Cost } from "./cost.ts";
import { spreadOf, type Spread } from "./rounds.ts";

/** Which number the goal is about, and on which side of it to be. */
export interface Goal {
  of: "ratio" | "value";
  bound: "at least" | "at most";
  number: number;
}

/** What one unit of work cost, medians over the rounds. */
export interface CostFigure {
  serverUs: number | undefined;
  loadUs: number;
  serverCores: number | undefined;
  loadCores: number;
  messagesPerFrame: number;
}

/** Values of the same rounds that a figure is set beside; `ratio` is figure to these, round by round. */
export interface Beside {
  what: string;
  unit: string;
  value: Spread;
  ratio: Spread;
  cost?: CostFigure | undefined;
}

/** A row of the report. */
export interface Figure {
  /** The number on the page of proof, such as P1. */
  id: string;
  what: string;
  unit: string;
  value: Spread;
  cost?: CostFigure | undefined;
  beside?: Beside | undefined;
  goal?: Goal | undefined;
}

/** Whether a figure meets its goal; undefined when it has none. */
export function meets({ id, value, beside, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  const measured = goal.of === "ratio" ? beside?.ratio.median : value.median;
  if (measured === undefined) throw new Error(`${id} has a goal for a ratio and nothing beside it`);
  return goal.bound === "at least" ? measured >= goal.number : measured <= goal.number;
}

/** The costs of the rounds as one; `parts` is how many units of this figure are in one unit of the samples. */
export function costOf(samples: readonly Cost[], parts = 1): CostFigure {
  const known = (values: readonly (number | undefined)[]) => {
    const numbers = values.filter((value) => value !== undefined);
    return numbers.length === 0 ? undefined : median(numbers);
  };
  const serverUs = known(samples.map((sample) => sample.serverUs));
  return {
    serverUs: serverUs === undefined ? undefined : serverUs / parts,
    loadUs: median(samples.map((sample) => sample.loadUs)) / parts,
    serverCores: known(samples.map((sample) => sample.serverCores)),
    loadCores: median(samples.map((sample) => sample.loadCores)),
    messagesPerFrame: median(samples.map((sample) => sample.messagesPerFrame)),
  };
}

function median(values: readonly number[]): number {
  return spreadOf(values).median;
}
