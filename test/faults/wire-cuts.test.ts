// A node whose wire is cut after every number of bytes that a scripted session takes, up and down, by a FIN or by a reset, or
// is cut into slices, late or early: with grace every answer is right.
import { expect, test } from "vitest";
import { defaultConfig } from "../../server/config.ts";
import { startHub } from "../../server/start.ts";
import { dataFolder } from "../support/data-folder.ts";
import { type Plan, Proxy, type Way } from "../support/proxy.ts";
import { silentLog } from "../support/silent-log.ts";
import { FaultNode, type Work } from "./fault-node.ts";
import type { Ask } from "./history.ts";
import { HistoryCheck } from "./history-check.ts";

const atOnce = 16;

type Deed = Omit<Work, "ask" | "workMs"> & { ask: Pick<Ask, "resource"> & Partial<Ask>; workMs?: number };

/** What the node does whose wire is cut, and what another does beside it. */
const scripts: Record<"cut" | "whole", readonly Deed[]> = {
  cut: [
    { ask: { resource: "first" }, outcome: "success", workMs: 1 },
    { ask: { resource: "second", mode: "exclusive" }, outcome: "none" },
    { ask: { resource: "third" }, outcome: "failure" },
    { ask: { resource: "fourth" }, outcome: "success", workMs: 2, cancelMs: 1 },
    { ask: { resource: "layer", freshMs: 60_000 }, outcome: "success" },
    { ask: { resource: "layer", freshMs: 60_000 }, outcome: "success" },
  ],
  whole: [
    { ask: { resource: "second", mode: "exclusive" }, outcome: "none", workMs: 3 },
    { ask: { resource: "third" }, outcome: "failure", workMs: 1 },
    { ask: { resource: "first" }, outcome: "success" },
    { ask: { resource: "third" }, outcome: "success" },
  ],
};

/** A durable hub, with whom the script is played over and over, each time by two nodes of their own on their own resources. */
class Stage implements AsyncDisposable {
  readonly #hub: Awaited<ReturnType<typeof startHub>>;
  #plays = 0;

  private constructor(hub: Awaited<ReturnType<typeof startHub>>) {
    this.#hub = hub;
  }

  static async open(): Promise<Stage> {
    const config = { ...defaultConfig, data: dataFolder(), port: 0, heartbeatMs: 60_000, graceMaxMs: 600_000 };
    return new Stage(await startHub(config, silentLog));
  }

  /** Plays it with plans for the first connections of the node that is cut; the bytes it took each way, and what is wrong. */
  async play(...plans: Plan[]): Promise<{ passed: Record<Way, number>; wrong: string[] }> {
    this.#plays += 1;
    // Always as long, so that the bytes are.
    const name = String(this.#plays).padStart(5, "0");
    await using proxy = await Proxy.to(this.#hub.url, ...plans);
    const check = new HistoryCheck();
    const parts = { history: check, requests: 2, graceMs: 600_000, retryMs: 1 };
    const whole = new FaultNode({ ...parts, name: `w${name}`, url: () => this.#hub.url, next: workOf("whole", name) });
    const cut = new FaultNode({ ...parts, name: `c${name}`, url: () => proxy.url, next: workOf("cut", name) });
    await Promise.all([whole.finished, cut.finished]);
    return { passed: proxy.passed, wrong: check.end().map((what) => `${JSON.stringify(plans)}: ${what}`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub.kill();
  }
}

function workOf(script: keyof typeof scripts, name: string): () => Work | undefined {
  const left = scripts[script].map(({ ask, workMs = 0, ...rest }): Work => {
    const whole = { operation: "run", mode: "once", ...ask, resource: `${ask.resource} ${name}` } as const;
    return { ...rest, ask: whole, workMs };
  });
  return () => left.shift();
}

const places = (count: number) => Array.from({ length: count }, (_, place) => place);

/** Does it for each, a few at once. */
async function forEach<Entry, Result>(entries: readonly Entry[], act: (entry: Entry) => Promise<Result>) {
  const results: Result[] = [];
  const left = entries[Symbol.iterator]();
  const some = async () => {
    for (const entry of left) results.push(await act(entry));
  };
  await Promise.all(Array.from({ length: atOnce }, some));
  return results;
}

test.each(["up", "down"] as const)(
  "[S9] every answer is right when the wire is cut after any number of bytes %s",
  { timeout: 300_000 },
  async (way) => {
    await using stage = await Stage.open();
    const whole = await stage.play({});
    expect(whole.wrong).toEqual([]);
    const bytes = whole.passed[way];
    expect(bytes).toBeGreaterThan(1_000);
    const wrong = await forEach(places(bytes), async (bytesMax) => {
      const cut = bytesMax % 2 === 0 ? "end" : "reset";
      return (await stage.play({ bytesMax: { [way]: bytesMax }, cut })).wrong;
    });
    expect(wrong.flat()).toEqual([]);
  },
);

test.each([
  ["come one by one", { sliceBytes: 1 }],
  ["come a few at a time, late", { sliceBytes: 100, lateMs: 1 }],
  ["are held up and come together", { lateMs: 20 }],
])("[S9] every answer is right when bytes %s", { timeout: 120_000 }, async (_, plan) => {
  await using stage = await Stage.open();
  expect((await stage.play(plan)).wrong).toEqual([]);
});

test.each(["up", "down"] as const)(
  "[S9] every answer is right when the wire is cut, and cut again while the session comes back, after any number of bytes %s",
  { timeout: 300_000 },
  async (way) => {
    await using stage = await Stage.open();
    const { passed } = await stage.play({});
    // The upgrade, the hello and what the hub retells.
    const again = places(700);
    const wrong = await forEach(again, async (bytes) => {
      const first = Math.floor((((bytes * 7) % again.length) / again.length) * passed[way]);
      return (await stage.play({ bytesMax: { [way]: first } }, { bytesMax: { [way]: bytes }, cut: "reset" })).wrong;
    });
    expect(wrong.flat()).toEqual([]);
  },
);
