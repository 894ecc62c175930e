// The rules of the fence [F1], [F2], through real sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";

describe("fences grow", () => {
  const ends: { what: string; end: (hub: HubInProcess, holder: Wire, id: number) => Promise<unknown> }[] = [
    { what: "a success", end: (_hub, holder, id) => holder.released(id, "success") },
    { what: "a failure", end: (_hub, holder, id) => holder.released(id, "failure") },
    { what: "none", end: (_hub, holder, id) => holder.released(id, "none") },
    {
      what: "a forced release",
      end: (hub) => hub.http("POST", "/v1/resource/release?name=r", { reason: "stuck" }),
    },
    { what: "a lost socket", end: async (_hub, holder) => holder.terminate() },
  ];

  it.each(ends)("[F1] over $what", async ({ end }) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const first = await a.granted("r", { mode: "exclusive" });
    const waiter = await b.queued("r", { mode: "exclusive" });
    await end(hub, a, first.id);
    expect((await b.answer(waiter.id, "granted")).fence).toBeGreaterThan(first.fence);
  });

  it("[F1] over times when the resource is gone", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    let last = 0;
    for (let round = 0; round < 50; round += 1) {
      const { id, fence } = await a.granted("r");
      expect(fence).toBeGreaterThan(last);
      last = fence;
      await a.released(id, "none");
      expect(await hub.view("r")).toBeUndefined();
    }
  });

  it("[F1] for shared holders that come one after another", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const first = await a.granted("r", { mode: "shared" });
    const second = await b.granted("r", { mode: "shared" });
    expect(second.fence).toBeGreaterThan(first.fence);
  });

  it("[F1] over a restart of the memory engine, which starts at the wall clock in microseconds", async () => {
    let last = 0;
    for (let start = 0; start < 3; start += 1) {
      const beforeUs = Date.now() * 1_000;
      await using hub = await hubWith();
      const a = await hub.node("a");
      const { fence } = await a.granted("r");
      expect(fence).toBeGreaterThan(last);
      expect(fence).toBeGreaterThanOrEqual(beforeUs);
      expect(fence).toBeLessThan((Date.now() + 60_000) * 1_000);
      last = fence;
    }
  });
});

describe("fences protect", () => {
  it("[F2] a fence is an integer below 2^53", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { fence } = await a.granted("r");
    expect(Number.isSafeInteger(fence)).toBe(true);
  });

  it("[F2] a request id is of its own session: nobody ends another's grant", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id, fence } = await a.granted("r", { holdMs: 60_000 });
    b.send([
      { type: "release", id, outcome: "success" },
      { type: "extend", id, holdMs: 0 },
      { type: "progress", id, done: 1 },
      { type: "cancel", id },
    ]);
    for (let refused = 0; refused < 3; refused += 1) {
      expect(await b.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    }
    b.drain();
    await a.expectSilence();
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "a", fence }]);
    expect((await hub.view("r"))?.holders[0]).not.toHaveProperty("progress");
  });

  it("[F2] an old holder cannot end a new one's grant", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const old = await a.granted("r", { holdMs: 300 });
    await b.queued("r");
    await a.answer(old.id, "lost");
    const held = await b.next("granted");
    a.release(old.id, "failure");
    expect(await a.next("error")).toMatchObject({ code: "LOCK_NOT_HELD" });
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "b", fence: held.fence }]);
    await b.expectSilence();
  });
});
