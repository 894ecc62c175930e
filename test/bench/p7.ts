// P7: acquire and release on the durable engine, beside what the disk allows: one commit, as measured, and the memory engine's
// time for each turn of N messages; and its hand-off, beside the memory engine's and one commit.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Plan } from "./bench.ts";
import { measureCommitUs } from "./commit-time.ts";
import { costOf, type Figure } from "./figure.ts";
import { openHandOffLoad } from "./hand-off-load.ts";
import { openPairLoad } from "./pair-load.ts";
import { alternate, contender, ratioOf, spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";

/** About what one command of the load takes as JSON. */
const commandCharacters = 130;
const nodes = 4;
const perSocket = 64;

/** P7. */
export const p7: Bench = {
  id: "P7",
  run: async (plan) => {
    const folder = await mkdtemp(join(tmpdir(), "baton-bench-"));
    try {
      return [
        await pairFigure(plan, folder, 64),
        await pairFigure(plan, folder, 1_024),
        await handOffFigure(plan, folder),
      ];
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function pairFigure({ rounds, roundMs, hub }: Plan, folder: string, inFlight: number): Promise<Figure> {
  await using memoryServer = await startServer(hub("memory"));
  await using durableServer = await startServer(hub("durable", "--data", join(folder, `pairs-${inFlight}`)));
  // One socket is heard no more than some hundred messages a turn.
  const shape = { sockets: inFlight / perSocket, inFlight: perSocket, peer: "hub", outcome: "none" } as const;
  using memoryLoad = await openPairLoad(memoryServer, shape);
  using durableLoad = await openPairLoad(durableServer, shape);
  const memory = contender(() => memoryLoad.run(roundMs));
  const durable = contender(() => durableLoad.run(roundMs));
  const commit = contender(async () => measureCommitUs(folder, inFlight * commandCharacters, roundMs));
  await alternate([memory, durable, commit], rounds);
  const pairs = durable.samples.map(({ pairsPerSecond }) => pairsPerSecond);
  // A turn brings N messages, which are N / 2 pairs.
  const limit = memory.samples.map(({ pairsPerSecond }, round) => {
    const turnSeconds = (commit.samples[round] ?? Number.NaN) / 1_000_000 + inFlight / 2 / pairsPerSecond;
    return inFlight / 2 / turnSeconds;
  });
  const commitUs = Math.round(spreadOf(commit.samples).median);
  return {
    id: "P7",
    what: `durable, ${inFlight} in flight`,
    unit: "pairs/s",
    value: spreadOf(pairs),
    cost: costOf(durable.samples),
    beside: {
      what: `a commit (${commitUs} µs) + memory`,
      unit: "pairs/s",
      value: spreadOf(limit),
      ratio: ratioOf(pairs, limit),
      cost: costOf(memory.samples),
    },
    goal: { of: "ratio", bound: "at least", number: 0.8 },
  };
}

async function handOffFigure({ rounds, roundMs, hub }: Plan, folder: string): Promise<Figure> {
  await using memoryServer = await startServer(hub("memory"));
  await using durableServer = await startServer(hub("durable", "--data", join(folder, "hand-offs")));
  const shape = { peer: "hub", nodes, outcome: "failure" } as const;
  using memoryLoad = await openHandOffLoad(memoryServer, shape);
  using durableLoad = await openHandOffLoad(durableServer, shape);
  const memory = contender(() => memoryLoad.run(roundMs));
  const durable = contender(() => durableLoad.run(roundMs));
  const commit = contender(async () => measureCommitUs(folder, commandCharacters, roundMs));
  await alternate([memory, durable, commit], rounds);
  const ours = durable.samples.map(({ p50Us }) => p50Us);
  const limit = memory.samples.map(({ p50Us }, round) => p50Us + (commit.samples[round] ?? Number.NaN));
  return {
    id: "P7",
    what: "durable hand-off by failure, p50",
    unit: "µs",
    value: spreadOf(ours),
    cost: costOf(durable.samples),
    beside: {
      what: "memory, p50 + a commit",
      unit: "µs",
      value: spreadOf(limit),
      ratio: ratioOf(ours, limit),
      cost: costOf(memory.samples),
    },
    goal: { of: "ratio", bound: "at most", number: 1.1 },
  };
}
