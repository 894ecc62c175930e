// The core against the naive model, on random runs. `BATON_RUNS=100000` for more of them; a failure prints its seed and
// the shortest run that shows it.
import * as fc from "fast-check";
import { test } from "vitest";
import { graces, intents, settings } from "./intents.ts";
import { ModelledTable } from "./modelled-table.ts";

const runs = Number(process.env["BATON_RUNS"] ?? 2_000);

test(
  "the core decides as the naive model does, and keeps every invariant, whatever happens in whatever order",
  { timeout: 60_000 + runs * 50 },
  () => {
    fc.assert(
      fc.property(settings, graces, intents, (settings, graces, intents) => {
        const table = new ModelledTable(settings, graces);
        for (const intent of intents) table.follow(intent);
        table.finish();
      }),
      { numRuns: runs },
    );
  },
);
