// P3: hand-off, from a holder's release to the next node's grant on another socket, memory engine, beside a raw relay of
// one message between two sockets.
import type { Bench } from "./bench.ts";
import { costOf, type Figure } from "./figure.ts";
import { openHandOffLoad, type HandOffSample } from "./hand-off-load.ts";
import { alternate, contender, ratioOf, spreadOf } from "./rounds.ts";
import { relayProgram, startServer } from "./server-process.ts";

const nodes = 4;
/** The percentiles that the goals are about: at most so many times the relay's. */
const percentiles = [
  { name: "p50", read: (sample: HandOffSample) => sample.p50Us, ratioMax: 1.5 },
  { name: "p99", read: (sample: HandOffSample) => sample.p99Us, ratioMax: 2 },
] as const;

/** P3. */
export const p3: Bench = {
  id: "P3",
  run: async ({ rounds, roundMs, hub }) => {
    await using relayServer = await startServer(relayProgram);
    await using hubServer = await startServer(hub("memory"));
    using relayLoad = await openHandOffLoad(relayServer, { peer: "relay", nodes, outcome: "failure" });
    using failureLoad = await openHandOffLoad(hubServer, { peer: "hub", nodes, outcome: "failure" });
    using noneLoad = await openHandOffLoad(hubServer, { peer: "hub", nodes, outcome: "none" });
    const relay = contender(() => relayLoad.run(roundMs));
    const failure = contender(() => failureLoad.run(roundMs));
    const none = contender(() => noneLoad.run(roundMs));
    await alternate([relay, failure, none], rounds);
    return [
      ...figures("hand-off by failure", failure.samples, relay.samples, true),
      ...figures("hand-off by none", none.samples, relay.samples, false),
    ];
  },
};

function figures(what: string, hub: HandOffSample[], relay: HandOffSample[], isGoal: boolean): Figure[] {
  return percentiles.map(({ name, read, ratioMax }): Figure => {
    const ours = hub.map(read);
    const limit = relay.map(read);
    return {
      id: "P3",
      what: `${what}, ${name}`,
      unit: "µs",
      value: spreadOf(ours),
      cost: costOf(hub),
      beside: {
        what: `raw relay, ${name}`,
        unit: "µs",
        value: spreadOf(limit),
        ratio: ratioOf(ours, limit),
        cost: costOf(relay),
      },
      goal: isGoal ? { of: "ratio", bound: "at most", number: ratioMax } : undefined,
    };
  });
}
