// Sessions that outlive their socket [S4], [S5], [S8], [S9], [S11], within one hub's life, through real sockets.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";

const grace = { graceMs: 60_000 };

/** Drops the socket of a node, and waits until the hub knows: it has then heard a newer socket, and shows a waiter so. */
async function detach(hub: HubInProcess, wire: Wire, name: string): Promise<void> {
  wire.terminate();
  const asker = await hub.connect();
  asker.send({ type: "hello", node: name });
  expect(await asker.closed).toMatchObject({ code: 4409 });
  await hub.viewWhen("r", (view) => view?.queue.every((entry) => entry.node !== name || entry.detached) ?? true);
}

describe("grace", () => {
  it.each([
    { asked: 0, inForce: 0 },
    { asked: 1, inForce: 30_000 },
    { asked: 45_000, inForce: 45_000 },
    { asked: 3_600_000, inForce: 60_000 },
  ])("[S4] of $asked ms asked for is $inForce ms in force", async ({ asked, inForce }) => {
    await using hub = await hubWith({ heartbeatMs: 10_000, graceMaxMs: 60_000 });
    const a = await hub.node("a", { graceMs: asked });
    expect(a.welcome).toMatchObject({ graceMs: inForce });
  });

  it("[S4] a resumed holder still holds, and nobody hears of it", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const b = await hub.node("b");
    const { id, fence } = await a.granted("r");
    await b.queued("r");
    await detach(hub, a, "a");
    await b.expectSilence();
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ resumed: true, session: a.welcome?.session, lastId: id });
    expect(await again.answer(id, "granted")).toMatchObject({ fence, attempt: 1 });
    await again.expectSilence();
    await b.expectSilence();
    await again.released(id, "success");
    await b.next("skipped");
  });

  it("[S4] a resumed waiter keeps its place", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const a = await hub.node("a", grace);
    const b = await hub.node("b");
    const { id } = await a.queued("r");
    await b.queued("r");
    await detach(hub, a, "a");
    expect(await hub.queue("r")).toEqual(["a", "b"]);
    const again = await hub.resume("a", a, grace);
    expect(await again.answer(id, "queued")).toMatchObject({ position: 1, holders: [{ node: "holder" }] });
    await holder.released(held.id, "none");
    await again.answer(id, "granted");
    await b.expectSilence();
  });

  it("[S4] ends the session when nobody resumes in time", async () => {
    await using hub = await hubWith({ heartbeatMs: 100 });
    const a = await hub.node("a", { graceMs: 1 });
    const b = await hub.node("b");
    await a.granted("r");
    await b.queued("r");
    const start = performance.now();
    a.terminate();
    expect(await b.next("granted")).toMatchObject({ attempt: 2, previous: { error: { code: "SESSION_ENDED" } } });
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
    const late = await hub.resume("a", a);
    expect(late.welcome).toMatchObject({ resumed: false });
  });

  it("[S4] stops with the resume, and starts anew with the next loss", async () => {
    await using hub = await hubWith({ heartbeatMs: 150 });
    const a = await hub.node("a", { graceMs: 1 });
    const { id, fence } = await a.granted("r");
    a.terminate();
    const again = await hub.resume("a", a, { graceMs: 1 });
    expect(await again.answer(id, "granted")).toMatchObject({ fence });
    await hub.pass(500);
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
    await again.expectSilence();
  });

  it("[S5] a detached waiter is passed over, and is first among its equals when it is back", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const a = await hub.node("a", grace);
    const [b, c] = await hub.nodes("b", "c");
    const { id } = await a.queued("r");
    await b.queued("r");
    await c.queued("r");
    await detach(hub, a, "a");
    await holder.released(held.id, "none");
    await b.next("granted");
    expect(await hub.queue("r")).toEqual(["a", "c"]);
    const again = await hub.resume("a", a, grace);
    await again.answer(id, "queued");
    await b.released(1, "none");
    await again.answer(id, "granted");
    await c.expectSilence();
  });

  it("[S5] a detached waiter that finds the resource free on its return is granted", async () => {
    await using hub = await hubWith();
    const holder = await hub.node("holder");
    const held = await holder.granted("r");
    const a = await hub.node("a", grace);
    const { id } = await a.queued("r");
    await detach(hub, a, "a");
    await holder.released(held.id, "none");
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 1 });
    const again = await hub.resume("a", a, grace);
    await again.find((message) => message.type === "granted" && message.id === id);
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 0 });
  });
});

