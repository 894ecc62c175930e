// How a session begins, is kept alive and ends [S1]–[S3], [S6]–[S8], [S10], [S13], through real sockets.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

describe("hello", () => {
  it("[S1] is answered with a welcome that says what is in force", async () => {
    await using hub = await hubWith({ heartbeatMs: 7_000, lockDelayMs: 20 });
    const a = await hub.connect();
    const welcome = await a.hello("a", { client: "test/1", labels: { zone: "b" } });
    expect(welcome).toMatchObject({ resumed: false, lastId: 0, heartbeatMs: 7_000, graceMs: 0, lockDelayMs: 20 });
    expect(welcome.session).not.toBe("");
    expect(welcome.secret.length).toBeGreaterThanOrEqual(16);
    expect(welcome.limits).toMatchObject({ frameBytes: 65_536, resultBytes: 16_384, requests: 10_000 });
  });

  it("[S1] comes within helloMsMax of connecting, or the socket is closed with 4408", async () => {
    await using hub = await hubWith({ limits: { helloMsMax: 500 } });
    const start = performance.now();
    const [silent, speaking] = [await hub.connect(), await hub.node("a")];
    expect(await silent.closed).toMatchObject({ code: 4408 });
    expect(performance.now() - start).toBeGreaterThanOrEqual(499);
    await speaking.expectSilence();
  });

  it("[S1] comes first: nothing else is answered before it", async () => {
    await using hub = await hubWith();
    const a = await hub.connect();
    a.acquire("r");
    expect(await a.next()).toMatchObject({ type: "error", code: "INVALID_MESSAGE" });
    expect(await a.closed).toMatchObject({ code: 4400 });
    expect(a.drain()).toEqual([]);
    expect(await hub.view("r")).toBeUndefined();
  });
});

describe("heartbeat", () => {
  it("[S2] pings every heartbeatMs, and says which pong it has seen", async () => {
    await using hub = await hubWith({ heartbeatMs: 100 });
    const a = await hub.node("a");
    a.answersPings = false;
    const start = performance.now();
    let last = -1;
    for (let round = 0; round < 4; round += 1) {
      // One that left before the last pong arrived has not seen it.
      const ping = await a.find((message) => message.type === "ping" && (round === 0 || message.seen === last));
      if (ping.type !== "ping") throw new Error("unreachable");
      expect(ping.n).toBeGreaterThan(last);
      last = ping.n;
      a.send({ type: "pong", n: last });
    }
    expect(performance.now() - start).toBeGreaterThanOrEqual(3 * 100 - 20);
  });

  it("[S2] a socket without pongs is dead after 3 heartbeats, whatever else it says", async () => {
    await using hub = await hubWith({ heartbeatMs: 100 });
    const [mute, answering] = await hub.nodes("mute", "answering");
    await mute.granted("r");
    await answering.queued("r");
    mute.answersPings = false;
    const start = performance.now();
    const chatter = setInterval(() => mute.send({ type: "ping" }), 10);
    const { code } = await mute.closed;
    clearInterval(chatter);
    expect(code).toBe(4411);
    expect(performance.now() - start).toBeGreaterThanOrEqual(2 * 100);
    expect(await answering.next("granted")).toMatchObject({ previous: { error: { code: "SESSION_ENDED" } } });
    await answering.expectSilence();
  });

  it("[S2] a hub whose own loop stood still declares nobody dead for it", async () => {
    await using hub = await hubWith({ heartbeatMs: 100 });
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    await hub.pass(400);
    await a.expectSilence();
    await b.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 1 });
  });

  it("[S2] answers a client's ping with a pong", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send({ type: "ping" });
    expect(await a.next()).toEqual({ type: "pong" });
  });
});

