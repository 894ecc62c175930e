// The hub that users test with: the real hub and the real SDK in memory, on a time that stands still until it is moved.
import { afterEach, describe, expect, it, test, vi } from "vitest";
import type { HubEvents } from "../../../client/index.ts";
import { createTestHub, type TestHub, type TestHubSettings } from "../../../client/testing/index.ts";
import { watch } from "../fake-network.ts";

const made: TestHub[] = [];

afterEach(async () => {
  for (const testHub of made.splice(0)) await testHub.close();
});

function hubWith(settings?: TestHubSettings): TestHub {
  const testHub = createTestHub(settings);
  made.push(testHub);
  return testHub;
}

const eventNames = ["disconnected", "retrying", "resumed", "renewed", "leaving"] as const;

/** The names of what happens to a node from now on, in order. */
function eventsOf(hub: { on(name: keyof HubEvents, listener: () => void): unknown }): string[] {
  const heard: string[] = [];
  for (const name of eventNames) hub.on(name, () => heard.push(name));
  return heard;
}

test("the next node takes over, and a late write of the old one is refused", async () => {
  await using testHub = createTestHub();
  const a = await testHub.connect({ node: "a", graceMs: 15_000 });
  const b = await testHub.connect({ node: "b" });
  const lock = await a.lock("db-migrate");
  const waiting = b.lock("db-migrate");

  testHub.freeze("a");
  await testHub.clock.advance(60_000);
  const next = await waiting;
  testHub.thaw("a");

  expect(lock.held).toBe(false);
  expect(() => lock.fence).toThrow("may have granted to another");
  expect(testHub.view("db-migrate")?.holders).toMatchObject([{ node: "b", fence: next.fence }]);
});

