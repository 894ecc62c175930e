// What the nodes of a fault test ask for: few resources, each outcome, now and then a cancel. Knows no hub.
import type { Chance } from "./chance.ts";
import type { Work } from "./fault-node.ts";

const contended = 16;
const layers = 4;

/** A piece of work by chance; layers, which are pulled once and then served to all, are new ones in each round. */
export function workBy(chance: Chance, round: number): Work {
  const workMs = chance.integer(0, 20);
  if (chance.next() < 0.2) {
    const resource = `layer-${round}-${chance.integer(1, layers)}`;
    const ask = { resource, operation: "pull", mode: "once", freshMs: 3_600_000 } as const;
    return { ask, outcome: chance.pick(["success", "failure"]), workMs };
  }
  const mode = chance.pick(["once", "once", "exclusive"]);
  const operation = chance.pick(["run", "run", "run", "check"]);
  const outcome = chance.pick(["success", "success", "failure", "failure", "none"]);
  const cancelMs = chance.next() < 0.1 ? chance.integer(0, 30) : undefined;
  return { ask: { resource: `r${chance.integer(1, contended)}`, operation, mode }, outcome, workMs, cancelMs };
}
