// The SDK and a hub that runs, when the way between them breaks: by a cut, in silence, and by a restart.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { HubAndNodes, next } from "./hub-and-nodes.ts";

let there: HubAndNodes;

beforeEach(async () => {
  there = await HubAndNodes.start();
});

afterEach(() => there[Symbol.asyncDispose]());

describe("a connection that breaks", () => {
  it("[S3] loses what is held without grace, and what waits asks again", async () => {
    const way = await there.way();
    const [a, b] = [await there.node("a"), await there.node("b", {}, way.url)];
    const lost = await b.lock("lost");
    const held = await a.lock("held");
    const queued = Promise.withResolvers<void>();
    const waiting = b.lock("held", { onQueued: () => queued.resolve() });
    await queued.promise;
    const renewed = next(b, "renewed");
    way.cut();
    expect(await lost.lost).toMatchObject({ code: "SESSION_ENDED" });
    expect((await a.lock("lost", { waitMs: 5_000 })).fence).toBeGreaterThan(0);
    await renewed;
    await held.release();
    expect((await waiting).held).toBe(true);
  });

  it("[S4][S9] with grace keeps what is held and what waits, and says what was decided meanwhile", async () => {
    const way = await there.way();
    const a = await there.node("a");
    const b = await there.node("b", { graceMs: 10_000 }, way.url);
    const [lock, released] = [await b.lock("x"), await b.lock("y")];
    const [{ fence }, session] = [lock, b.session];
    const resumed = next(b, "resumed");
    const disconnected = next(b, "disconnected");
    way.cut();
    await disconnected;
    const releasing = released.release();
    expect(lock.held).toBe(true);
    await resumed;
    await releasing;
    expect(b.session).toBe(session);
    expect([lock.held, lock.fence]).toEqual([true, fence]);
    expect(await a.tryLock("x")).toBeUndefined();
    expect(await a.tryLock("y")).toBeDefined();
    await lock.done("r");
  });

  it("[S2] that falls silent is given up and replaced", async () => {
    await using there = await HubAndNodes.start({ heartbeatMs: 500 });
    const way = await there.way();
    const hub = await there.node("b", { graceMs: 10_000 }, way.url);
    const lock = await hub.lock("x");
    const resumed = next(hub, "resumed");
    const disconnected = next(hub, "disconnected");
    way.stall();
    expect(await disconnected).toMatchObject({ reason: "nothing came for 1000 ms" });
    await resumed;
    expect(lock.held).toBe(true);
    await lock.done();
  });

  it("[S8] that the hub has not missed is taken over at once, without grace too", async () => {
    await using there = await HubAndNodes.start({ heartbeatMs: 500 });
    const way = await there.way();
    const hub = await there.node("b", {}, way.url);
    const lock = await hub.lock("x");
    const renewed = next(hub, "renewed");
    way.stall();
    expect(await lock.lost).toMatchObject({ code: "SESSION_ENDED" });
    await renewed;
    expect((await hub.lock("x", { waitMs: 5_000 })).fence).toBeGreaterThan(0);
  });

  it("[S13] for a hub that is stopped and started again comes back by itself", async () => {
    const hub = await there.node("a", { graceMs: 10_000 });
    const lock = await hub.lock("x");
    const renewed = next(hub, "renewed");
    const left = next(hub, "leaving");
    let asking = Promise.resolve(lock);
    await there.restart(async () => {
      expect(await left).toMatchObject({ graceMs: 0 });
      expect(await lock.lost).toMatchObject({ code: "SESSION_ENDED" });
      asking = hub.lock("x");
    });
    await renewed;
    expect((await asking).held).toBe(true);
  });

  it("[S13] loses nothing to a restart of a hub that keeps what it knows, though no grace was asked for", async () => {
    const data = await mkdtemp(join(tmpdir(), "baton-"));
    onTestFinished(() => rm(data, { recursive: true }));
    await using there = await HubAndNodes.start({ engine: "durable", data });
    const hub = await there.node("a");
    const [held, done] = [await hub.lock("held"), await hub.lock("done")];
    const [{ fence }, resumed] = [held, next(hub, "resumed")];
    let [saying, asking] = [Promise.resolve(), Promise.resolve(held)];
    await there.restart(async () => {
      saying = done.done({ bytes: 3 });
      asking = hub.lock("asked");
    });
    await resumed;
    await saying;
    expect((await asking).held).toBe(true);
    expect([held.held, held.fence]).toEqual([true, fence]);
    expect((await hub.info("done"))?.outcome).toMatchObject({ result: { bytes: 3 } });
  });
});
