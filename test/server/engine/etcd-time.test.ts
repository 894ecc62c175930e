// Who joins a book in etcd, and what that does to time: ages go on by the clocks of one machine; of another one nobody knows how
// long nobody was there; and waits start anew.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdBook } from "../../../server/engine/etcd-book.ts";
import { EtcdClient } from "../../../server/engine/etcd-client.ts";
import { systemClock } from "../../../server/clock.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import { type Etcd, etcdMissing, startEtcd } from "../../support/etcd.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import type { Logger } from "../../../server/log.ts";
import { acquire, enginesOfTest, open, release, resume, started } from "./contract.ts";

describe.skipIf(etcdMissing() !== undefined)("a book in etcd at which nobody was (needs etcd)", () => {
  let etcd: Etcd;
  let hubs = 0;
  const engines = enginesOfTest();
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  type Own = { machine?: string; compactBytes?: number; lockDelayMs?: number; log?: Logger };

  /** A hub that has joined, but not begun, and whose clocks say that so much has passed since that of the first one was started. */
  async function join(prefix: string, passedMs: number, own: Own) {
    const { machine = "here", compactBytes = 1e9, lockDelayMs = 0, log = silentLog } = own;
    hubs += 1;
    const clock = new HandClock();
    clock.pass(passedMs);
    const name = `hub-${hubs}`;
    const client = new EtcdClient({ endpoints: [etcd.endpoint] }, systemClock);
    const settings = { limits, lockDelayMs, outcomeTtlMs: 600_000 };
    const parts = { client, prefix, hub: name, machine, settings, compactBytes, clock, log };
    const onLost = (why: string) => {
      throw new Error(why);
    };
    const book = await etcdBook({ ...parts, recoveryGraceMs: 30_000, heartbeatMs: 5_000, onLost });
    return { book, clock, name };
  }

  /** The same, and it has begun. */
  async function hub(prefix: string, passedMs: number, own: Own = {}) {
    const { book, clock, name } = await join(prefix, passedMs, own);
    const { engine, answers } = started(() => book, clock);
    engines.add(engine);
    const settled = () => new Promise<void>((resolve) => engine.whenInEffect(resolve));
    await settled();
    return { engine, answers, settled, clock, name };
  }

  /** A book of a hub that was closed in an orderly way, ten seconds after `a` has succeeded with `r`; gives its name. */
  async function bookWithOutcome(prefix: string): Promise<string> {
    const { engine, settled, clock, name } = await hub(prefix, 0);
    open(engine, [`${name}/a`, `${name}/b`], 600_000);
    acquire(engine, `${name}/a`, 1);
    release(engine, `${name}/a`, 1);
    engine.commit();
    await settled();
    clock.pass(10_000);
    acquire(engine, `${name}/b`, 1, { resource: "s", waitMs: 60_000 });
    acquire(engine, `${name}/b`, 2, { resource: "s", waitMs: 60_000 });
    engine.commit();
    await settled();
    engines.delete(engine);
    await engine.close();
    return name;
  }

  /** How many entries of that hub the checkpoint in force stands for. */
  function checkpointed(prefix: string, name: string): number {
    const text = etcd.control("get", "--print-value-only", `${prefix}log/checkpoint`);
    return text === "" ? 0 : JSON.parse(text).numbers[name];
  }

  /** What whoever asks of that hub for what is fresh hears. */
  async function ask({ engine, answers, settled, name }: Awaited<ReturnType<typeof hub>>, freshMs: number) {
    open(engine, `${name}/c`);
    acquire(engine, `${name}/c`, 1, { freshMs });
    engine.commit();
    await settled();
    return answers().filter((answer) => answer.startsWith(`${name}/c`));
  }

  test("[O6] an outcome's age is what the clocks of the machine say", async () => {
    await bookWithOutcome("/age/");
    const again = await hub("/age/", 25_000);
    expect(await ask(again, 24_999)).toEqual([`${again.name}/c granted 1`]);
    await bookWithOutcome("/age-2/");
    const other = await hub("/age-2/", 25_000);
    expect(await ask(other, 25_000)).toEqual([`${other.name}/c skipped 1`]);
  });

  test("[O6] so it is after a checkpoint for which no entry is left", async () => {
    const { engine, settled, name } = await hub("/checkpoint/", 10_000, { compactBytes: 1 });
    open(engine, `${name}/a`);
    acquire(engine, `${name}/a`, 1);
    release(engine, `${name}/a`, 1);
    engine.commit();
    await settled();
    const entries = etcd.control("get", "--prefix", "--keys-only", `/checkpoint/log/entry/${name}/`);
    const count = Number(entries.trim().split("/").at(-1));
    for (let more = 0; checkpointed("/checkpoint/", name) <= count; more += 1) {
      open(engine, `${name}/${more}`);
      await settled();
    }
    engines.delete(engine);
    await engine.close();
    etcd.control("del", "--prefix", "/checkpoint/log/entry/");
    const again = await hub("/checkpoint/", 25_000);
    expect(await ask(again, 15_000)).toEqual([`${again.name}/c skipped 1`]);
  });

  test("[O6] on another machine nobody knows it, and the outcome is forgotten", async () => {
    await bookWithOutcome("/machine/");
    const again = await hub("/machine/", 25_000, { machine: "there" });
    expect(await ask(again, 86_400_000)).toEqual([`${again.name}/c granted 1`]);
  });

  test("[O6] so it is at a hub that joins before the lease of one that was killed is over", async () => {
    const first = await hub("/killed/", 0);
    open(first.engine, `${first.name}/a`);
    acquire(first.engine, `${first.name}/a`, 1);
    release(first.engine, `${first.name}/a`, 1);
    first.engine.commit();
    await first.settled();
    const again = await hub("/killed/", 9_000);
    expect(await ask(again, 8_999)).toEqual([`${again.name}/c granted 1`]);
  });

  test("[O6] a hub that came and never began counts for nobody", async () => {
    await bookWithOutcome("/never/");
    await join("/never/", 25_000, { machine: "there" });
    const again = await hub("/never/", 25_000, { machine: "there" });
    expect(await ask(again, 86_400_000)).toEqual([`${again.name}/c granted 1`]);
  });

  test("a hub that cannot join does not seem to be there", async () => {
    await bookWithOutcome("/fails/");
    etcd.control("put", "/fails/log/entry/hub-x/0000000000000002", '{"atMs":0,"commands":[]}');
    await expect(join("/fails/", 0, {})).rejects.toThrow("entry 1 of hub-x is missing");
    expect(etcd.control("get", "--prefix", "--keys-only", "/fails/log/hub/")).toBe("");
  }, 60_000);

  test("a hub that joins others says which settings it changes for all", async () => {
    const warnings: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
    const first = await hub("/settings/", 0, { log });
    await hub("/settings/", 0, { log, lockDelayMs: 3_000 });
    expect(warnings.filter((fields) => "changed" in fields)).toEqual([{ changed: ["lockDelayMs"] }]);
    await expect.poll(() => first.engine.table.settings.lockDelayMs).toBe(3_000);
  });

  test("[B6] waits start anew", async () => {
    const before = await bookWithOutcome("/waits/");
    const { engine, answers, settled, clock } = await hub("/waits/", 100_000);
    resume(engine, `${before}/b`);
    engine.commit();
    await settled();
    answers();
    clock.pass(59_999);
    await settled();
    expect(answers()).toEqual([]);
    clock.pass(1);
    await settled();
    expect(answers()).toEqual([`${before}/b/2 failed 2 LOCK_TIMEOUT`]);
  });
});
