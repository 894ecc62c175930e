// The hub's own process stands still, by SIGSTOP: nobody's session ends for that.
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { connect, type Hub, type HubEvents } from "../../client/index.ts";
import { decodePage } from "../../shared/pages.ts";
import { resourceView } from "../../shared/protocol.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";

vi.setConfig({ testTimeout: 90_000 });

// Long enough that this process, on a machine that may be busy with other tests, is not silent for three of them itself.
const heartbeatMs = 1_500;
const deadMs = 3 * heartbeatMs;
/** Pings that take longer than the dead time. */
const pingsPastDead = 4;

const nodes: Hub[] = [];
const wires: Wire[] = [];
let hub: HubProcess;

beforeAll(async () => {
  hub = await startHubProcess({ args: ["--heartbeat", `${heartbeatMs}ms`] });
});

afterEach(async () => {
  hub.kill("SIGCONT");
  for (const wire of wires.splice(0)) wire.terminate();
  await Promise.all(nodes.splice(0).map((node) => node.close()));
});

afterAll(async () => {
  hub.kill("SIGKILL");
  await hub.exited;
});

async function wire(name: string, fields: Parameters<Wire["hello"]>[1] = {}): Promise<Wire> {
  const opened = await connectWire(hub.url);
  wires.push(opened);
  await opened.hello(name, fields);
  return opened;
}

async function view(resource: string) {
  const response = await fetch(`${hub.httpUrl}/v1/resource?name=${encodeURIComponent(resource)}`);
  const decoded = decodePage(resourceView, await response.text());
  return {
    holders: decoded?.holders.map(({ node, fence }) => ({ node, fence })),
    queue: decoded?.queue.map(({ node, detached }) => ({ node, detached })),
  };
}

async function stopHub(ms: number): Promise<void> {
  hub.kill("SIGSTOP");
  await pass(ms);
  hub.kill("SIGCONT");
}

/** Answers so many pings by hand. */
async function answerPings(listening: Wire, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const { n } = await listening.next("ping");
    listening.send({ type: "pong", n });
  }
}

/** The names of what happens to a node from now on. */
function eventsOf(node: Hub): (keyof HubEvents)[] {
  const heard: (keyof HubEvents)[] = [];
  for (const name of ["disconnected", "resumed", "renewed"] as const) node.on(name, () => heard.push(name));
  return heard;
}

describe.each([1, 3])("a hub that stands still for %d × the dead time", (share) => {
  test("[S2] ends nobody's session, and nobody loses a grant or a place", async () => {
    const resource = `held ${share}`;
    const [a, b, c] = [await wire(`a${share}`), await wire(`b${share}`), await wire(`c${share}`, { graceMs: 1 })];
    const { fence } = await a.granted(resource);
    await b.queued(resource);
    await c.queued(resource);
    const pinged = await wire(`pinged${share}`);
    pinged.answersPings = false;
    await stopHub(share * deadMs);
    await answerPings(pinged, pingsPastDead);
    pinged.answersPings = true;
    await Promise.all([a, b, c].map((each) => each.expectSilence()));
    const waiting = { detached: false };
    expect(await view(resource)).toEqual({
      holders: [{ node: `a${share}`, fence }],
      queue: [
        { node: `b${share}`, ...waiting },
        { node: `c${share}`, ...waiting },
      ],
    });
    a.release(1, "none");
    expect((await b.answer(1, "granted")).fence).toBeGreaterThan(fence);
  });

  test("[S2][S4] is given up by nodes with grace, who resume and hold on", async () => {
    const resource = `node ${share}`;
    const node = await connect(hub.url, { node: `node${share}`, graceMs: 60_000 });
    nodes.push(node);
    const next = await wire(`next${share}`);
    const lock = await node.lock(resource);
    const { fence, signal } = lock;
    await next.queued(resource);
    const events = eventsOf(node);
    const resumed = new Promise((resolve) => node.on("resumed", resolve));
    await stopHub(share * deadMs);
    await resumed;
    expect(events).toEqual(["disconnected", "resumed"]);
    expect([lock.held, lock.fence, signal.aborted]).toEqual([true, fence, false]);
    await next.expectSilence();
  });

  test("[S4] lets a session resume whose grace passed meanwhile", async () => {
    const resource = `away ${share}`;
    const [holder, waiter] = [await wire(`holder${share}`), await wire(`waiter${share}`, { graceMs: 1 })];
    await holder.granted(resource);
    await waiter.queued(resource);
    waiter.terminate();
    await vi.waitUntil(async () => (await view(resource)).queue?.[0]?.detached);
    hub.kill("SIGSTOP");
    const coming = connectWire(hub.url);
    await pass(share * deadMs + heartbeatMs);
    hub.kill("SIGCONT");
    const back = await coming;
    wires.push(back);
    const { session = "", secret = "" } = waiter.welcome ?? {};
    expect(await back.hello(`waiter${share}`, { graceMs: 1, resume: { session, secret } })).toMatchObject({
      resumed: true,
    });
    await back.answer(1, "queued");
  });
});
