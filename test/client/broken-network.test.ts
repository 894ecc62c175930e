// Whatever breaks between nodes and hub: each call has one answer, and no two nodes hold at once what grace protects.
import { describe, expect, it } from "vitest";
import type { Hub, Lock } from "../../client/index.ts";
import { HubByHand } from "../support/hub-by-hand.ts";
import { BrokenNetwork, chanceOf } from "./broken-network.ts";
import { watch, type Watched } from "./fake-network.ts";

const resources = ["x", "y"];
const names = ["a", "b", "c"];
const seeds = Number(process.env["BATON_SEEDS"] ?? 60);

type Work = { lock: Lock; finish: () => void };

/** Nodes that ask at random, hold for a while, and end it in every way there is. */
class Workers {
  readonly calls: Watched<unknown>[] = [];
  readonly working: Work[] = [];
  readonly aborts: AbortController[] = [];
  readonly fences = new Map<string, number>();
  readonly #chance: () => number;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  ask(hub: Hub): void {
    const resource = this.#pick(resources);
    const abort = new AbortController();
    const waitMs = this.#pick([undefined, undefined, 3_000, 0]);
    const options = { signal: abort.signal, waitMs, operation: "pull" };
    if (this.#chance() < 0.3) this.aborts.push(abort);
    if (this.#chance() < 0.7) {
      this.calls.push(watch(hub.once(resource, options, (lock) => this.#work(lock))));
    } else {
      this.calls.push(watch(hub.request(resource, options, (lock) => this.#work(lock))));
    }
  }

  abort(): void {
    this.aborts.splice(Math.floor(this.#chance() * this.aborts.length), 1)[0]?.abort();
  }

  finish(): void {
    this.working.splice(Math.floor(this.#chance() * this.working.length), 1)[0]?.finish();
  }

  /** Who believes to hold a resource. */
  holders(resource: string): Lock[] {
    return this.working.flatMap(({ lock }) => (lock.resource === resource && lock.held ? [lock] : []));
  }

  #work(lock: Lock): Promise<number> {
    const { fence, resource } = lock;
    expect(fence, "fences grow").toBeGreaterThan(this.fences.get(resource) ?? 0);
    this.fences.set(resource, fence);
    const work = Promise.withResolvers<number>();
    const finish = () => (this.#chance() < 0.5 ? work.resolve(1) : work.reject(new Error("a bug")));
    this.working.push({ lock, finish });
    return work.promise;
  }

  #pick<Value>(from: readonly Value[]): Value {
    return from[Math.floor(this.#chance() * from.length)]!;
  }
}

async function run(seed: number, graceMs: number): Promise<void> {
  const chance = chanceOf(seed);
  // Short heartbeats, so that graces end and sockets die of silence within a run.
  const network = new BrokenNetwork(chance, new HubByHand({ heartbeatMs: 500 }));
  const workers = new Workers(chance);
  const connecting = Promise.all(names.map((name) => network.node(name, graceMs)));
  await network.deliverAll();
  const hubs = await connecting;
  const { clock, hub } = network.byHand;

  for (let step = 0; step < 200; step += 1) {
    const what = chance();
    if (what < 0.15) workers.ask(hubs[Math.floor(chance() * hubs.length)]!);
    else if (what < 0.25) workers.finish();
    else if (what < 0.3) workers.abort();
    else if (what < 0.34) network.break();
    else if (what < 0.36) network.cutOff(names[Math.floor(chance() * names.length)]!);
    else if (what < 0.38) network.mend();
    else if (what < 0.5) clock.pass(Math.floor(chance() * 700));
    else network.deliver();
    await network.settle();
    if (graceMs === 0) continue;
    for (const resource of resources) {
      const holders = workers.holders(resource);
      expect(holders.length, `[S12] seed ${seed}, step ${step}: holders of ${resource}`).toBeLessThan(2);
    }
  }

  // The network heals: nobody is left waiting for what is free.
  network.mend();
  for (let round = 0; round < 60 && workers.calls.some(({ now }) => now === "pending"); round += 1) {
    while (workers.working.length > 0) workers.finish();
    await network.deliverAll();
    clock.pass(1_000);
    await network.deliverAll();
  }
  expect(
    workers.calls.filter(({ now }) => now === "pending"),
    `seed ${seed}: calls without an answer`,
  ).toEqual([]);
  const closing = Promise.all(hubs.map((one) => one.close()));
  await network.deliverAll();
  clock.pass(70_000);
  await network.deliverAll();
  await closing;
  const { holding, waiting, sessions } = hub.engine.table;
  expect({ holding, waiting, sessions: sessions.size }, `seed ${seed}: left behind`).toEqual({
    holding: 0,
    waiting: 0,
    sessions: 0,
  });
}

describe("a network that breaks", () => {
  it("[S9][S12] leaves no call without an answer and no resource with two holders, with grace", async () => {
    for (let seed = 1; seed <= seeds; seed += 1) await run(seed, 1_500);
  });

  it("[S3] leaves no call without an answer and nothing behind, without grace", async () => {
    for (let seed = 1; seed <= seeds; seed += 1) await run(seed, 0);
  });
});
