// The bounds of a socket [B1]: past each it is closed, and everybody else goes on. Through real sockets.
import { describe, expect, it } from "vitest";
import { terminalCloseCodes } from "../../../shared/errors.ts";
import { hubWith } from "./hub-in-process.ts";
import { frameBytes, openRaw, RawSocket, textFrame } from "./raw-socket.ts";

describe("how many sockets", () => {
  it("[B1] so many without a hello: past it the oldest silent one is closed", async () => {
    await using hub = await hubWith({ isAlone: true, limits: { silentSocketsMax: 2 } });
    const [first, second] = [await hub.connect(), await hub.connect()];
    const speaking = await hub.node("a");
    expect(await first.closed).toMatchObject({ code: 4408 });
    await second.hello("second");
    await hub.connect();
    await hub.connect();
    await speaking.expectSilence();
    await second.expectSilence();
  });

  it("[B1] so many sessions: one more is told to come back", async () => {
    await using hub = await hubWith({ limits: { sessionsMax: 2 } });
    const [a, b] = await hub.nodes("a", "b");
    const c = await hub.connect();
    c.send({ type: "hello", node: "c" });
    const { code } = await c.closed;
    expect(terminalCloseCodes.has(code)).toBe(false);
    expect(code).toBe(1013);
    await b.expectSilence();
    a.send({ type: "bye" });
    await a.closed;
    await hub.node("c");
  });
});

describe("how much", () => {
  it("[B1] unsent bytes: who asks and never reads is read no more, and closed with 4412", async () => {
    await using hub = await hubWith({ heartbeatMs: 300, isAlone: true, limits: { unsentBytesMax: 65_536 } });
    const [a, b, slow] = await hub.nodes("a", "b", "slow");
    await a.released((await a.granted("r")).id, "success", { result: "x".repeat(16_000) });
    await slow.granted("held");
    await b.queued("held");
    slow.pause();
    for (let asked = 0; asked < 2_000; asked += 1) slow.acquire("r", { freshMs: 60_000 });
    await b.next("granted");
    const closedMs = performance.now();
    expect(hub.refusals.get("unsentBytesMax")).toBe(1);
    const sockets = async () => /^baton_sockets (\d+)$/m.exec(String((await hub.http("GET", "/metrics")).body))?.[1];
    await expect.poll(sockets).toBe("2");
    // Not so long as one that might still answer the closing.
    expect(performance.now() - closedMs).toBeLessThan(4_000);
    slow.unpause();
    // It hears why if it reads on within a second, and 1006 later.
    expect([4412, 1006]).toContain((await slow.closed).code);
  });

  it("[B1] one socket gets 256 messages a turn, then the next: a flood slows the flooder", async () => {
    await using hub = await hubWith({ isAlone: true });
    const [flooder, other] = await hub.nodes("flooder", "other");
    const flood = Array.from({ length: 4_000 }, () => ({ type: "ping" as const }));
    flooder.send(flood);
    other.send({ type: "ping" });
    await other.next("pong");
    expect(flooder.frames.flat().length).toBeLessThan(flood.length);
    for (let heard = 0; heard < flood.length; heard += 1) await flooder.next("pong");
    expect(hub.refusals.get("turnMessagesMax")).toBeGreaterThan(0);
    await flooder.expectSilence();
  });

  it("[B1][Q2] a flood is answered whole, in order", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const count = 3_000;
    for (let id = 1; id <= count; id += 1) a.acquire(`r${id}`);
    for (let id = 1; id <= count; id += 1) await a.answer(id, "granted");
    a.send(Array.from({ length: 1_000 }, (_, place) => ({ type: "release", id: place + 1, outcome: "none" })));
    for (let id = 1; id <= 1_000; id += 1) await a.answer(id, "released");
  });
});

it("[S2] one who floods while others ask is not taken for silent, though its pongs wait behind what it said before", async () => {
  await using hub = await hubWith({ heartbeatMs: 100, isAlone: true });
  const [flooder, other] = await hub.nodes("flooder", "other");
  const pings = Array.from({ length: 1_000 }, () => ({ type: "ping" }) as const);
  for (let frame = 0; frame < 80; frame += 1) flooder.send(pings);
  const id = flooder.acquire("mine");
  const end = new AbortController();
  const done = flooder.find((message) => message.type === "granted" && message.id === id).finally(() => end.abort());
  while (!end.signal.aborted) {
    const asked = other.acquire("r");
    await other.find((message) => message.type === "granted" && message.id === asked);
    other.release(asked, "none");
  }
  expect(await done).toMatchObject({ type: "granted", id });
});

describe("how long", () => {
  it.each([
    { what: "nothing at all", data: "" },
    { what: "half a line", data: "GET /v1/so" },
    { what: "headers without an end", data: "GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1\r\n" },
  ])("[B1] request headers come within headersMsMax: $what", async ({ data }) => {
    await using hub = await hubWith({ limits: { headersMsMax: 200 } });
    const raw = new RawSocket(hub.url);
    if (data !== "") raw.write(data);
    await raw.closeCode();
    await hub.node("a");
  });

  it.each([
    { what: "a fragment and no more", bytes: frameBytes({ opcode: 1, payload: Buffer.from("{"), isLast: false }) },
    { what: "half a frame", bytes: frameBytes({ opcode: 1, payload: Buffer.from('{"type":"ping"}') }).subarray(0, 9) },
    { what: "half a head", bytes: Buffer.from([0x81]) },
  ])("[B1] a frame is whole within frameMsMax of its first byte: $what", async ({ bytes }) => {
    await using hub = await hubWith({ limits: { frameMsMax: 200, helloMsMax: 60_000 } });
    const raw = await openRaw(hub.url);
    raw.write(bytes);
    await raw.closeCode();
    expect(hub.refusals.get("frameMsMax")).toBe(1);
    await hub.node("a");
  });

  it.each([
    { what: "half a frame", rest: textFrame('{"type":"ping"}').subarray(0, 9) },
    { what: "a fragment", rest: frameBytes({ opcode: 1, payload: Buffer.from("{"), isLast: false }) },
  ])("[B1] so is a frame that came with the end of a whole one: $what", async ({ rest }) => {
    await using hub = await hubWith({ limits: { frameMsMax: 200, helloMsMax: 60_000 } });
    const raw = await openRaw(hub.url);
    raw.write(Buffer.concat([textFrame('{"type":"hello","node":"slow"}'), rest]));
    await raw.closeCode();
    await hub.node("slow");
  });

  it("[B1] a socket that has said all it began stays open, whatever it said it in", async () => {
    await using hub = await hubWith({ heartbeatMs: 200, limits: { frameMsMax: 40 } });
    const a = await hub.connect();
    a.answersPings = false;
    a.sendFragments(['{"type":"hello",', '"node":', '"a"}']);
    await a.next("welcome");
    for (let left = 4; left > 0; left -= 1) {
      const { n } = await a.next("ping");
      a.sendFragments(['{"type":"pong",', `"n":${n},"unknown":"${"x".repeat(10_000)}"}`]);
    }
  });

  it("[B1] a hundred sockets with frames that never end cost no one else anything", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const raws = await Promise.all(Array.from({ length: 100 }, () => openRaw(hub.url)));
    const part = frameBytes({ opcode: 0, payload: Buffer.from("x"), isLast: false });
    for (const raw of raws) {
      raw.write(frameBytes({ opcode: 1, payload: Buffer.from("{"), isLast: false }));
      for (let sent = 0; sent < 14; sent += 1) raw.write(part);
    }
    await a.granted("r");
    for (const raw of raws) raw.destroy();
    await a.expectSilence();
  });
});
