// A lock as it is had from etcd alone: a lease for each, a key that is put if it is not there, and the lease given back. By npm
// `etcd3`, which has not been maintained since 2023, when BATON_BENCH_ETCD3 names the file of its main module; else by the
// hub's own client, whose calls are the same. Knows no hub.
import { pathToFileURL } from "node:url";
import { systemClock } from "../../server/clock.ts";
import { keyIs, putOf } from "../../server/engine/etcd-append.ts";
import { EtcdClient } from "../../server/engine/etcd-client.ts";
import { bytesOf } from "../../server/engine/etcd-keys.ts";

/** Acquires a lock that nobody else wants, and releases it. */
export type EtcdLocks = Disposable & { readonly what: string; pair(name: string): Promise<void> };

type Etcd3Module = {
  Etcd3: new (options: { hosts: readonly string[] }) => {
    lock(name: string): { acquire(): Promise<unknown>; release(): Promise<void> };
    close(): void;
  };
};

// However long a call takes: asked again, a put would find its own key.
const timeoutMs = 30_000;
const TTL = 30n;

/** The locks of an etcd. */
export async function etcdLocks(endpoint: string): Promise<EtcdLocks> {
  const file = process.env["BATON_BENCH_ETCD3"];
  return file === undefined ? ownLocks(endpoint) : await foreignLocks(endpoint, file);
}

async function foreignLocks(endpoint: string, file: string): Promise<EtcdLocks> {
  const { Etcd3 }: Etcd3Module = await import(pathToFileURL(file).href);
  const etcd = new Etcd3({ hosts: [endpoint] });
  return {
    what: "npm etcd3's Lock",
    pair: async (name) => {
      const lock = etcd.lock(name);
      await lock.acquire();
      await lock.release();
    },
    [Symbol.dispose]: () => etcd.close(),
  };
}

function ownLocks(endpoint: string): EtcdLocks {
  const client = new EtcdClient({ endpoints: [endpoint] }, systemClock);
  return {
    what: "lease, put, revoke",
    pair: async (name) => {
      const key = bytesOf(name);
      const compare = [keyIs(key, "version", 0n)];
      const { ID } = await client.call(
        ({ lease }, options) => lease.leaseGrant({ TTL }, { ...options, timeoutMs }),
        timeoutMs,
      );
      const success = [putOf(key, bytesOf(""), ID)];
      const { succeeded } = await client.call(
        ({ kv }, options) => kv.txn({ compare, success }, { ...options, timeoutMs }),
        timeoutMs,
      );
      if (!succeeded) throw new Error(`somebody else holds ${name}`);
      await client.call(({ lease }, options) => lease.leaseRevoke({ ID }, { ...options, timeoutMs }), timeoutMs);
    },
    [Symbol.dispose]: () => client.close(),
  };
}

/** Pairs a second, so many at once, for about that long. */
export async function measureEtcdPairs(locks: EtcdLocks, inFlight: number, roundMs: number): Promise<number> {
  const startedMs = performance.now();
  let pairs = 0;
  const lane = async (name: string) => {
    for (; performance.now() - startedMs < roundMs; pairs += 1) await locks.pair(name);
  };
  await Promise.all(Array.from({ length: inFlight }, (_, place) => lane(`lock-${place}`)));
  return (pairs / (performance.now() - startedMs)) * 1_000;
}

/** The median of the microseconds from a put until a watch of another client tells of it, for about that long. */
export async function measurePutToWatchUs(endpoint: string, roundMs: number): Promise<number> {
  const [putter, watcher] = [1, 2].map(() => new EtcdClient({ endpoints: [endpoint] }, systemClock));
  if (putter === undefined || watcher === undefined) throw new Error("there are two");
  const key = bytesOf("handed-on");
  const end = new AbortController();
  const { header } = await putter.call(({ kv }, options) => kv.range({ key }, options), timeoutMs);
  const range = { key, rangeEnd: new Uint8Array([...key, 0]), startRevision: (header?.revision ?? 0n) + 1n };
  const changes = watcher.watch(range, end.signal)[Symbol.asyncIterator]();
  const samples: number[] = [];
  const startedMs = performance.now();
  let change = changes.next();
  const put = () =>
    putter.call(({ kv }, options) => kv.txn({ success: [putOf(key, bytesOf("x"))] }, options), timeoutMs);
  // The first one says that the watch stands.
  await put();
  await change;
  while (performance.now() - startedMs < roundMs) {
    change = changes.next();
    const putMs = performance.now();
    const putting = put();
    await change;
    samples.push((performance.now() - putMs) * 1_000);
    await putting;
  }
  end.abort();
  putter.close();
  watcher.close();
  return samples.toSorted((one, other) => one - other)[samples.length >> 1] ?? Number.NaN;
}
