// A process that stands still while it holds, at every moment of the heartbeat: what it may still believe when it goes on. The
// real hub and the real SDK, on a time that the test moves.
import { describe, expect, it } from "vitest";
import { createTestHub, type TestHubSettings } from "../../client/testing/index.ts";

const heartbeatMs = 5_000;
const deadMs = 3 * heartbeatMs;

type Case = { graceMs: number; settings?: TestHubSettings };

/** Stops the holder for that long, so many milliseconds after its grant, with another node waiting. */
async function pausedWorld({ graceMs, settings = {} }: Case, afterMs: number, pauseMs: number) {
  const testHub = createTestHub({ heartbeatMs, ...settings });
  const [a, b] = [await testHub.connect({ node: "a", graceMs }), await testHub.connect({ node: "b" })];
  await testHub.clock.advance(777);
  const lock = await a.lock("x");
  const { fence } = lock;
  void b.lock("x").catch(() => {});
  await testHub.clock.advance(afterMs);
  testHub.freeze("a");
  await testHub.clock.advance(pauseMs);
  const isHolder = () => testHub.view("x")?.holders[0]?.fence === fence;
  return { testHub, lock, isHolder, [Symbol.asyncDispose]: () => testHub.close() };
}

const offsetsMs = Array.from({ length: 21 }, (_, place) => 1 + place * 503);

describe.each<[what: string, of: Case]>([
  ["without grace", { graceMs: 0 }],
  ["with the least grace", { graceMs: 1 }],
  ["with long grace", { graceMs: 60_000 }],
  ["with a lock delay", { graceMs: 0, settings: { lockDelayMs: 15_000 } }],
])("a holder %s", (_what, of) => {
  it("[S12] that stood still for half the dead time holds on, and its work does not notice", async () => {
    for (const afterMs of offsetsMs) {
      await using world = await pausedWorld(of, afterMs, deadMs / 2);
      world.testHub.thaw("a");
      expect([afterMs, world.lock.held, world.isHolder()]).toEqual([afterMs, true, true]);
      await world.testHub.clock.advance(3 * deadMs);
      expect([afterMs, world.lock.held, world.lock.signal.aborted]).toEqual([afterMs, true, false]);
    }
  });

  it.each([1, 1.2, 1.5, 2, 3, 4, 6])(
    "[S12] that stood still for %d × the dead time believes in no grant that is over",
    async (share) => {
      for (const afterMs of offsetsMs) {
        await using world = await pausedWorld(of, afterMs, deadMs * share);
        const wasHolder = world.isHolder();
        world.testHub.thaw("a");
        // Asked before anything that came meanwhile is read.
        if (!wasHolder) expect(() => world.lock.fence).toThrow("may have granted to another");
        else if (world.lock.held) expect(world.lock.fence).toBeGreaterThan(0);
      }
    },
  );

  it.each([1, 1.5, 2, 3])("[S12] that stood still for %d × the dead time and does not ask is told", async (share) => {
    for (const afterMs of offsetsMs) {
      await using world = await pausedWorld(of, afterMs, deadMs * share);
      const { signal } = world.lock;
      world.testHub.thaw("a");
      await world.testHub.clock.advance(1);
      expect([afterMs, world.lock.held]).toEqual([afterMs, !signal.aborted]);
      if (!world.isHolder()) expect([afterMs, signal.aborted]).toEqual([afterMs, true]);
      await world.testHub.clock.advance(deadMs);
      expect([afterMs, world.lock.held]).toEqual([afterMs, world.isHolder()]);
    }
  });
});

describe("a holder with grace for the pause", () => {
  it("[S4] resumes, and its work does not notice", async () => {
    for (const afterMs of offsetsMs) {
      await using world = await pausedWorld({ graceMs: 60_000 }, afterMs, 2 * deadMs);
      world.testHub.thaw("a");
      await world.testHub.clock.advance(deadMs);
      expect([afterMs, world.lock.held, world.isHolder()]).toEqual([afterMs, true, true]);
    }
  });
});
