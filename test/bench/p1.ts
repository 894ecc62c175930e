// P1: acquire and release over one socket with 64 in flight, memory engine, beside the raw echo.
import type { Bench } from "./bench.ts";
import { openPairLoad } from "./pair-load.ts";
import { pairFigure } from "./pair-figure.ts";
import { alternate, contender } from "./rounds.ts";
import { echoProgram, startServer } from "./server-process.ts";

const shape = { sockets: 1, inFlight: 64 };

/** P1. */
export const p1: Bench = {
  id: "P1",
  run: async ({ rounds, roundMs, hub }) => {
    await using echoServer = await startServer(echoProgram);
    await using hubServer = await startServer(hub("memory"));
    using echoLoad = await openPairLoad(echoServer, { ...shape, peer: "echo", outcome: "success" });
    using successLoad = await openPairLoad(hubServer, { ...shape, peer: "hub", outcome: "success" });
    using noneLoad = await openPairLoad(hubServer, { ...shape, peer: "hub", outcome: "none" });
    const echo = contender(() => echoLoad.run(roundMs));
    const success = contender(() => successLoad.run(roundMs));
    const none = contender(() => noneLoad.run(roundMs));
    await alternate([echo, success, none], rounds);
    const goal = { of: "ratio", bound: "at least", number: 2 } as const;
    return [
      pairFigure({ id: "P1", what: "1 socket, 64 in flight", goal }, success.samples, echo.samples),
      pairFigure({ id: "P1", what: "the same, outcome none" }, none.samples, echo.samples),
    ];
  },
};
