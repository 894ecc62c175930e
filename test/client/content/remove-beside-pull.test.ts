// Pulls and removals of images that share layers, all at once and in random order, by nodes of a real hub: whatever comes
// between, every image that is named is whole, and nothing is left that nobody needs. `BATON_RUNS=1000` for more runs; a
// failure prints the seed of its run.
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ContentHub } from "../../../client/content/coordination.ts";
import { parseReference, pullImage, Registry, removeImage, type Store } from "../../../client/content/index.ts";
import type { Hub } from "../../../client/index.ts";
import { FaultRegistry } from "../../support/fault-registry.ts";
import { readStore } from "../../support/store-check.ts";
import { HubAndNodes } from "../hub-and-nodes.ts";
import { scratchStore } from "./scratch.ts";

const runs = Number(process.env["BATON_RUNS"] ?? 8);
const nodes = ["a", "b", "c", "d"];
const tags = ["1", "2", "3"];
const deedsEach = 4;
const layers = Array.from({ length: 4 }, (_, place) => randomBytes(500 + place));

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A hub whose answers come late, each by a random number of turns, so that others come between. */
function late(hub: Hub, random: () => number): ContentHub {
  const turns = async (): Promise<void> => {
    for (let left = Math.floor(random() ** 4 * 3_000); left > 0; left -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const slowly = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    await turns();
    const answer = await ask();
    await turns();
    return answer;
  };
  return {
    once: (resource, question, work) =>
      slowly(() =>
        hub.once(resource, question, async (grant) => {
          await turns();
          return await work(grant);
        }),
      ),
    lock: (resource, question) => slowly(() => hub.lock(resource, question)),
    shared: (resource, question) => slowly(() => hub.shared(resource, question)),
  };
}

async function pull(hub: ContentHub, store: Store, registryHost: string, tag: string): Promise<void> {
  const reference = parseReference(`${registryHost}/app:${tag}`);
  const registry = new Registry({ reference, insecureHttp: true });
  await pullImage({ hub, store, registry, reference });
}

async function remove(hub: ContentHub, store: Store, registryHost: string, tag: string): Promise<void> {
  try {
    await removeImage({ hub, store, image: `${registryHost}/app:${tag}` });
  } catch (error) {
    expect(error).toMatchObject({ code: "NOT_FOUND" });
  }
}

async function runOnce(hubs: readonly Hub[], faults: FaultRegistry, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const store = await scratchStore();
  const pick = <Entry>(entries: readonly Entry[]): Entry => entries[Math.floor(random() * entries.length)]!;
  const plans = hubs.map((hub) => ({
    hub: late(hub, random),
    deeds: Array.from({ length: deedsEach }, () => ({ deed: random() < 0.5 ? pull : remove, tag: pick(tags) })),
  }));
  await Promise.all(
    plans.map(async ({ hub, deeds }) => {
      for (const { deed, tag } of deeds) await deed(hub, store, faults.host, tag);
    }),
  );
  const { faults: contradictions, images } = await readStore(store.folder);
  expect(contradictions, `seed ${seed}`).toEqual([]);
  for (const tag of tags) await remove(late(hubs[0]!, random), store, faults.host, tag);
  expect(await readStore(store.folder), `seed ${seed}, of ${images.join()}`).toMatchObject({
    images: [],
    blobs: [],
    faults: [],
  });
}

describe("pulls and removals at once", () => {
  test(
    "leave every image that is named whole, and nothing that nobody needs",
    { timeout: 30_000 + runs * 5_000 },
    async () => {
      await using there = await HubAndNodes.start();
      const faults = await FaultRegistry.start();
      const [one, two, three, four] = layers;
      faults.putImage([one!, two!, three!], "1");
      faults.putImage([two!, three!, four!], "2");
      faults.putImage([three!], "3");
      const hubs = await Promise.all(nodes.map((name) => there.node(name)));
      const first = Number(process.env["BATON_SEED"] ?? Date.now() % 1_000_000);
      for (let run = 0; run < runs; run += 1) await runOnce(hubs, faults, first + run);
      await faults.close();
    },
  );
});
