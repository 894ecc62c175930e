// What a bench is: a number on the page of proof and a way to its figures. Each has a file of its own, named after it.
import type { Figure } from "./figure.ts";
import type { ServerProgram } from "./server-process.ts";

/** How long to measure, and how to start the hub with an engine and further flags. */
export interface Plan {
  rounds: number;
  roundMs: number;
  hub: (engine: string, ...flags: string[]) => ServerProgram;
}

/** One bench. */
export interface Bench {
  id: string;
  run: (plan: Plan) => Promise<Figure[]>;
}
