// A planned restart of a hub that keeps its book, with nodes in the middle of their work: real processes on a real disk.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { connect, type Hub, type HubEvents, type Lock } from "../../client/index.ts";
import { type HubProcess, startHubProcess } from "../support/hub.ts";

const count = 20;
const folder = mkdtempSync(join(tmpdir(), "baton-leaving-"));
const nodes: Hub[] = [];
const hubs: HubProcess[] = [];

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  for (const hub of hubs) {
    hub.kill("SIGKILL");
    await hub.exited;
  }
  rmSync(folder, { recursive: true });
});

async function start(port: string): Promise<HubProcess> {
  const hub = await startHubProcess({ args: ["--port", port, "--engine", "durable", "--data", folder] });
  hubs.push(hub);
  return hub;
}

/** What happens to a node: in what order, and what is said of it. */
class Witness {
  readonly names: string[] = [];
  readonly leaving: HubEvents["leaving"][] = [];
  readonly retrying: HubEvents["retrying"][] = [];
  readonly resumed: Promise<unknown>;

  constructor(node: Hub) {
    for (const name of ["leaving", "disconnected", "resumed", "renewed"] as const) {
      node.on(name, () => this.names.push(name));
    }
    node.on("leaving", (event) => this.leaving.push(event));
    node.on("retrying", (event) => this.retrying.push(event));
    this.resumed = new Promise((resolve, reject) => {
      node.on("resumed", resolve);
      node.on("renewed", () => reject(new Error(`${node.node} has lost its session`)));
    });
  }
}

test("[S13] nodes without grace wait as told, each a little longer than the next, and go on with all they held", async () => {
  const hub = await start("0");
  const held: { lock: Lock; signal: AbortSignal; fence: number }[] = [];
  const waiting: Promise<Lock>[] = [];
  for (let place = 0; place < count; place += 1) {
    const node = await connect(hub.url, { node: `node-${place}` });
    nodes.push(node);
    const lock = await node.lock(`own ${place}`);
    held.push({ lock, signal: lock.signal, fence: lock.fence });
    if (place > 0)
      await new Promise<void>((onQueued) => waiting.push(node.lock("own 0", { onQueued: () => onQueued() })));
  }
  for (const asking of waiting) asking.catch(() => {});
  const witnesses = nodes.map((node) => new Witness(node));
  expect(await hub.stop()).toBe(0);
  await start(new URL(hub.url).port);
  await Promise.all(witnesses.map(({ resumed }) => resumed));

  const said = witnesses.flatMap(({ leaving }) => leaving);
  const reconnectMs = said[0]?.reconnectMs ?? 0;
  expect(said).toEqual(nodes.map(() => ({ reconnectMs, graceMs: 30_000 })));
  expect(reconnectMs).toBeGreaterThan(0);
  const waits = witnesses.map(({ retrying }) => retrying[0]?.retryInMs ?? 0);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(reconnectMs);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2 * reconnectMs);
  expect(new Set(waits).size).toBe(count);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(reconnectMs / 4);
  for (const { names } of witnesses) expect(names).toEqual(["leaving", "disconnected", "resumed"]);
  for (const { lock, signal, fence } of held)
    expect([lock.held, lock.fence, signal.aborted]).toEqual([true, fence, false]);

  // Those who waited are served in the order in which they stood before.
  const served: number[] = [];
  const all = waiting.map(async (asking, place) => {
    const lock = await asking;
    served.push(place);
    await lock.release();
  });
  await held[0]?.lock.release();
  await Promise.all(all);
  expect(served).toEqual(waiting.map((_, place) => place));
}, 90_000);
