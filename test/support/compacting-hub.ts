// A hub of the etcd engine that makes a checkpoint whenever so many bytes have been written: `node compacting-hub.ts BYTES [flags of
// baton-hub]`. Knows nothing else of etcd than where it is.
import { fileURLToPath } from "node:url";
import { systemClock } from "../../server/clock.ts";
import { readConfig } from "../../server/config.ts";
import { etcdBook } from "../../server/engine/etcd-book.ts";
import { EtcdClient } from "../../server/engine/etcd-client.ts";
import { createLogger } from "../../server/log.ts";
import { startHub } from "../../server/start.ts";

/** The program. */
export const compactingHub = fileURLToPath(import.meta.url);

if (import.meta.main) await main(process.argv.slice(2));

async function main([bytes, ...flags]: string[]): Promise<void> {
  const reading = readConfig(flags, {}, () => "");
  if (reading.do !== "start") throw new Error("usage: BYTES [flags of baton-hub]");
  const { config } = reading;
  const {
    etcd: endpoints,
    etcdPrefix: prefix,
    heartbeatMs,
    recoveryGraceMs,
    limits,
    lockDelayMs,
    outcomeTtlMs,
  } = config;
  const log = createLogger(config, process.stdout);
  const settings = { limits, lockDelayMs, outcomeTtlMs };
  const parts = {
    prefix,
    machine: "here",
    settings,
    recoveryGraceMs,
    heartbeatMs,
    compactBytes: Number(bytes),
    clock: systemClock,
    log,
  };
  const { url, httpUrl } = await startHub(config, log, ({ name: hub, ...tenure }) =>
    etcdBook({ ...parts, ...tenure, hub, client: new EtcdClient({ endpoints }, systemClock) }),
  );
  log.info({ url, httpUrl }, `the hub answers at ${httpUrl} and ${url}`);
}
