// The etcd engine keeps the engine's contract, over a real etcd.
import { afterAll, beforeAll, describe } from "vitest";
import type { TableSettings } from "../../../server/core/command.ts";
import { systemClock } from "../../../server/clock.ts";
import { etcdBook } from "../../../server/engine/etcd-book.ts";
import { EtcdClient } from "../../../server/engine/etcd-client.ts";
import { type Etcd, etcdMissing, startEtcd } from "../../support/etcd.ts";
import type { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { engineContract } from "./contract.ts";

describe.skipIf(etcdMissing() !== undefined)("with an etcd", () => {
  let etcd: Etcd;
  let books = 0;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  engineContract("etcd", (settings: TableSettings, clock: HandClock) => {
    books += 1;
    return etcdBook({
      client: new EtcdClient({ endpoints: [etcd.endpoint] }, systemClock),
      prefix: `/baton-${books}`,
      hub: `hub-${books}`,
      machine: "here",
      settings,
      recoveryGraceMs: 30_000,
      heartbeatMs: 1_000,
      clock,
      log: silentLog,
      onLost: (why) => {
        throw new Error(why);
      },
    });
  });
});
