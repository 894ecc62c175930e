// Real processes that stand still, by SIGSTOP or a blocked event loop: holders of all kinds of grace, and the hub itself.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type HubProcess, startHubProcess } from "../support/hub.ts";
import type { Note } from "./holder.ts";
import { HolderProcess } from "./holder-process.ts";

// Real processes on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 });

const heartbeatMs = 500;
const deadMs = 3 * heartbeatMs;

const folder = mkdtempSync(join(tmpdir(), "baton-pauses-"));
const holders: HolderProcess[] = [];
let hub: HubProcess;
let resources = 0;

beforeAll(async () => {
  hub = await startHubProcess({ args: ["--heartbeat", `${heartbeatMs}ms`] });
});

afterEach(async () => {
  await Promise.all(holders.splice(0).map((holder) => holder[Symbol.asyncDispose]()));
});

afterAll(async () => {
  hub.kill("SIGKILL");
  await hub.exited;
  rmSync(folder, { recursive: true });
});

/** A holder, and the next in line behind it. */
async function holderAndNext(graceMs: number) {
  for (let triesLeft = 5; triesLeft > 0; triesLeft -= 1) {
    const pair = await connectPair(graceMs);
    const { holder, next } = pair;
    holder.tell({ do: "lock" });
    const { fence } = await holder.hears("granted");
    expect(await holder.answers({ do: "write", blindly: false }, "accepted", "over")).toMatchObject({ fence });
    next.tell({ do: "lock" });
    const { is } = await Promise.race([next.hears("queued"), next.hears("granted")]);
    if (is === "queued") return { holder, next, fence };
    // The machine was so slow that the holder has lost its session before it was stopped at all: that proves nothing.
    await Promise.all([holder[Symbol.asyncDispose](), next[Symbol.asyncDispose]()]);
  }
  throw new Error("this machine is too slow for a session without grace");
}

async function connectPair(graceMs: number) {
  resources += 1;
  const place = resources;
  const file = join(folder, "fences.db");
  const start = (node: string, graceMs: number) => {
    const holder = new HolderProcess(hub.url, { node: `${node}${place}`, graceMs, resource: `x${place}`, file });
    holders.push(holder);
    return holder;
  };
  const pair = { holder: start("a", graceMs), next: start("b", 60_000) };
  await Promise.all([pair.holder.hears("connected"), pair.next.hears("connected")]);
  return pair;
}

/** Stops it for that long; what it is asked is the first thing that it is told when it goes on. */
async function stop(holder: HolderProcess, ms: number) {
  holder.signal("SIGSTOP");
  await pass(ms);
  const answer = holder.answers({ do: "ask" }, "holding", "over");
  holder.signal("SIGCONT");
  return answer;
}

/** Blocks its event loop for that long; it is asked before it reads anything. */
function block(holder: HolderProcess, ms: number) {
  return holder.answers({ do: "block", ms }, "holding", "over");
}

/** When a holder believed in its grant although another had been granted by then: how often, and over how long. */
function overlap(notes: readonly Note[], believed: (note: Note) => boolean, grantedUs: number): string {
  const late = notes.filter((note) => believed(note) && note.atUs > grantedUs);
  const ms = late.length === 0 ? 0 : ((late.at(-1)?.atUs ?? 0) - grantedUs) / 1_000;
  return `${late.length} times, up to ${Math.ceil(ms)} ms late`;
}

describe.each([
  ["SIGSTOP", stop],
  ["a blocked event loop", block],
])("a holder that stands still by %s", (how, standStill) => {
  test.each([
    ["no grace", 0],
    ["the least grace", 1],
  ])("[S12] with %s believes in no grant that is over, and its late write is refused", async (what, graceMs) => {
    const lines = await Promise.all(
      [1, 2].map(async (share) => {
        const { holder, next, fence } = await holderAndNext(graceMs);
        expect(await standStill(holder, share * deadMs)).toMatchObject({ is: "over", code: "SESSION_ENDED" });
        const granted = await next.hears("granted");
        expect(granted.fence).toBeGreaterThan(fence);
        expect(await next.answers({ do: "write", blindly: false }, "accepted", "refused")).toMatchObject({
          is: "accepted",
        });
        expect(await holder.answers({ do: "write", blindly: false }, "accepted", "refused", "over")).toMatchObject({
          is: "over",
        });
        // A work that does not ask at all: the resource is the last to stop it [F2].
        expect(await holder.answers({ do: "write", blindly: true }, "accepted", "refused")).toMatchObject({
          is: "refused",
          fence,
          highest: granted.fence,
        });
        const { notes } = await holder.answers({ do: "tell notes" }, "notes");
        const asked = overlap(notes, (note) => note.asked, granted.atUs);
        expect(asked).toMatch(/^0 times/);
        const untold = overlap(notes, (note) => note.untold, granted.atUs);
        return `${how} for ${share} × the dead time, ${what}: overlap of a plain timer ${untold}; of one that asks ${asked}`;
      }),
    );
    console.log(lines.join("\n"));
  });

  test("[S12] for half the dead time holds on exactly when the hub says so", async () => {
    await Promise.all(
      [0, 1, 60_000].map(async (graceMs) => {
        const { holder, next, fence } = await holderAndNext(graceMs);
        const answer = await standStill(holder, deadMs / 2);
        const isHolding = answer.is === "holding";
        if (isHolding) {
          expect(await holder.answers({ do: "write", blindly: false }, "accepted", "over")).toMatchObject({ fence });
          expect(next.said("granted")).toEqual([]);
        } else {
          expect((await next.hears("granted")).fence).toBeGreaterThan(fence);
        }
        console.log(`${how} for ½ × the dead time, grace ${graceMs} ms: ${isHolding ? "held on" : "over"}`);
      }),
    );
  });

  test("[S4] with grace for it resumes, and holds on", async () => {
    await Promise.all(
      [1, 2].map(async (share) => {
        const { holder, next, fence } = await holderAndNext(60_000);
        expect(await standStill(holder, share * deadMs)).toMatchObject({ is: "holding", fence });
        if (share === 2) await holder.hears("resumed");
        expect(await holder.answers({ do: "write", blindly: false }, "accepted", "over")).toMatchObject({ fence });
        expect(holder.said("renewed")).toEqual([]);
        holder.tell({ do: "release" });
        expect((await next.hears("granted")).fence).toBeGreaterThan(fence);
      }),
    );
  });
});
