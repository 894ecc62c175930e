// P8: acquire and release on the etcd engine, beside a lock as etcd itself gives it, on the same etcd; and the hand-off from a
// node of one hub to that of another, beside a put of one client until another one's watch tells of it.
import { etcdMissing, startEtcd } from "../support/etcd.ts";
import type { Bench, Plan } from "./bench.ts";
import { etcdLocks, measureEtcdPairs, measurePutToWatchUs } from "./etcd-lock.ts";
import { costOf, type Figure } from "./figure.ts";
import { openHandOffLoad } from "./hand-off-load.ts";
import { openPairLoad } from "./pair-load.ts";
import { alternate, contender, ratioOf, spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";

const perSocket = 64;
const nodes = 4;

/** P8. */
export const p8: Bench = {
  id: "P8",
  run: async (plan) => {
    const missing = etcdMissing();
    if (missing !== undefined) {
      console.error(`P8 is left out: ${missing}`);
      return [];
    }
    await using etcd = await startEtcd();
    return [
      await pairFigure(plan, etcd.endpoint, 64, 10),
      await pairFigure(plan, etcd.endpoint, 1_024, 20),
      await handOffFigure(plan, etcd.endpoint),
    ];
  },
};

async function pairFigure(
  { rounds, roundMs, hub }: Plan,
  endpoint: string,
  inFlight: number,
  ratioMin: number,
): Promise<Figure> {
  await using server = await startServer(hub("etcd", "--etcd", endpoint));
  using locks = await etcdLocks(endpoint);
  // One socket is heard no more than some hundred messages a turn.
  const shape = { sockets: inFlight / perSocket, inFlight: perSocket, peer: "hub", outcome: "none" } as const;
  using load = await openPairLoad(server, shape);
  const ours = contender(() => load.run(roundMs));
  const bare = contender(() => measureEtcdPairs(locks, inFlight, roundMs));
  await alternate([ours, bare], rounds);
  const pairs = ours.samples.map(({ pairsPerSecond }) => pairsPerSecond);
  return {
    id: "P8",
    what: `etcd, ${inFlight} in flight`,
    unit: "pairs/s",
    value: spreadOf(pairs),
    cost: costOf(ours.samples),
    beside: {
      what: locks.what,
      unit: "pairs/s",
      value: spreadOf(bare.samples),
      ratio: ratioOf(pairs, bare.samples),
    },
    goal: { of: "ratio", bound: "at least", number: ratioMin },
  };
}

async function handOffFigure({ rounds, roundMs, hub }: Plan, endpoint: string): Promise<Figure> {
  await using one = await startServer(hub("etcd", "--etcd", endpoint));
  await using two = await startServer(hub("etcd", "--etcd", endpoint));
  using load = await openHandOffLoad(one, { peer: "hub", nodes, outcome: "failure" }, two);
  const ours = contender(() => load.run(roundMs));
  const bare = contender(() => measurePutToWatchUs(endpoint, roundMs));
  await alternate([ours, bare], rounds);
  const p50 = ours.samples.map(({ p50Us }) => p50Us);
  return {
    id: "P8",
    what: "hand-off from hub to hub, p50",
    unit: "µs",
    value: spreadOf(p50),
    cost: costOf(ours.samples),
    beside: { what: "put to watch", unit: "µs", value: spreadOf(bare.samples), ratio: ratioOf(p50, bare.samples) },
  };
}