describe("a test hub", () => {
  it("needs no time for what needs none: grants, skips, queues and views", async () => {
    const testHub = hubWith();
    const [a, b, c] = await Promise.all([testHub.connect(), testHub.connect(), testHub.connect()]);
    expect([a.node, b.node, c.node]).toEqual(["node-1", "node-2", "node-3"]);
    const end = Promise.withResolvers<string>();
    const first = a.once("x", { operation: "pull" }, () => end.promise);
    const queued = Promise.withResolvers<void>();
    const second = b.once("x", { operation: "pull", onQueued: () => queued.resolve() }, () => expect.unreachable());
    await queued.promise;
    expect(testHub.view("x")).toMatchObject({ holding: 1, waiting: 1, queue: [{ node: "node-2" }] });
    expect(testHub.rows("x").map(({ resource }) => resource)).toEqual(["x"]);
    end.resolve("done");
    expect([await first, await second]).toMatchObject([
      { status: "done", by: "node-1" },
      { status: "skipped", by: "node-1", result: "done" },
    ]);
    expect(testHub.clock.nowMs()).toBe(0);
  });

  it("has the fences of a real one in size, which grow", async () => {
    const a = await hubWith().connect();
    const first = await a.lock("x");
    const { fence } = first;
    await first.release();
    const second = await a.lock("x");
    expect(fence).toBeGreaterThan(2 ** 48);
    expect(second.fence).toBeGreaterThan(fence);
  });

  it("answers what the SDK asks over HTTP", async () => {
    const testHub = hubWith();
    const a = await testHub.connect();
    const lock = await a.lock("x");
    expect((await a.info("x"))?.holders).toMatchObject([{ node: "node-1" }]);
    expect(await Array.fromAsync(a.list())).toMatchObject([{ resource: "x" }]);
    await a.forceRelease("x", { reason: "because" });
    expect(await lock.lost).toMatchObject({ code: "LOCK_REVOKED" });
    expect(await a.info("x")).toBeUndefined();
  });

  it("moves time for the hub and its nodes at once, each timer at its moment", async () => {
    const testHub = hubWith();
    const [a, b] = [await testHub.connect(), await testHub.connect()];
    const lock = await a.lock("x", { holdMs: 10_000 });
    const waiting = watch(b.lock("x", { waitMs: 4_000 }));
    const patient = watch(b.lock("x"));
    await testHub.clock.advance(3_999);
    expect(waiting.now).toBe("pending");
    await testHub.clock.advance(1);
    expect(waiting.error).toMatchObject({ code: "LOCK_TIMEOUT" });
    expect(lock.held).toBe(true);
    await testHub.clock.advance(6_000);
    expect(lock.held).toBe(false);
    expect(patient.now).toBe("resolved");
  });

  it("keeps idle sessions for a day that takes no time", async () => {
    const testHub = hubWith();
    const a = await testHub.connect();
    const events = eventsOf(a);
    const lock = await a.lock("x");
    await testHub.clock.advance(86_400_000);
    expect([lock.held, events]).toEqual([true, []]);
  });

  it("works where timers are faked", async () => {
    vi.useFakeTimers();
    try {
      const testHub = hubWith();
      const a = await testHub.connect();
      const lock = await a.lock("x", { holdMs: 1_000 });
      await testHub.clock.advance(1_000);
      expect(lock.held).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it("refuses two moves of time at once, and a time that is none", async () => {
    const { clock } = hubWith();
    const moving = clock.advance(1);
    await expect(clock.advance(1)).rejects.toThrow("await each");
    await moving;
    await expect(clock.advance(-1)).rejects.toThrow("milliseconds from 0");
    await expect(clock.advance(NaN)).rejects.toThrow("milliseconds from 0");
  });

  it("takes the settings of a hub and its bounds", async () => {
    const testHub = hubWith({ lockDelayMs: 3_000, limits: { resourceWaitersMax: 1 } });
    const [a, b] = [await testHub.connect({ node: "a" }), await testHub.connect()];
    await a.lock("x");
    testHub.kill("a");
    const waiting = watch(b.lock("x"));
    await expect(b.lock("x")).rejects.toMatchObject({ code: "QUEUE_FULL" });
    await testHub.clock.advance(2_999);
    expect(waiting.now).toBe("pending");
    await testHub.clock.advance(1);
    expect(waiting.now).toBe("resolved");
  });
});

describe("a node of a test hub", () => {
  it("[S4] that is dropped comes back with what it held", async () => {
    const testHub = hubWith();
    const a = await testHub.connect({ node: "a", graceMs: 15_000 });
    const lock = await a.lock("x");
    const events = eventsOf(a);
    testHub.drop("a");
    expect(testHub.sessions()).toMatchObject([{ node: "a", detached: false, requests: 1 }]);
    await testHub.clock.advance(0);
    expect(testHub.sessions()).toMatchObject([{ node: "a", detached: true }]);
    await testHub.clock.advance(100);
    expect(events).toEqual(["disconnected", "retrying", "resumed"]);
    expect(lock.held).toBe(true);
  });

  it("[S3] that is dropped without grace loses what it held to the next in line", async () => {
    const testHub = hubWith();
    const [a, b] = [await testHub.connect({ node: "a" }), await testHub.connect({ node: "b" })];
    const lock = await a.lock("x");
    const waiting = b.lock("x");
    const events = eventsOf(a);
    await testHub.clock.advance(0);
    testHub.drop("a");
    expect((await waiting).fence).toBe(testHub.view("x")?.holders[0]?.fence);
    expect(await lock.lost).toMatchObject({ code: "SESSION_ENDED" });
    await testHub.clock.advance(100);
    expect(events).toEqual(["disconnected", "retrying", "renewed"]);
  });

  it("[S2] that is mute is given up by both ends after their time, and comes back when it can", async () => {
    const testHub = hubWith();
    const a = await testHub.connect({ node: "a", graceMs: 30_000 });
    const lock = await a.lock("x");
    const events = eventsOf(a);
    testHub.mute("a");
    await testHub.clock.advance(9_000);
    expect(events).toEqual([]);
    await testHub.clock.advance(7_000);
    expect(events[0]).toBe("disconnected");
    expect(testHub.sessions()).toMatchObject([{ detached: true }]);
    testHub.unmute("a");
    await testHub.clock.advance(10_000);
    expect(events.at(-1)).toBe("resumed");
    expect(lock.held).toBe(true);
  });

  it("that is frozen for a moment goes on as if nothing had been", async () => {
    const testHub = hubWith();
    const a = await testHub.connect({ node: "a" });
    const lock = await a.lock("x");
    const events = eventsOf(a);
    testHub.freeze("a");
    await testHub.clock.advance(4_000);
    testHub.thaw("a");
    await testHub.clock.advance(60_000);
    expect([lock.held, events]).toEqual([true, []]);
  });

  it("that is killed says nothing any more, and its name is free for another", async () => {
    const testHub = hubWith();
    const a = await testHub.connect({ node: "a" });
    const events = eventsOf(a);
    await a.lock("x");
    testHub.kill("a");
    const again = await testHub.connect({ node: "a" });
    await again.lock("x");
    await testHub.clock.advance(60_000);
    expect(events).toEqual([]);
    expect(testHub.sessions()).toHaveLength(1);
  });

  it("[S8] whose name is taken waits until it is free", async () => {
    const testHub = hubWith();
    await testHub.connect({ node: "a", graceMs: 15_000 });
    testHub.kill("a");
    const connecting = watch(testHub.connect({ node: "a" }));
    await testHub.clock.advance(14_000);
    expect(connecting.now).toBe("pending");
    await testHub.clock.advance(10_000);
    expect(connecting.now).toBe("resolved");
  });

  it("that nobody has connected cannot be dropped", () => {
    expect(() => hubWith().drop("a")).toThrow('no node "a" was connected');
  });
});

describe("a test hub that ends", () => {
  it("[S13] as planned loses nothing when it starts again", async () => {
    const testHub = hubWith();
    const [a, b] = [await testHub.connect(), await testHub.connect()];
    const lock = await a.lock("x");
    const waiting = b.lock("x");
    const events = eventsOf(a);
    await testHub.stop();
    expect(events).toEqual(["leaving", "disconnected", "retrying"]);
    await testHub.clock.advance(1_000);
    testHub.start();
    await testHub.clock.advance(2_000);
    expect(events.at(-1)).toBe("resumed");
    expect(testHub.view("x")).toMatchObject({ holders: [{ fence: lock.fence }], queue: [{ node: "node-2" }] });
    await lock.release();
    expect((await waiting).fence).toBeGreaterThan(0);
  });

  it("[B6] by a crash keeps the sessions that have grace", async () => {
    const testHub = hubWith();
    const [a, b] = [await testHub.connect({ graceMs: 15_000 }), await testHub.connect()];
    const [kept, lost] = [await a.lock("x"), await b.lock("y")];
    const [eventsOfA, eventsOfB] = [eventsOf(a), eventsOf(b)];
    await testHub.crash();
    testHub.start();
    await testHub.clock.advance(1_000);
    expect([kept.held, lost.held]).toEqual([true, false]);
    expect([eventsOfA.at(-1), eventsOfB.at(-1)]).toEqual(["resumed", "renewed"]);
  });

  it("[S11] and starts empty has new sessions for all, and fences that have grown", async () => {
    const testHub = hubWith();
    const a = await testHub.connect({ graceMs: 15_000 });
    const { fence, signal } = await a.lock("x");
    const events = eventsOf(a);
    await testHub.crash();
    testHub.start({ empty: true });
    await testHub.clock.advance(1_000);
    expect(signal.aborted).toBe(true);
    expect(events.at(-1)).toBe("renewed");
    expect((await a.lock("x")).fence).toBeGreaterThan(fence);
  });

  it("cannot be looked at, and its pages are not there", async () => {
    const testHub = hubWith();
    const a = await testHub.connect();
    await testHub.stop();
    expect(() => testHub.view("x")).toThrow("the test hub is stopped");
    await expect(a.info("x")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    testHub.start();
    expect(() => testHub.start()).toThrow("runs already");
  });

  it("closes whatever its nodes are at", async () => {
    const testHub = hubWith();
    const nodes = await Promise.all(["a", "b", "c", "d"].map((node) => testHub.connect({ node, graceMs: 15_000 })));
    const waiting = nodes.map((node) => watch(node.once("x", {}, () => new Promise(() => {}))));
    const late = watch(testHub.connect({ node: "a" }));
    testHub.freeze("a");
    testHub.mute("b");
    testHub.kill("c");
    testHub.drop("d");
    await testHub.close();
    expect([...waiting, late].map(({ now }) => now)).toEqual(Array(5).fill("rejected"));
    await testHub.close();
  });
});
