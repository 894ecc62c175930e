// What the hub remembers of a success, and who may use it [O6]–[O9], through real sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

const pull = { operation: "pull" };
const fresh = { operation: "pull", freshMs: 60_000 };

async function succeed(wire: Wire, resource: string, result: string, operation = "pull") {
  const { id, fence } = await wire.granted(resource, { operation });
  await wire.released(id, "success", { result });
  return fence;
}

describe("what is remembered", () => {
  it("[O6] the last success, with operation, node, fence, result and age", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "old");
    const fence = await succeed(b, "r", "new");
    const outcome = { operation: "pull", node: "b", fence, ageMs: expect.any(Number), result: "new" };
    expect((await hub.view("r"))?.outcome).toEqual(outcome);
  });

  it("[O6] everyone who asks gets the same answer", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const fence = await succeed(a, "r", "done");
    for (const asker of [b, c, b, a, b]) {
      const id = asker.acquire("r", fresh);
      expect(await asker.answer(id, "skipped")).toMatchObject({ by: "a", fence, result: "done" });
    }
  });

  it("[O6] an exclusive holder's success, but no shared or permit holder's", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.released((await a.granted("x", { mode: "exclusive" })).id, "success");
    await a.released((await a.granted("s", { mode: "shared" })).id, "success");
    await a.released((await a.granted("p", { mode: "permit", limit: 1 })).id, "success");
    expect((await hub.view("x"))?.outcome).toMatchObject({ operation: "run", node: "a" });
    expect(await hub.view("s")).toBeUndefined();
    expect(await hub.view("p")).toBeUndefined();
  });

  it.each(["failure", "none"] as const)("[O6] no %s", async (outcome) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.released((await a.granted("r", pull)).id, outcome);
    expect(await hub.view("r")).toBeUndefined();
    await b.granted("r", fresh);
  });

  it("[O6] for outcomeTtlMs and no longer", async () => {
    await using hub = await hubWith({ outcomeTtlMs: 50 });
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "done");
    await hub.pass(60);
    await b.granted("r", fresh);
  });

  it("[O6][B1] within a bounded number, oldest out first", async () => {
    await using hub = await hubWith({ limits: { outcomesMax: 2 } });
    const a = await hub.node("a");
    for (const resource of ["r1", "r2", "r3"]) await succeed(a, resource, resource);
    expect(await hub.view("r1")).toBeUndefined();
    expect(await hub.view("r2")).toMatchObject({ outcome: { result: "r2" } });
    expect(await hub.view("r3")).toMatchObject({ outcome: { result: "r3" } });
  });

  it("[O6][B1] within bounded bytes, oldest out first", async () => {
    await using hub = await hubWith({ limits: { outcomesBytesMax: 30_000 } });
    const a = await hub.node("a");
    for (const resource of ["r1", "r2", "r3"]) await succeed(a, resource, "x".repeat(12_000));
    expect(await hub.view("r1")).toBeUndefined();
    expect(await hub.view("r3")).toMatchObject({ outcome: { node: "a" } });
  });
});

describe("who is skipped by it", () => {
  it("[O7] a once request that finds the resource free", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const fence = await succeed(a, "r", "done");
    const id = b.acquire("r", fresh);
    expect(await b.answer(id, "skipped")).toEqual({
      type: "skipped",
      id,
      by: "a",
      fence,
      result: "done",
      ageMs: expect.any(Number),
    });
    expect(await hub.view("r")).toMatchObject({ holding: 0 });
  });

  it("[O7] a once request that finds the resource held by anyone", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const fence = await succeed(a, "r", "done");
    const held = await c.granted("r", { mode: "shared" });
    expect(await b.answer(b.acquire("r", fresh), "skipped")).toMatchObject({ fence });
    await c.released(held.id, "none");
    await c.granted("r", pull);
    expect(await b.answer(b.acquire("r", fresh), "skipped")).toMatchObject({ fence });
  });

  it("[O7] nobody whose freshMs is less than its age", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "done");
    await hub.pass(40);
    await b.granted("r", { ...pull, freshMs: 30 });
    const [c] = await hub.nodes("c");
    const skipped = await c.answer(c.acquire("r", fresh), "skipped");
    expect(skipped.ageMs).toBeGreaterThanOrEqual(39);
  });

  it("[O7] nobody who does not say freshMs", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "done");
    await b.granted("r", pull);
  });

  it("[O7] no other operation and no other mode", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "done");
    for (const mode of ["exclusive", "shared"] as const) {
      const { id } = await b.granted("r", { ...fresh, mode });
      await b.released(id, "none");
    }
    await b.granted("r", { operation: "pull@2", freshMs: 60_000 });
  });
});

