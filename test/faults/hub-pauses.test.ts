// The hub's own process stands still, by SIGSTOP: nobody's session ends for that.
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connect, type Hub, type HubEvents } from "../../client/index.ts";
import { decodeResourceView } from "../../shared/pages.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";

const heartbeatMs = 500;
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
  const decoded = decodeResourceView(await response.text());
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
    const [a, b, c] = [await wire("a"), await wire("b"), await wire("c", { graceMs: 1 })];
    const { fence } = await a.granted(resource);
    await b.queued(resource);
    await c.queued(resource);
    const pinged = await wire("pinged");
    pinged.answersPings = false;
    await stopHub(share * deadMs);
    await answerPings(pinged, pingsPastDead);
    pinged.answersPings = true;
    await Promise.all([a, b, c].map((each) => each.expectSilence()));
    const waiting = { detached: false };
    expect(await view(resource)).toEqual({
      holders: [{ node: "a", fence }],
      queue: [
        { node: "b", ...waiting },
        { node: "c", ...waiting },
      ],
    });
    a.release(1, "none");
    expect((await b.answer(1, "granted")).fence).toBeGreaterThan(fence);
  });

  test("[S2][S4] is given up by nodes with grace, who resume and hold on", async () => {
    const resource = `node ${share}`;
    const node = await connect(hub.url, { node: "with grace", graceMs: 60_000 });
    nodes.push(node);
    const next = await wire("next");
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
});
