// The kinds of fuzz, each a property of a live hub that random input must not break. Knows no seed and no time.
import * as fc from "fast-check";
import { assertNever } from "../../shared/errors.ts";
import { pass, storm } from "./at-once.ts";
import { fire, salvo } from "./bytes.ts";
import type { FuzzedHub } from "./fuzzed-hub.ts";
import { InOrder } from "./in-order.ts";
import { script } from "./script.ts";

export const kinds = ["in order", "at once", "bytes"] as const;
/** One thing after the other, as the model says; all at once; bytes. */
export type Kind = (typeof kinds)[number];

// A failure is made shorter for so long and no longer.
const roundMsMax = 45_000;

/** How many cases were tried, and what is wrong, with the shortest case that shows it. */
type Round = { cases: number; wrong?: string };

/** Tries so many cases on a hub, fewer if that takes too long. */
export async function fuzzOnce(hub: FuzzedHub, kind: Kind, seed: number, cases: number): Promise<Round> {
  let first: string | undefined;
  const noteFirst = (error: unknown) => {
    first ??= `${kind}: ${String(error)}\nagain: npm run fuzz -- --kind "${kind}" --engine ${hub.engine} --seed ${seed} --rounds 1`;
  };
  const limits = { seed, numRuns: cases, interruptAfterTimeLimit: roundMsMax };
  const details = await fc.check(propertyOf(hub, kind, noteFirst), limits);
  if (first === undefined) return { cases: details.numRuns };
  const wrong = `${first}\nshortest: ${fc.stringify(details.counterexample)}\nof which: ${String(details.errorInstance)}`;
  return { cases: details.numRuns, wrong };
}

function propertyOf(
  hub: FuzzedHub,
  kind: Kind,
  failed: (error: unknown) => void,
): fc.IAsyncPropertyWithHooks<[unknown]> {
  switch (kind) {
    case "in order":
      return alive(hub, script, failed, (script) => InOrder.play(hub, script));
    case "at once":
      return alive(hub, storm, failed, (storm) => pass(hub, storm));
    case "bytes":
      return alive(hub, salvo, failed, (salvo) => fire(hub, salvo));
    default:
      return assertNever(kind);
  }
}

function alive<Case>(
  hub: FuzzedHub,
  cases: fc.Arbitrary<Case>,
  failed: (error: unknown) => void,
  run: (one: Case) => Promise<void>,
) {
  return fc.asyncProperty(cases, async (one) => {
    await hub.revive();
    try {
      await run(one);
    } catch (error) {
      failed(error);
      throw error;
    }
  });
}