describe("when it is forgotten", () => {
  it.each(["once", "exclusive"] as const)("[O8] when a %s request of another operation is granted", async (mode) => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await succeed(a, "r", "done");
    await b.granted("r", { operation: "delete", mode });
    b.terminate();
    await hub.viewWhen("r", (view) => view === undefined);
    await c.granted("r", fresh);
  });

  it("[O8] not before: a request that only waits forgets nothing", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await succeed(a, "r", "done");
    const reader = await a.granted("r", { mode: "shared" });
    await b.queued("r", { operation: "delete" });
    await c.answer(c.acquire("r", fresh), "skipped");
    await a.released(reader.id, "none");
    await b.next("granted");
    await c.queued("r", fresh);
  });

  it("[O8] when its own operation fails, not when it only runs again", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await succeed(a, "r", "done");
    const again = await b.granted("r", pull);
    await c.answer(c.acquire("r", fresh), "skipped");
    await b.released(again.id, "failure");
    expect(await hub.view("r")).toBeUndefined();
    await c.granted("r", fresh);
  });

  it("[O8] by forget", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await succeed(a, "r", "done");
    expect((await hub.http("DELETE", "/v1/resource/outcome?name=r")).status).toBeLessThan(300);
    expect(await hub.view("r")).toBeUndefined();
    await b.granted("r", fresh);
  });
});

describe("skips are sound", () => {
  const ends: { what: string; fields: { holdMs?: number }; end: (holder: Wire, id: number) => void }[] = [
    { what: "none", fields: {}, end: (holder, id) => holder.release(id, "none") },
    { what: "a failure without an error", fields: {}, end: (holder, id) => holder.release(id, "failure") },
    {
      what: "a failure with an empty error",
      fields: {},
      end: (holder, id) => holder.release(id, "failure", { error: { message: "" } }),
    },
    { what: "a cancel", fields: {}, end: (holder, id) => holder.send({ type: "cancel", id }) },
    { what: "a bye", fields: {}, end: (holder) => holder.send({ type: "bye" }) },
    { what: "a lost socket", fields: {}, end: (holder) => holder.terminate() },
    { what: "an expired hold", fields: { holdMs: 400 }, end: () => {} },
  ];

  it.each(ends)("[O9] nobody is skipped by $what", async ({ fields, end }) => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r", { ...pull, ...fields });
    await b.queued("r", pull);
    await c.queued("r", pull);
    end(a, id);
    await b.next("granted");
    await c.expectSilence();
    await b.expectSilence();
  });

  it("[O9] a success said after the grant was taken back skips nobody", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id } = await a.granted("r", { ...pull, holdMs: 400 });
    await b.queued("r", pull);
    await c.queued("r", pull);
    await a.answer(id, "lost");
    await b.next("granted");
    a.release(id, "success", { result: "late" });
    expect(await a.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    await b.expectSilence();
    await c.expectSilence();
  });

  it("[O9] a skip names the fence at which success was said", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const first = await a.granted("r", pull);
    await b.queued("r", pull);
    await c.queued("r", pull);
    await a.released(first.id, "failure");
    const second = await b.next("granted");
    await b.released(second.id, "success");
    expect(await c.next("skipped")).toMatchObject({ by: "b", fence: second.fence });
  });
});
