// Three hubs over an etcd of three members under load, one fault after the other: what a node was told holds, everybody is
// answered, and all hubs have the same table. BATON_FAULTS=200 is the long run.
import { setTimeout as pass } from "node:timers/promises";
import { expect, test } from "vitest";
import { etcdMissing } from "../support/etcd.ts";
import { Chance } from "./chance.ts";
import { EtcdCrowd } from "./etcd-crowd.ts";
import { hubCuts, peerCuts } from "./etcd-cuts.ts";
import { faults } from "./etcd-faults.ts";

const count = Number(process.env["BATON_FAULTS"] ?? 6);
const timeout = 120_000 + count * 60_000;

test.skipIf(etcdMissing() !== undefined)(
  `[B3] nothing that was acknowledged is lost to ${count} faults of hubs, members and links`,
  { timeout },
  async () => {
    await using crowd = await EtcdCrowd.gather();
    // Each in turn, in an order of chance; BATON_FAULT has only those whose names have that in them.
    const order = new Chance(crowd.chance.seed);
    const all = [...faults, ...hubCuts, ...(crowd.site.peers.length > 0 ? peerCuts : [])];
    const inTurn = all
      .filter(([name]) => name.includes(process.env["BATON_FAULT"] ?? ""))
      .map(([name, fault]) => ({ name, fault, place: order.next() }))
      .toSorted((one, other) => one.place - other.place);
    for (let done = 0; done < count; done += 1) {
      const { name = "", fault } = inTurn[done % inTurn.length] ?? {};
      await pass(crowd.chance.integer(200, 1_500));
      crowd.unsettle();
      const startedAt = performance.now();
      await fault?.(crowd);
      const lastedMs = Math.round(performance.now() - startedAt);
      await crowd.settle();
      console.log(`${done + 1} ${name}: ${lastedMs} ms, settled after ${crowd.settledMs.at(-1)} ms, ${crowd.rate}/s`);
      expect(crowd.check.violations, `after "${name}", seed ${crowd.chance.seed}`).toEqual([]);
    }
    expect(await crowd.end()).toEqual([]);
    const settled = crowd.settledMs.toSorted((one, other) => one - other);
    console.log(
      `${count} faults, ${crowd.check.said} messages, ${crowd.rate}/s; settled p50 ${settled[settled.length >> 1]} ms, ` +
        `max ${settled.at(-1)} ms; innocent losses without grace: ${crowd.check.innocent}; ` +
        `checkpoints: ${crowd.checkpoints.size}; seed ${crowd.chance.seed}`,
    );
  },
);