describe("the end", () => {
  it.each(["is dropped", "is closed"])("[S3] comes at once when the socket %s", async (how) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    if (how === "is closed") await a.close();
    else a.terminate();
    await b.next("granted");
  });

  it("[S6] releases what was held as a failure with SESSION_ENDED, and its waiters leave", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r");
    await b.granted("other");
    await a.queued("other");
    await b.queued("r");
    await c.queued("r");
    await c.queued("other");
    a.terminate();
    expect(await b.next("granted")).toMatchObject({
      id: 2,
      attempt: 2,
      previous: { node: "a", error: { code: "SESSION_ENDED" } },
    });
    expect(await hub.queue("other")).toEqual(["c"]);
    await c.expectSilence();
  });

  it("[S6] with lockDelayMs, what was held is granted to nobody until that has passed", async () => {
    await using hub = await hubWith({ lockDelayMs: 400 });
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r");
    await b.queued("r");
    const start = performance.now();
    a.terminate();
    await hub.viewWhen("r", (view) => view?.holding === 0);
    expect(await c.answer(c.acquire("r", { waitMs: 0 }), "failed")).toMatchObject({ code: "LOCK_DELAYED" });
    await b.next("granted");
    expect(performance.now() - start).toBeGreaterThanOrEqual(399);
  });

  it("[S6][S7] a bye has no lock delay", async () => {
    await using hub = await hubWith({ lockDelayMs: 60_000 });
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    a.send({ type: "bye" });
    expect(await b.next("granted")).toMatchObject({ attempt: 2, previous: { error: { code: "SESSION_ENDED" } } });
    expect(await a.closed).toMatchObject({ code: 1000 });
  });

  it("[S7] a bye ends the session at once, whatever its grace", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { graceMs: 60_000 });
    const b = await hub.node("b");
    await a.granted("r");
    await b.queued("r");
    a.send({ type: "bye" });
    await b.next("granted");
    const again = await hub.resume("a", a);
    expect(again.welcome).toMatchObject({ resumed: false });
  });

  it("[S13] a planned stop says leaving, with no grace from the memory engine, and closes with 1012", async () => {
    await using hub = await hubWith({ engine: "memory" });
    const a = await hub.node("a", { graceMs: 60_000 });
    const stopped = hub.drain();
    expect(await a.next("leaving")).toMatchObject({ graceMs: 0, reconnectMs: expect.any(Number) });
    expect(await a.closed).toMatchObject({ code: 1012 });
    await stopped;
    await expect(hub.connect()).rejects.toThrow();
  });
});

describe("one node, one session", () => {
  it("[S8] a second hello for a live node is refused with 4409, and the first is undisturbed", async () => {
    await using hub = await hubWith();
    const first = await hub.node("a");
    await first.granted("r");
    const second = await hub.connect();
    second.send({ type: "hello", node: "a" });
    expect(await second.closed).toMatchObject({ code: 4409 });
    for (const message of second.drain()) expect(message.type).toBe("error");
    await first.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
  });

  it("[S8] a detached session keeps its node's name", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { graceMs: 60_000 });
    const holder = await hub.node("holder");
    await holder.granted("r");
    await a.queued("r");
    a.terminate();
    await hub.viewWhen("r", (view) => view?.queue[0]?.detached === true);
    const second = await hub.connect();
    second.send({ type: "hello", node: "a" });
    expect(await second.closed).toMatchObject({ code: 4409 });
  });

  it.each(["bye", "death"])("[S8] %s frees the name", async (how) => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    if (how === "bye") a.send({ type: "bye" });
    else a.terminate();
    await b.next("granted");
    const again = await hub.node("a");
    expect(again.welcome).toMatchObject({ resumed: false });
    expect(again.welcome?.session).not.toBe(a.welcome?.session);
  });

  it("[S8] the end of grace frees the name", async () => {
    await using hub = await hubWith({ heartbeatMs: 100 });
    const a = await hub.node("a", { graceMs: 1 });
    expect(a.welcome).toMatchObject({ graceMs: 300 });
    const b = await hub.node("b");
    await a.granted("r");
    await b.queued("r");
    a.terminate();
    expect(await b.next("granted")).toMatchObject({ previous: { error: { code: "SESSION_ENDED" } } });
    await hub.node("a");
  });
});

describe("request ids", () => {
  it("[S10] a live id sent again is answered with its present state", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id, fence, attempt } = await a.granted("r");
    const waiter = await b.queued("r");
    expect(await a.granted("r", { id })).toMatchObject({ fence, attempt });
    expect(await b.queued("r", { id: waiter.id })).toMatchObject({ position: 1, holders: [{ node: "a" }] });
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 1 });
  });

  it("[S10] an id that is over is answered with DUPLICATE_ID", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r", { id: 7 });
    await a.released(id, "none");
    for (const old of [7, 3, 1]) {
      a.acquire("r", { id: old });
      expect(await a.next("error")).toMatchObject({ id: old, code: "DUPLICATE_ID" });
    }
    expect(await hub.view("r")).toBeUndefined();
    await a.granted("r", { id: 8 });
  });

  it("[S10] ids may leave gaps", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r", { id: 5 });
    await a.granted("s", { id: 5_000_000 });
    await a.granted("t", { id: Number.MAX_SAFE_INTEGER });
  });
});
