// Several hubs over one real etcd: one order, one table, whoever asks where.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultLimits } from "../../../shared/limits.ts";
import { systemClock } from "../../../server/clock.ts";
import type { TableSettings } from "../../../server/core/command.ts";
import { etcdBook, type EtcdPast } from "../../../server/engine/etcd-book.ts";
import { appendEntry } from "../../../server/engine/etcd-append.ts";
import { EtcdClient } from "../../../server/engine/etcd-client.ts";
import { bytesOf, EtcdKeys } from "../../../server/engine/etcd-keys.ts";
import type { Engine } from "../../../server/engine/engine.ts";
import { type Etcd, etcdMissing, startEtcd } from "../../support/etcd.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { contentsOf } from "../../support/table-contents.ts";
import { acquire, enginesOfTest, open, release, started } from "./contract.ts";

class AsksTwice extends EtcdClient {
  override async call<Answer>(...asked: Parameters<typeof EtcdClient.prototype.call<Answer>>): Promise<Answer> {
    await super.call(...asked);
    return await super.call(...asked);
  }
}

const settings: TableSettings = { limits: defaultLimits, lockDelayMs: 0, outcomeTtlMs: 600_000 };

describe.skipIf(etcdMissing() !== undefined)("hubs over one etcd", () => {
  let etcd: Etcd;
  let names = 0;
  let prefix = "";
  const engines = enginesOfTest();
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  async function hub(
    clock = new HandClock(),
    compactBytes = 1e9,
    past?: EtcdPast,
    client = new EtcdClient({ endpoints: [etcd.endpoint] }, systemClock),
  ) {
    names += 1;
    const name = `hub-${names}`;
    const lost: string[] = [];
    const end = Promise.withResolvers<never>();
    end.promise.catch(() => {});
    const onLost = (why: string) => {
      lost.push(why);
      end.reject(new Error(`${name} is lost: ${why}`));
    };
    // As long as a busy machine may stand still without the lease's end.
    const duration = { recoveryGraceMs: 30_000, heartbeatMs: 5_000 };
    const bookParts = {
      client,
      prefix,
      hub: name,
      machine: "here",
      settings,
      clock,
      compactBytes,
      log: silentLog,
      onLost,
      ...(past && { past }),
    };
    const book = await etcdBook({ ...bookParts, ...duration });
    const parts = started(() => book, clock);
    engines.add(parts.engine);
    const inEffect = () => new Promise<void>((resolve) => parts.engine.whenInEffect(resolve));
    const settled = () => Promise.race([inEffect(), end.promise]);
    await settled();
    return { ...parts, name, settled, lost };
  }

  /** Two hubs of a new book. */
  async function pair() {
    prefix = `/pair-${names}/`;
    return [await hub(), await hub()] as const;
  }

  /** Lets every hub hear what all have said. */
  async function meet(...hubs: readonly { engine: Engine; settled: () => Promise<void> }[]): Promise<void> {
    for (const { settled } of hubs) await settled();
    const orderMax = Math.max(...hubs.map(({ engine }) => engine.table.order));
    await expect.poll(() => hubs.map(({ engine }) => engine.table.order)).toEqual(hubs.map(() => orderMax));
  }

  it("[O1] a success at one hub skips those who wait at the other", async () => {
    const [one, two] = await pair();
    open(one.engine, `${one.name}/a`);
    await meet(one, two);
    open(two.engine, `${two.name}/b`);
    acquire(one.engine, `${one.name}/a`, 1);
    one.engine.commit();
    await meet(one, two);
    acquire(two.engine, `${two.name}/b`, 1);
    two.engine.commit();
    await meet(one, two);
    one.answers();
    two.answers();
    release(one.engine, `${one.name}/a`, 1);
    one.engine.commit();
    await meet(one, two);
    expect(two.answers()).toContain(`${two.name}/b skipped 1`);
    expect(contentsOf(one.engine.table)).toEqual(contentsOf(two.engine.table));
  });

  it("[B6] a hub that joins late has the same table, and its fences are greater [F1]", async () => {
    const [one, two] = await pair();
    open(one.engine, `${one.name}/a`, 20_000);
    acquire(one.engine, `${one.name}/a`, 1, { holdMs: 60_000 });
    one.engine.commit();
    await meet(one, two);
    const before = one.engine.table.order;
    const late = await hub();
    await meet(one, two, late);
    expect(late.engine.table.order).toBeGreaterThan(before);
    expect(contentsOf(late.engine.table)).toEqual(contentsOf(one.engine.table));
    expect(one.engine.table.sessionOfSocket.has(`${one.name}/a`)).toBe(true);
  });

  it("[B6] a hub that joins late reads a journal of more entries than a page has", async () => {
    const [one, two] = await pair();
    for (let number = 0; number < 300; number += 1) {
      open(one.engine, `${one.name}/${number}`, 20_000);
      await one.settled();
    }
    const late = await hub();
    await meet(one, two, late);
    expect(contentsOf(late.engine.table)).toEqual(contentsOf(one.engine.table));
    expect(late.engine.table.sessions.size).toBe(300);
  });

  it("[S6] what a hub leaves behind is freed by another: its sessions without grace end, the others are detached", async () => {
    const [one, two] = await pair();
    open(one.engine, [`${one.name}/a`]);
    open(one.engine, [`${one.name}/kept`], 20_000);
    acquire(one.engine, `${one.name}/a`, 1);
    one.engine.commit();
    await meet(one, two);
    open(two.engine, `${two.name}/b`);
    acquire(two.engine, `${two.name}/b`, 1);
    two.engine.commit();
    await meet(one, two);
    two.answers();
    await one.engine.close();
    await expect.poll(() => two.answers()).toContain(`${two.name}/b granted 1`);
    expect([...two.engine.table.sessions.keys()]).toEqual([`${one.name}/kept`, `${two.name}/b`]);
  });

  it("[B7] a deadline of a hub that is gone is proposed by another", async () => {
    const [one, two] = await pair();
    open(one.engine, `${one.name}/a`, 20_000);
    acquire(one.engine, `${one.name}/a`, 1, { holdMs: 5_000 });
    one.engine.commit();
    await meet(one, two);
    two.clock.pass(6_000);
    await meet(one, two);
    expect(two.engine.table.holding).toBe(1);
    await one.engine.close();
    await expect.poll(() => two.engine.table.sessionOfSocket.size).toBe(0);
    two.clock.pass(1_000);
    await expect.poll(() => two.engine.table.holding).toBe(0);
  });

  it("[S8] a resume at another hub takes the session over, and the old socket's end is void", async () => {
    const [one, two] = await pair();
    open(one.engine, `${one.name}/a`);
    acquire(one.engine, `${one.name}/a`, 1);
    one.engine.commit();
    await meet(one, two);
    two.engine.propose({ type: "resume", socket: `${two.name}/1`, session: `${one.name}/a` });
    two.engine.commit();
    await meet(one, two);
    expect(two.answers()).toContain(`${two.name}/1 granted 1`);
    one.engine.propose({ type: "detach", socket: `${one.name}/a` });
    one.engine.commit();
    await meet(one, two);
    expect(two.engine.table.holding).toBe(1);
  });

  it("checkpoints take the place of entries, all hubs agree on them, and who joins late starts from one", async () => {
    prefix = `/checkpoints-${names}/`;
    const one = await hub(new HandClock(), 20_000);
    const two = await hub(new HandClock(), 20_000);
    // A hub was killed while it wrote one.
    etcd.control("put", `${prefix}chunk/hub-killed-7/0000000000000000`, "begun");
    open(one.engine, `${one.name}/a`, 20_000);
    for (let id = 1; id <= 400; id += 1) {
      acquire(one.engine, `${one.name}/a`, id, { resource: `r${id % 50}`, operation: `o${id}` });
      one.engine.commit();
      await one.settled();
    }
    const keysUnder = (what: string) =>
      etcd.control("get", "--prefix", "--keys-only", `${prefix}${what}`).match(/.+/g) ?? [];
    await expect.poll(() => keysUnder("chunk/").length).toBe(1);
    await expect.poll(() => keysUnder("log/entry/").length).toBeLessThan(200);
    const late = await hub();
    await meet(one, two, late);
    expect(contentsOf(late.engine.table)).toEqual(contentsOf(one.engine.table));
    expect(contentsOf(two.engine.table)).toEqual(contentsOf(one.engine.table));
    expect([one, two, late].flatMap(({ lost }) => lost)).toEqual([]);
  });

  it("nothing is done twice when every answer of etcd is lost and every request is sent again", async () => {
    prefix = `/lost-answers-${names}/`;
    const client = new AsksTwice({ endpoints: [etcd.endpoint] }, systemClock);
    const one = await hub(new HandClock(), 2_000, undefined, client);
    const version = () =>
      /"version":(\d+)/.exec(etcd.control("get", `${prefix}log/checkpoint`, "--write-out=json"))?.[1];
    for (let turn = 0; turn < 20; turn += 1) {
      open(one.engine, `${one.name}/${turn}`, 20_000);
      await one.settled();
    }
    await expect.poll(version).toBeDefined();
    const late = await hub();
    await meet(one, late);
    expect(late.engine.table.sessions.size).toBe(20);
    expect(contentsOf(late.engine.table)).toEqual(contentsOf(one.engine.table));
    expect(one.lost).toEqual([]);
  });

  it("a hub whose key was removed appends nothing more, and says that it is lost", async () => {
    const [one, two] = await pair();
    etcd.control("del", `${prefix}log/hub/${one.name}`);
    await expect.poll(() => one.lost.length).toBe(1);
    open(one.engine, `${one.name}/a`);
    await expect.poll(() => two.engine.table.sessions.size).toBe(0);
    expect(one.engine.isReachable()).toBe(false);
  });

  it("[F1] fences are greater in a book that takes the place of a wiped one, though the wall clock is behind", async () => {
    prefix = `/wiped-${names}/`;
    const past: EtcdPast = { order: 0 };
    const one = await hub(new HandClock(), 1e9, past);
    open(one.engine, `${one.name}/a`);
    acquire(one.engine, `${one.name}/a`, 1);
    one.engine.commit();
    await one.settled();
    const { order } = one.engine.table;
    etcd.control("del", "--prefix", prefix);
    await expect.poll(() => one.lost.length).toBe(1);
    const clock = new HandClock();
    clock.wallAheadMs = -3_600_000;
    const again = await hub(clock, 1e9, past);
    expect([again.engine.table.sessions.size, again.engine.table.holding]).toEqual([0, 0]);
    expect(again.engine.table.order).toBeGreaterThan(order);
  });

  it("a hub goes when etcd knows less than it has heard, or is another one", async () => {
    const client = new EtcdClient({ endpoints: [etcd.endpoint] }, systemClock);
    const keys = new EtcdKeys(`/less-${names}/`);
    const { header } = await client.call(({ kv }, options) => kv.range({ key: keys.book }, options), 5_000);
    const { clusterId, revision } = header!;
    const append = (seen: { clusterId: bigint; revision: bigint }) =>
      appendEntry(client, keys, { hub: "h", claim: 0n, number: 1, value: bytesOf("{}"), seen }, 5_000);
    const why = "etcd was replaced, or put back from a copy";
    expect(await append({ clusterId, revision: revision + 1_000n })).toBe(why);
    expect(await append({ clusterId: clusterId + 1n, revision })).toBe(why);
    expect(await append({ clusterId, revision })).toBeUndefined();
    client.close();
  });

  it("a book whose own key was removed is not taken for a new one", async () => {
    const [one] = await pair();
    open(one.engine, `${one.name}/a`);
    await one.settled();
    etcd.control("del", `${prefix}book`);
    await expect(hub()).rejects.toThrow("the book's own key was removed");
  });

  it("a checkpoint that was removed is made anew", async () => {
    prefix = `/removed-${names}/`;
    const one = await hub(new HandClock(), 2_000);
    const version = () =>
      /"version":(\d+)/.exec(etcd.control("get", `${prefix}log/checkpoint`, "--write-out=json"))?.[1];
    for (let turn = 0; turn < 20; turn += 1) {
      open(one.engine, `${one.name}/${turn}`, 20_000);
      await one.settled();
    }
    await expect.poll(version).toBeDefined();
    etcd.control("del", `${prefix}log/checkpoint`);
    await expect.poll(version).toBe("1");
    const late = await hub();
    await meet(one, late);
    expect(contentsOf(late.engine.table)).toEqual(contentsOf(one.engine.table));
  });
});
