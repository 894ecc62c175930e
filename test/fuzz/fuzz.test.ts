import { expect, test } from "vitest";
import { fuzzOnce, kinds, type Kind } from "./fuzz.ts";
import { FuzzedHub } from "./fuzzed-hub.ts";

// A few seconds of what `npm run fuzz` does for as long as one likes; a failure says how to have it again.
const cases: Record<Kind, number> = { "in order": 6, "at once": 8, bytes: 20 };
const seed = Math.floor(Math.random() * 2 ** 31);

test.each(["memory", "durable"] as const)(
  "[B2] a live %s hub does what the rules say, whatever it is sent",
  { timeout: 120_000 },
  async (engine) => {
    await using hub = await FuzzedHub.start(engine);
    for (const kind of kinds) expect((await fuzzOnce(hub, kind, seed, cases[kind])).wrong).toBeUndefined();
    // What the hub ended with is a failure too.
    hub.check();
  },
);
