// Two hubs as processes over one etcd: one is killed, one is stopped and goes on, etcd itself stands still or is cut off.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type HubEvents } from "../../client/index.ts";
import { startBaton } from "../client/cli/baton-process.ts";
import { type Etcd, etcdMissing, startEtcd } from "../support/etcd.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";

// A lease of three heartbeats: 3 s.
const heartbeat = ["--heartbeat", "1s"];

describe.skipIf(etcdMissing() !== undefined)("hubs over one etcd", { timeout: 90_000 }, () => {
  let etcd: Etcd;
  let hubs: [HubProcess, HubProcess];
  const wires: Wire[] = [];
  beforeEach(async () => {
    etcd = await startEtcd();
    const args = ["--engine", "etcd", "--etcd", etcd.endpoint, ...heartbeat];
    hubs = [await startHubProcess({ args }), await startHubProcess({ args })];
  });
  afterEach(async () => {
    for (const wire of wires.splice(0)) wire.terminate();
    for (const hub of hubs) hub.kill("SIGKILL");
    await Promise.all(hubs.map(({ exited }) => exited));
    await etcd[Symbol.asyncDispose]();
  });

  async function node(hub: HubProcess, name: string, fields: Parameters<Wire["hello"]>[1] = {}): Promise<Wire> {
    const wire = await connectWire(hub.url);
    wires.push(wire);
    await wire.hello(name, fields);
    return wire;
  }

  it("[O2] what a node of a killed hub held is granted to the next in line at the other, with a greater fence", async () => {
    const a = await node(hubs[0], "a");
    const b = await node(hubs[1], "b");
    const before = await a.granted("r");
    const waiting = await b.queued("r");
    hubs[0].kill("SIGKILL");
    const granted = await b.find((message) => message.type === "granted");
    expect(granted).toMatchObject({ id: waiting.id, attempt: 2, previous: { error: { code: "SESSION_ENDED" } } });
    expect(granted).toHaveProperty("fence");
    if (granted.type === "granted") expect(granted.fence).toBeGreaterThan(before.fence);
  });

  it("[S8] a session of a killed hub resumes at the other and still holds, with the same fence", async () => {
    const a = await node(hubs[0], "a", { graceMs: 30_000 });
    const { id, fence } = await a.granted("r");
    hubs[0].kill("SIGKILL");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const again = await node(hubs[1], "a", { resume: { session, secret } });
    expect(again.welcome?.resumed).toBe(true);
    expect(await again.find(({ type }) => type === "granted")).toMatchObject({ id, fence });
  });

  it("the SDK goes to the other hub when its own is killed, and holds and awaits what it did", async () => {
    const urls = hubs.map(({ url }) => url);
    // Chance has it begin at the first one.
    await using sdk = await connect(urls, { node: "sdk", graceMs: 30_000, random: () => 0 });
    const b = await node(hubs[1], "b");
    const lock = await sdk.lock("mine");
    const theirs = await b.granted("theirs");
    const waiting = sdk.lock("theirs");
    await expect.poll(async () => (await sdk.info("theirs"))?.waiting).toBe(1);
    const { promise: isResumed, resolve } = Promise.withResolvers<HubEvents["resumed"]>();
    sdk.on("resumed", resolve);
    hubs[0].kill("SIGKILL");
    expect((await isResumed).hub).toBe(b.welcome?.hub);
    expect([lock.held, lock.signal.aborted]).toEqual([true, false]);
    b.send({ type: "release", id: theirs.id, outcome: "none" });
    expect((await waiting).fence).toBeGreaterThan(lock.fence);
    expect((await sdk.info("mine"))?.holding).toBe(1);
  });

  it("a command runs on under `baton run` when its hub is killed, where BATON_URL names the other too", async () => {
    const baton = startBaton(["run", "r", "--grace", "30s", "--json", "--", "sh", "-c", "echo runs; read line"], {
      env: { BATON_URL: hubs.map(({ url }) => url).join(",") },
    });
    await baton.says(/runs/);
    // Which of the two it is at, chance has said: one after the other is killed, and the first one is there again before.
    hubs[0].kill("SIGKILL");
    await hubs[0].exited;
    hubs[0] = await startHubProcess({
      args: ["--engine", "etcd", "--etcd", etcd.endpoint, ...heartbeat, "--port", new URL(hubs[0].url).port],
    });
    hubs[1].kill("SIGKILL");
    await hubs[1].exited;
    baton.stdin.end("on\n");
    expect((await baton.ended).code).toBe(0);
  });

  it("a hub that stood still past its lease closes its sockets and comes back under a new name", async () => {
    const a = await node(hubs[0], "a");
    const b = await node(hubs[1], "b");
    await a.granted("r");
    await b.queued("r");
    hubs[0].kill("SIGSTOP");
    await b.find(({ type }) => type === "granted");
    hubs[0].kill("SIGCONT");
    expect((await a.closed).code).toBe(1012);
    await hubs[0].logged("the hub is back, under a new name");
    const again = await node(hubs[0], "a");
    expect(again.welcome?.hub).not.toBe(a.welcome?.hub);
    await again.queued("r");
  });

  it("while etcd stands still nobody is granted anything, and when it goes on both hubs come back with what was held", async () => {
    const a = await node(hubs[0], "a", { graceMs: 60_000 });
    const { id, fence } = await a.granted("r");
    await a.granted("t");
    etcd.kill("SIGSTOP");
    const asked = a.acquire("s");
    // It may be done in the end, which is why it is not done to what `a` holds.
    const body = JSON.stringify({ reason: "stuck" });
    const forced = fetch(`${hubs[0].httpUrl}/v1/resource/release?name=t`, { method: "POST", body });
    expect(await a.find(({ type }) => type === "leaving")).toMatchObject({ graceMs: 60_000 });
    expect((await a.closed).code).toBe(1012);
    const heard = a.frames.flat().filter((message) => "id" in message && message.id === asked);
    // A busy machine may have asked so late that the hub knew already that it could not.
    expect(heard.filter(({ type }) => type !== "error")).toEqual([]);
    expect((await forced).status).toBe(503);
    expect(await (await forced).json()).toMatchObject({ code: "UNAVAILABLE" });
    for (const { httpUrl } of hubs) await expect.poll(async () => (await fetch(`${httpUrl}/readyz`)).status).toBe(503);
    etcd.kill("SIGCONT");
    for (const hub of hubs) await hub.logged("the hub is back, under a new name");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const again = await node(hubs[1], "a", { resume: { session, secret } });
    expect(await again.find((message) => "id" in message && message.id === id)).toMatchObject({ fence });
    // Whether the hub's last entry came in, `lastId` says; either way the request is asked once.
    if ((again.welcome?.lastId ?? 0) < asked) again.acquire("s", { id: asked });
    await again.find((message) => message.type === "granted" && message.id === asked);
  });

  it("keys that a foreign hand removes cost a hub its name and nobody a grant that is still his", async () => {
    const a = await node(hubs[0], "a", { graceMs: 30_000 });
    const { id, fence } = await a.granted("r");
    etcd.control("del", "--prefix", "/baton/log/hub/");
    expect((await a.closed).code).toBe(1012);
    await hubs[1].logged("the hub is back, under a new name");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const again = await node(hubs[1], "a", { resume: { session, secret } });
    expect(await again.find(({ type }) => type === "granted")).toMatchObject({ id, fence });
  });
});
