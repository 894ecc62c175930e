// Two hubs as processes over an etcd that is wiped, or put back from a copy of what it was: they notice by themselves, tell their
// sessions to come back, and go on above every fence that they have given.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../client/index.ts";
import { type Etcd, etcdMissing, etcdPlace, type EtcdPlace, startMember } from "../support/etcd.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";

const timeout = 60_000;

describe.skipIf(etcdMissing() !== undefined)("an etcd that is replaced under two hubs", { timeout }, () => {
  let place: EtcdPlace;
  let etcd: Etcd;
  let hubs: HubProcess[];
  const wires: Wire[] = [];
  beforeEach(async () => {
    place = await etcdPlace("one");
    etcd = await startMember(place, [place]);
    const args = ["--engine", "etcd", "--etcd", etcd.endpoint, "--heartbeat", "1s"];
    hubs = [await startHubProcess({ args }), await startHubProcess({ args })];
  });
  afterEach(async () => {
    for (const wire of wires.splice(0)) wire.terminate();
    for (const hub of hubs) hub.kill("SIGKILL");
    await Promise.all(hubs.map(({ exited }) => exited));
    await etcd[Symbol.asyncDispose]();
  });

  async function node(hub: HubProcess | undefined, name: string, fields: Parameters<Wire["hello"]>[1] = {}) {
    const wire = await connectWire(hub?.url ?? "");
    wires.push(wire);
    await wire.hello(name, fields);
    return wire;
  }

  /** Starts etcd where it was, on what is in another folder. */
  async function restart(folder: string): Promise<void> {
    await etcd.end();
    etcd = await startMember({ ...place, folder }, [place]);
  }

  async function bothBack(): Promise<void> {
    await Promise.all(hubs.map((hub) => hub.logged("the hub is back, under a new name")));
  }

  /** What a node is told that is sent away: when to come back, and that its socket is closed. */
  async function sentAway(wire: Wire) {
    const leaving = await wire.find(({ type }) => type === "leaving");
    return [leaving, (await wire.closed).code];
  }

  it("[F1] a wiped one: every session is told to come back, begins anew, and is granted at a greater fence", async () => {
    const [one, two] = hubs;
    const kept = await node(one, "kept", { graceMs: 30_000 });
    const plain = await node(two, "plain");
    const { fence } = await kept.granted("r");
    await plain.queued("r");
    const empty = await etcdPlace("empty");
    await restart(empty.folder);
    expect(await sentAway(kept)).toMatchObject([{ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 }, 1012]);
    expect(await sentAway(plain)).toMatchObject([{ type: "leaving", graceMs: 0 }, 1012]);
    await bothBack();
    const { session, secret } = kept.welcome ?? { session: "", secret: "" };
    const again = await node(two, "kept", { graceMs: 30_000, resume: { session, secret } });
    expect(again.welcome?.resumed).toBe(false);
    expect((await again.granted("r")).fence).toBeGreaterThan(fence);
  });

  it("[F1] a copy put back: what was there when it was made still holds, and what came later is granted at a greater fence", async () => {
    const [one, two] = hubs;
    const old = await node(one, "old", { graceMs: 30_000 });
    const held = await old.granted("held");
    const folder = join((await etcdPlace("copies")).folder, "restored");
    const copy = `${folder}.copy`;
    etcd.control("snapshot", "save", copy);
    await using sdk = await connect([one?.url ?? "", two?.url ?? ""], { node: "sdk", graceMs: 30_000 });
    const later = await sdk.lock("later");
    const { fence } = later;
    restore(copy, folder, place);
    await restart(folder);
    expect(await sentAway(old)).toMatchObject([{ type: "leaving", graceMs: 30_000 }, 1012]);
    await later.lost;
    await bothBack();
    const { session, secret } = old.welcome ?? { session: "", secret: "" };
    const again = await node(two, "old", { resume: { session, secret } });
    expect(await again.find(({ type }) => type === "granted")).toMatchObject({ id: held.id, fence: held.fence });
    expect((await again.granted("later", { id: held.id + 1 })).fence).toBeGreaterThan(fence);
  });
});

/** Makes a data folder for a member of one from a copy. */
function restore(copy: string, folder: string, { name, peer }: EtcdPlace): void {
  const words = ["snapshot", "restore", copy, `--data-dir=${folder}`, `--name=${name}`];
  const cluster = [`--initial-cluster=${name}=${peer}`, `--initial-advertise-peer-urls=${peer}`];
  // Which of its two tools can do it depends on etcd's version.
  const tried = ["etcdutl", "etcdctl"].map((tool) => spawnSync(tool, [...words, ...cluster], { encoding: "utf8" }));
  if (!tried.some(({ status }) => status === 0)) throw new Error(tried.map(({ stderr }) => stderr).join("\n"));
}
