// Answers that no lost socket loses [S9], within one hub's life, through real sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

const grace = { graceMs: 60_000 };

/** Holds a resource for a moment, among the pings of the hub. */
async function release(wire: Wire, resource: string): Promise<number> {
  const id = wire.acquire(resource);
  await wire.find((message) => message.type === "granted" && message.id === id);
  wire.release(id, "none");
  await wire.find((message) => message.type === "released" && message.id === id);
  return id;
}

/** Answers a ping, and makes sure that the answer has arrived. */
async function acknowledge(wire: Wire, n: number): Promise<void> {
  wire.send([{ type: "pong", n }, { type: "ping" }]);
  await wire.find((message) => message.type === "pong");
}

describe("on resume", () => {
  it("[S9] lastId is the highest request id received, and every live request is told as it is", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    await holder.granted("busy");
    const a = await hub.node("a", grace);
    const first = await a.granted("r", { id: 3 });
    const second = await a.granted("s", { id: 10, holdMs: 60_000 });
    await a.queued("busy", { id: 12 });
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ resumed: true, lastId: 12 });
    const told = [await again.next(), await again.next(), await again.next()];
    expect(told).toContainEqual(expect.objectContaining({ type: "granted", id: 3, fence: first.fence }));
    expect(told).toContainEqual(expect.objectContaining({ type: "granted", id: 10, fence: second.fence }));
    expect(told).toContainEqual(expect.objectContaining({ type: "queued", id: 12, position: 1 }));
    await again.expectSilence();
  });

  it("[S9] a final answer given while nobody listened is told", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const other = await holder.granted("s");
    const a = await hub.node("a", grace);
    await a.queued("r");
    await a.queued("s");
    a.terminate();
    await hub.viewWhen("r", (view) => view?.queue[0]?.detached === true);
    await holder.released(held.id, "success", { result: 42 });
    await holder.released(other.id, "failure", { retry: false, error: { message: "gone" } });
    const again = await hub.resume("a", a, grace);
    expect(await again.next("skipped")).toMatchObject({ id: 1, by: "holder", fence: held.fence, result: 42 });
    expect(await again.next("failed")).toMatchObject({ id: 2, code: "OPERATION_FAILED", error: { message: "gone" } });
    await again.expectSilence();
  });

  it("[S9] a grant that expired meanwhile is told as lost", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const { id } = await a.granted("r", { holdMs: 40 });
    a.terminate();
    await hub.viewWhen("r", (view) => view === undefined);
    const again = await hub.resume("a", a, grace);
    expect(await again.answer(id, "lost")).toMatchObject({ code: "LOCK_EXPIRED" });
    await again.expectSilence();
  });

  it.each(["released", "skipped", "failed"] as const)(
    "[S9] %s that was not acknowledged is told again",
    async (type) => {
      await using hub = await hubWith();
      const a = await hub.node("a", grace);
      const holder = await hub.node("holder");
      if (type === "released") await a.released((await a.granted("r")).id, "none");
      else {
        const held = await holder.granted("r");
        const id = a.acquire("r", { waitMs: type === "failed" ? 0 : 60_000 });
        if (type === "skipped") {
          await a.answer(id, "queued");
          holder.release(held.id, "success");
        }
        await a.answer(id, type);
      }
      const again = await hub.resume("a", a, grace);
      expect(await again.next(type)).toMatchObject({ id: 1 });
      await again.expectSilence();
      const third = await hub.resume("a", again, grace);
      expect(await third.next(type)).toMatchObject({ id: 1 });
    },
  );

  it("[S9] what a pong acknowledged is not told again, what was answered after its ping is", async () => {
    await using hub = await hubWith({ heartbeatMs: 150 });
    const a = await hub.node("a", grace);
    a.answersPings = false;
    await release(a, "r");
    a.drain();
    const ping = await a.next("ping");
    const second = await release(a, "r");
    await acknowledge(a, ping.n);
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ lastId: second });
    await again.answer(second, "released");
    await again.expectSilence();
  });

  it("[S9] a pong to a ping that was sent before an answer does not acknowledge it", async () => {
    await using hub = await hubWith({ heartbeatMs: 150 });
    const a = await hub.node("a", grace);
    a.answersPings = false;
    const early = await a.next("ping");
    const id = await release(a, "r");
    await acknowledge(a, early.n);
    const again = await hub.resume("a", a, grace);
    await again.answer(id, "released");
  });

  it("[S9] a session without grace keeps nothing", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.released((await a.granted("r")).id, "none");
    const again = await hub.resume("a", a);
    await again.expectSilence();
  });

  it("[S9] a release said again after the first one arrived is no second one", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const b = await hub.node("b");
    const { id } = await a.granted("r");
    await b.queued("r");
    await a.released(id, "failure");
    await b.next("granted");
    const again = await hub.resume("a", a, grace);
    await again.answer(id, "released");
    again.release(id, "failure");
    expect(await again.next("error")).toMatchObject({ id, code: "LOCK_NOT_HELD" });
    await b.expectSilence();
  });

  it("[S9][B1] all that is kept is told to one who reads late, though it is more than a socket takes", async () => {
    await using hub = await hubWith();
    const [holder, other] = await hub.nodes("holder", "other");
    const a = await hub.node("a", grace);
    const held = await holder.granted("r");
    const count = 900;
    for (let asked = 0; asked < count; asked += 1) a.acquire("r");
    for (let asked = 1; asked <= count; asked += 1) await a.answer(asked, "queued");
    a.terminate();
    await hub.viewWhen("r", (view) => view?.queue[0]?.detached === true);
    await holder.released(held.id, "success", { result: "x".repeat(16_000) });
    const again = await hub.connect();
    const { session, secret } = a.welcome!;
    again.send({ type: "hello", node: "a", resume: { session, secret } });
    again.pause();
    for (let turn = 0; turn < 10; turn += 1) await other.expectSilence();
    again.unpause();
    await again.next("welcome");
    for (let id = 1; id <= count; id += 1) await again.answer(id, "skipped");
    await again.expectSilence();
  });

  it("[S9] there is a ping at least every 1,000 answers", async () => {
    await using hub = await hubWith({ heartbeatMs: 600_000 });
    const holder = await hub.node("holder");
    await holder.granted("r");
    const a = await hub.node("a", grace);
    a.answersPings = false;
    for (let sent = 0; sent < 2_000; sent += 1) a.acquire("r", { waitMs: 0 });
    for (let heard = 0; heard < 2_000; heard += 1) {
      await a.find((message) => message.type === "failed");
    }
    const pings = a.drain();
    expect(pings.length).toBeGreaterThanOrEqual(1);
    for (const ping of pings) expect(ping.type).toBe("ping");
  });
});
