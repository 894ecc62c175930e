// P2: acquire and release over one socket with one in flight, memory engine, beside half the raw echo.
import type { Bench } from "./bench.ts";
import { openPairLoad } from "./pair-load.ts";
import { pairFigure } from "./pair-figure.ts";
import { alternate, contender } from "./rounds.ts";
import { echoProgram, startServer } from "./server-process.ts";

const shape = { sockets: 1, inFlight: 1, outcome: "success" } as const;

/** P2. */
export const p2: Bench = {
  id: "P2",
  run: async ({ rounds, roundMs, hub }) => {
    await using echoServer = await startServer(echoProgram);
    await using hubServer = await startServer(hub("memory"));
    using echoLoad = await openPairLoad(echoServer, { ...shape, peer: "echo" });
    using hubLoad = await openPairLoad(hubServer, { ...shape, peer: "hub" });
    const echo = contender(() => echoLoad.run(roundMs));
    const pairs = contender(() => hubLoad.run(roundMs));
    await alternate([echo, pairs], rounds);
    const goal = { of: "ratio", bound: "at least", number: 0.85 } as const;
    return [pairFigure({ id: "P2", what: "1 socket, 1 in flight", goal, share: 0.5 }, pairs.samples, echo.samples)];
  },
};
