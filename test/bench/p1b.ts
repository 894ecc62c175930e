// P1b: acquire and release over 1,000 sockets with one in flight each, memory engine, beside the raw echo.
import type { Bench } from "./bench.ts";
import { openPairLoad } from "./pair-load.ts";
import { pairFigure } from "./pair-figure.ts";
import { alternate, contender } from "./rounds.ts";
import { echoProgram, startServer } from "./server-process.ts";

const shape = { sockets: 1_000, inFlight: 1, outcome: "success" } as const;

/** P1b. */
export const p1b: Bench = {
  id: "P1b",
  run: async ({ rounds, roundMs, hub }) => {
    await using echoServer = await startServer(echoProgram);
    await using hubServer = await startServer(hub("memory"));
    using echoLoad = await openPairLoad(echoServer, { ...shape, peer: "echo" });
    using hubLoad = await openPairLoad(hubServer, { ...shape, peer: "hub" });
    const echo = contender(() => echoLoad.run(roundMs));
    const pairs = contender(() => hubLoad.run(roundMs));
    await alternate([echo, pairs], rounds);
    const goal = { of: "ratio", bound: "at least", number: 0.6 } as const;
    return [pairFigure({ id: "P1b", what: "1,000 sockets, 1 in flight each", goal }, pairs.samples, echo.samples)];
  },
};
