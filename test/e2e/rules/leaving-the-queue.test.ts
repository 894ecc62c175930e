// Leaving the queue and what is left behind [Q6]–[Q8], through real sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

describe("a waiter leaves", () => {
  const ways: { how: string; fields: { waitMs?: number }; leave: (waiter: Wire, id: number) => Promise<unknown> }[] = [
    {
      how: "is cancelled",
      fields: {},
      leave: async (waiter, id) => {
        waiter.send({ type: "cancel", id });
        expect(await waiter.answer(id, "failed")).toMatchObject({ code: "CANCELLED" });
      },
    },
    {
      how: "times out",
      fields: { waitMs: 400 },
      leave: async (waiter, id) => expect(await waiter.answer(id, "failed")).toMatchObject({ code: "LOCK_TIMEOUT" }),
    },
    { how: "loses its session", fields: {}, leave: async (waiter) => waiter.terminate() },
    { how: "says bye", fields: {}, leave: async (waiter) => waiter.send({ type: "bye" }) },
  ];

  it.each(ways)("[Q6] from the middle when it $how", async ({ fields, leave }) => {
    await using hub = await hubWith();
    const [a, b, c, d] = await hub.nodes("a", "b", "c", "d");
    const held = await a.granted("r");
    const first = await b.queued("r");
    const { id } = await c.queued("r", fields);
    await d.queued("r");
    await leave(c, id);
    await hub.viewWhen("r", (view) => view?.waiting === 2);
    expect(await hub.queue("r")).toEqual(["b", "d"]);
    await a.released(held.id, "none");
    await b.answer(first.id, "granted");
    await d.expectSilence();
    await b.released(first.id, "none");
    await d.next("granted");
  });

  it.each(ways)("[Q6][Q3] the head $how, and those behind it are granted at once", async ({ fields, leave }) => {
    await using hub = await hubWith();
    const [reader, writer, late] = await hub.nodes("reader", "writer", "late");
    await reader.granted("r", { mode: "shared" });
    const { id } = await writer.queued("r", { mode: "exclusive", ...fields });
    await late.queued("r", { mode: "shared" });
    await leave(writer, id);
    await late.next("granted");
    expect(await hub.view("r")).toMatchObject({ holding: 2, waiting: 0 });
    await reader.expectSilence();
  });

  it("[Q6] a cancel that the grant crossed releases the grant with none", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r");
    await b.queued("r");
    a.send({ type: "cancel", id });
    await a.answer(id, "released");
    const next = await b.next("granted");
    expect(next).toMatchObject({ attempt: 1 });
    expect(next.previous).toBeUndefined();
  });

  it("[Q6] the same id cancelled twice, or never asked, changes nothing", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    const { id } = await b.queued("r");
    b.send([
      { type: "cancel", id },
      { type: "cancel", id },
      { type: "cancel", id: 99 },
    ]);
    await b.answer(id, "failed");
    const rest = b.drain();
    for (const message of rest) expect(message).toMatchObject({ type: "error" });
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 0 });
    await a.expectSilence();
  });
});

describe("limits of permits", () => {
  it("[Q7] another limit fails while a permit holds", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r", { mode: "permit", limit: 2 });
    const id = b.acquire("r", { mode: "permit", limit: 3 });
    expect(await b.answer(id, "failed")).toMatchObject({ code: "LIMIT_MISMATCH" });
    await b.granted("r", { mode: "permit", limit: 2 });
  });

  it("[Q7] another limit fails while a permit only waits", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r", { mode: "exclusive" });
    await b.queued("r", { mode: "permit", limit: 2 });
    const id = c.acquire("r", { mode: "permit", limit: 1 });
    expect(await c.answer(id, "failed")).toMatchObject({ code: "LIMIT_MISMATCH" });
    expect(await hub.queue("r")).toEqual(["b"]);
  });

  it("[Q7] another limit is fine once no permit is alive", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r", { mode: "exclusive" });
    const waiter = await b.queued("r", { mode: "permit", limit: 2 });
    b.send({ type: "cancel", id: waiter.id });
    await b.answer(waiter.id, "failed");
    await c.queued("r", { mode: "permit", limit: 1 });
  });
});

describe("an idle resource", () => {
  const ends: { what: string; end: (holder: Wire, id: number) => Promise<unknown> }[] = [
    { what: "none", end: (holder, id) => holder.released(id, "none") },
    { what: "a failure", end: (holder, id) => holder.released(id, "failure") },
    { what: "a bye", end: async (holder) => holder.send({ type: "bye" }) },
    { what: "a lost socket", end: async (holder) => holder.terminate() },
  ];

  it.each(ends)("[Q8] is gone after $what", async ({ end }) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r");
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
    await end(a, id);
    await hub.viewWhen("r", (view) => view === undefined);
    expect((await hub.http("GET", "/v1/resources")).body).toEqual({ resources: [] });
  });

  it("[Q8] stays while an outcome is remembered, and is gone with it", async () => {
    await using hub = await hubWith({ outcomeTtlMs: 500 });
    const a = await hub.node("a");
    await a.released((await a.granted("r")).id, "success");
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 0, outcome: { node: "a" } });
    await hub.viewWhen("r", (view) => view === undefined);
  });

  it("[Q8] stays while a delay is in force, and is gone with it", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.released((await a.granted("r")).id, "failure", { retryAfterMs: 500 });
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 0, delayedMs: expect.any(Number) });
    await hub.viewWhen("r", (view) => view === undefined);
  });
});
