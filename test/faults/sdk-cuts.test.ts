// The SDK on a wire that is cut after every number of bytes that a scripted session takes, up and down: with grace its user
// notices nothing, without grace all that can go wrong is said, and either way nothing stays held or awaited.
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatonError, connect, type Hub } from "../../client/index.ts";
import { defaultConfig } from "../../server/config.ts";
import { startHub, type RunningHub } from "../../server/start.ts";
import { closeCodes } from "../../shared/errors.ts";
import { type Plan, Proxy, type Way } from "../support/proxy.ts";
import { silentLog } from "../support/silent-log.ts";

const atOnce = 8;
const backoff = { baseMs: 1, maxMs: 5 };
const things = ["first", "second", "third", "fourth", "fifth"] as const;
type Thing = (typeof things)[number];

let hub: RunningHub;
let other: Hub;
let plays = 0;

beforeAll(async () => {
  const config = { ...defaultConfig, engine: "memory", port: 0, heartbeatMs: 60_000, graceMaxMs: 600_000 } as const;
  hub = await startHub(config, silentLog);
  other = await connect(hub.url, { node: "other" });
});

afterAll(async () => {
  await other.close();
  await hub.kill();
});

/** A node by way of a proxy; one whose welcome was lost with its socket cannot have its name again, and takes another. */
async function nodeAt(url: string, node: string, graceMs: number): Promise<Hub> {
  const taken = new AbortController();
  const retrying = ({ code }: { code: number | undefined }) => {
    if (code === closeCodes.NODE_IN_USE) taken.abort();
  };
  try {
    return await connect(url, { node, graceMs, backoff, signal: taken.signal, on: { retrying } });
  } catch (error) {
    if (taken.signal.aborted) return nodeAt(url, `${node}'`, graceMs);
    throw error;
  }
}

/** What the node asks for beside another, one thing after the other; what each comes to. */
function script(node: Hub, of: (thing: Thing) => string): Record<Thing, () => Promise<unknown>> {
  return {
    first: async () => (await node.once(of("first"), {}, () => 1)).status,
    second: async () => {
      const held = await other.lock(of("second"));
      const { promise: isQueued, resolve } = Promise.withResolvers<void>();
      const asking = node.lock(of("second"), { onQueued: () => resolve() });
      await Promise.race([isQueued, asking.catch(() => {})]);
      await held.release();
      const lock = await asking;
      const isLater = lock.fence > 0 && lock.held;
      await lock.done("two");
      return isLater;
    },
    third: async () => {
      const { promise: isDone, resolve: finish } = Promise.withResolvers<void>();
      const { promise: isQueued, resolve } = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const working = other.once(of("third"), {}, async () => {
        begun.resolve();
        await isDone;
        return 3;
      });
      await begun.promise;
      // Where its place is lost with the session, the success is remembered when it asks again.
      const onQueued = () => resolve();
      const asking = node.once(of("third"), { freshMs: 600_000, onQueued }, () => "never");
      await Promise.race([isQueued, asking.catch(() => {})]);
      finish();
      const { fence } = await working;
      const skip = await asking;
      return [skip.status, skip.by, skip.result, skip.fence === fence];
    },
    fourth: async () => {
      const failing = node.once(of("fourth"), {}, () => {
        throw new Error("four");
      });
      await expect(failing).rejects.toThrow();
      const next = await other.once(of("fourth"), { waitMs: 20_000 }, () => 4).catch(() => undefined);
      return [next?.status, await failing.catch((error: unknown) => error instanceof Error && error.message)];
    },
    fifth: async () => {
      const held = await other.lock(of("fifth"));
      const { promise: isQueued, resolve } = Promise.withResolvers<void>();
      const stop = new AbortController();
      const asking = node.lock(of("fifth"), { signal: stop.signal, onQueued: () => resolve() });
      await Promise.race([isQueued, asking.catch(() => {})]);
      stop.abort(new Error("enough"));
      await held.release();
      return asking.catch((error: unknown) => error instanceof Error && error.message);
    },
  };
}

const right: Record<Thing, unknown> = {
  first: "done",
  second: true,
  third: ["skipped", "other", 3, true],
  fourth: ["done", "four"],
  fifth: "enough",
};

/** Plays it; what came otherwise than it had to, and the bytes it took. */
async function play(plan: Plan, graceMs: number): Promise<{ wrong: string[]; passed: Record<Way, number> }> {
  plays += 1;
  const name = String(plays).padStart(5, "0");
  const of = (thing: Thing) => `${thing} ${name}`;
  await using proxy = await Proxy.to(hub.url, plan);
  const node = await nodeAt(proxy.url, name, graceMs);
  const deeds = script(node, of);
  const wrong: string[] = [];
  for (const thing of things) {
    const came = await deeds[thing]().catch((error: unknown) => error);
    const isLost = graceMs === 0 && came instanceof BatonError && came.code === "SESSION_ENDED";
    if (!isLost && JSON.stringify(came) !== JSON.stringify(right[thing]))
      wrong.push(`${thing} came to ${String(came)}`);
  }
  await node.close();
  for (const thing of things) {
    const lock = await other.lock(of(thing), { waitMs: 20_000 }).catch(() => undefined);
    if (lock === undefined) wrong.push(`${thing} stays held`);
    await lock?.release();
  }
  return { wrong: wrong.map((what) => `${JSON.stringify(plan)}: ${what}`), passed: proxy.passed };
}

test.each([
  ["[S9] with grace nothing is noticed", "up", 600_000],
  ["[S9] with grace nothing is noticed", "down", 600_000],
  ["[S3] without grace what is lost is said", "up", 0],
  ["[S3] without grace what is lost is said", "down", 0],
] as const)("%s when the wire is cut after any number of bytes %s", { timeout: 300_000 }, async (_, way, graceMs) => {
  const whole = await play({}, graceMs);
  expect(whole.wrong).toEqual([]);
  const places = Array.from({ length: whole.passed[way] }, (_, place) => place)[Symbol.iterator]();
  const wrong: string[] = [];
  const some = async () => {
    for (const place of places) {
      const cut = place % 2 === 0 ? "end" : "reset";
      wrong.push(...(await play({ bytesMax: { [way]: place }, cut }, graceMs)).wrong);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, some));
  expect(wrong).toEqual([]);
});
