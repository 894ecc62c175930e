// How many words are said, and in how many frames: counted on a thousand sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

const names = Array.from({ length: 1_000 }, (_, place) => `waiter-${place}`);
const framesHeard = (wires: readonly Wire[]) => wires.reduce((sum, wire) => sum + wire.frames.length, 0);
const messagesHeard = (wires: readonly Wire[]) => wires.reduce((sum, wire) => sum + wire.frames.flat().length, 0);

describe("a thousand waiters", () => {
  it("[O2][O1] one failure is one message, to the head; one success is exactly one message to each", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const waiters: Wire[] = [];
    for (let first = 0; first < names.length; first += 100) {
      waiters.push(...(await hub.nodes(...names.slice(first, first + 100))));
    }
    for (const waiter of waiters) await waiter.queued("r");
    const [head, ...rest] = waiters;
    if (head === undefined) throw new Error("unreachable");

    const before = { frames: framesHeard(waiters), messages: messagesHeard(waiters) };
    await holder.released(held.id, "failure");
    const { id, fence } = await head.next("granted");
    await Promise.all(waiters.map((waiter) => waiter.expectSilence()));
    const pongs = waiters.length;
    expect(framesHeard(waiters) - before.frames).toBe(1 + pongs);
    expect(messagesHeard(waiters) - before.messages).toBe(1 + pongs);

    const restBefore = { frames: framesHeard(rest), messages: messagesHeard(rest) };
    await head.released(id, "success", { result: "done" });
    const skips = await Promise.all(rest.map((waiter) => waiter.next("skipped")));
    for (const skip of skips) expect(skip).toMatchObject({ id: 1, by: "waiter-0", fence, result: "done" });
    await Promise.all(waiters.map((waiter) => waiter.expectSilence()));
    expect(framesHeard(rest) - restBefore.frames).toBe(2 * rest.length);
    expect(messagesHeard(rest) - restBefore.messages).toBe(2 * rest.length);
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 0 });
  });
});

describe("many messages of one moment", () => {
  it("are answered in one frame when they came in one", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const before = a.frames.length;
    a.send(Array.from({ length: 100 }, (_, place) => ({ type: "acquire", id: place + 1, resource: `r${place}` })));
    for (let id = 1; id <= 100; id += 1) await a.answer(id, "granted");
    expect(a.frames.length - before).toBe(1);
  });

  it("are said in one frame when one step made them", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const held = await a.granted("r");
    b.send(Array.from({ length: 100 }, (_, place) => ({ type: "acquire", id: place + 1, resource: "r" })));
    for (let id = 1; id <= 100; id += 1) await b.answer(id, "queued");
    const before = b.frames.length;
    await a.released(held.id, "success");
    for (let id = 1; id <= 100; id += 1) await b.answer(id, "skipped");
    expect(b.frames.length - before).toBe(1);
  });

  it("[B1] are never in a frame over frameBytes", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const held = await a.granted("r");
    b.send(Array.from({ length: 50 }, (_, place) => ({ type: "acquire", id: place + 1, resource: "r" })));
    for (let id = 1; id <= 50; id += 1) await b.answer(id, "queued");
    const before = b.frames.length;
    await a.released(held.id, "success", { result: "ä".repeat(8_000) });
    for (let id = 1; id <= 50; id += 1) await b.answer(id, "skipped");
    for (const frame of b.frames.slice(before)) {
      expect(Buffer.byteLength(JSON.stringify(frame.length === 1 ? frame[0] : frame))).toBeLessThanOrEqual(65_536);
    }
  });
});