describe("taking over", () => {
  it("[S8] a resume takes a live session over, and the old socket is closed with 4410", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const b = await hub.node("b");
    const { id, fence } = await a.granted("r");
    await b.queued("r");
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ resumed: true });
    expect(await a.closed).toMatchObject({ code: 4410 });
    expect(await again.answer(id, "granted")).toMatchObject({ fence });
    await again.expectSilence();
    await b.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 1 });
  });

  it("[S8] nothing that the old socket says touches the session any more", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const { id, fence } = await a.granted("r");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const again = await hub.connect();
    again.send({ type: "hello", node: "a", resume: { session, secret }, ...grace });
    await again.next("welcome");
    a.release(id, "success");
    a.send({ type: "bye" });
    await a.closed;
    expect(await again.answer(id, "granted")).toMatchObject({ fence });
    await again.expectSilence();
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "a", fence }]);
  });

  it("[S8] of many resumes at once exactly one is left, and the holder holds on", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const { id, fence } = await a.granted("r");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const racers = await Promise.all(Array.from({ length: 20 }, () => hub.connect()));
    for (const racer of racers) racer.send({ type: "hello", node: "a", resume: { session, secret }, ...grace });
    for (const racer of racers) expect(await racer.next("welcome")).toMatchObject({ resumed: true, session });
    const codes: number[] = [];
    const allButOne = new Promise<void>((resolve) => {
      for (const racer of [a, ...racers]) {
        void racer.closed.then(({ code }) => (codes.push(code) === racers.length ? resolve() : undefined));
      }
    });
    await allButOne;
    await hub.pass(20);
    expect(codes).toEqual(Array.from({ length: 20 }, () => 4410));
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "a", id, fence }]);
  });

  it("[S11] a resume with a wrong secret is closed with 4401 and changes nothing", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    await a.granted("r");
    const session = a.welcome?.session ?? "";
    for (const secret of ["wrong", "", `${a.welcome?.secret ?? ""}x`]) {
      const thief = await hub.connect();
      thief.send({ type: "hello", node: "a", resume: { session, secret } });
      expect(await thief.closed).toMatchObject({ code: 4401 });
      for (const message of thief.drain()) expect(message.type).toBe("error");
    }
    await a.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
  });

  it("[S11] a resume under another node's name does not get the session", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    await a.granted("r");
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    const other = await hub.connect();
    other.send({ type: "hello", node: "b", resume: { session, secret } });
    const heard = await Promise.race([other.next("welcome"), other.closed]);
    expect(heard).not.toMatchObject({ resumed: true });
    await a.expectSilence();
    expect((await hub.view("r"))?.holders).toMatchObject([{ node: "a" }]);
  });

  it("[S11] a resume that crosses the bye is welcomed all the same, as a new one if it came second", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const { session, secret } = a.welcome ?? { session: "", secret: "" };
    await a.granted("r");
    const again = await hub.connect();
    a.send({ type: "bye" });
    again.send({ type: "hello", node: "a", resume: { session, secret } });
    const { resumed } = await again.next("welcome");
    expect((await a.closed).code).toBe(resumed ? 4410 : 1000);
    if (!resumed) expect(await hub.view("r")).toBeUndefined();
  });

  it("[S11] a resume of a session that is gone is welcomed as a new one", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r");
    a.send({ type: "bye" });
    await a.closed;
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ resumed: false, lastId: 0 });
    expect(again.welcome?.session).not.toBe(a.welcome?.session);
    expect(await hub.view("r")).toBeUndefined();
    await again.granted("r", { id: 1 });
  });
});
