// A hub that is to stop while its etcd does not answer: its nodes are told all the same, before it can no longer be sure that what
// they hold is theirs. A real etcd and a hub as a process.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Etcd, etcdMissing, startEtcd } from "../support/etcd.ts";
import { startHubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";

describe.skipIf(etcdMissing() !== undefined)("a hub whose etcd is away (needs etcd)", () => {
  let etcd: Etcd;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterEach(() => etcd.kill("SIGCONT"));
  afterAll(() => etcd[Symbol.asyncDispose]());

  /** Has etcd stand still, and proves that it does: what it was asked a moment before it may still have answered. */
  async function stopEtcd(): Promise<void> {
    etcd.kill("SIGSTOP");
    const ask = () => fetch(`${etcd.endpoint}/health`, { signal: AbortSignal.timeout(300) });
    await expect(ask().then(ask)).rejects.toThrow();
  }

  it.each([
    ["before its lease is over", "1s", "10s"],
    ["within half of its drain time", "30s", "4s"],
  ])("[S13] tells its nodes to leave, and stops, %s", async (_, heartbeat, drain) => {
    const args = ["--engine", "etcd", "--etcd", etcd.endpoint, "--etcd-prefix", `/away-${heartbeat}`];
    const hub = await startHubProcess({ args: [...args, "--heartbeat", heartbeat, "--drain", drain] });
    const [kept, plain] = [await connectWire(hub.url), await connectWire(hub.url)];
    const { graceMs } = await kept.hello("kept", { graceMs: 20_000 });
    await plain.hello("plain");
    await stopEtcd();
    hub.kill("SIGTERM");
    expect(await kept.find(({ type }) => type === "leaving")).toMatchObject({ graceMs: Math.max(graceMs, 30_000) });
    expect(await plain.find(({ type }) => type === "leaving")).toMatchObject({ graceMs: 0 });
    expect((await kept.closed).code).toBe(1012);
    expect((await plain.closed).code).toBe(1012);
    etcd.kill("SIGCONT");
    expect((await hub.exited).code).toBe(0);
  });
});
