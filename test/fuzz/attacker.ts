// A process of hostile connections to a hub, all of one kind, until it is ended. Knows what it sends; not what that costs.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { frameBytes, openRaw, textFrame, type RawSocket } from "../e2e/rules/raw-socket.ts";

/** One hostile connection: says what it says and goes on for as long as the process lives. */
type Attack = (url: string, at: number) => Promise<void>;

const kibibyte = "x".repeat(1_024);
const never = () => new Promise<void>(() => {});
const hello = (at: number, fields: object = {}) =>
  textFrame(JSON.stringify({ type: "hello", node: `hostile-${at}`, ...fields }));
const frame = (messages: readonly object[]) => textFrame(JSON.stringify(messages));
const many = <Thing>(count: number, make: (place: number) => Thing) =>
  Array.from({ length: count }, (_, place) => make(place));

/** Opens, says hello, and says the same again and again without reading, as fast as it is taken. */
function flood(make: (round: number, at: number) => Uint8Array, fields: object = {}): Attack {
  return async (url, at) => {
    for (let life = 0; ; life += 1) {
      const socket = await openDeaf(url);
      socket.write(hello(at, { ...fields, node: `hostile-${at}-${life}` }));
      for (let round = 0; !socket.destroyed; round += 1) {
        if (!socket.write(make(round, at)))
          await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), pause(200)]);
        if (socket.writableLength > 1_000_000) await pause(200);
      }
    }
  };
}

/** Says something once, and then nothing more, but comes back when it is closed. */
function onceAnd(start: (raw: RawSocket, at: number) => void): Attack {
  return async (url, at) => {
    for (;;) {
      const raw = await openRaw(url);
      start(raw, at);
      await raw.closeCode(600_000);
    }
  };
}

/** Sends bytes that are no upgrade. */
function http(text: (host: string) => string, drip: string): Attack {
  return async (url) => {
    const { hostname, port, host } = new URL(url);
    for (;;) {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on("error", () => {});
      socket.write(text(host));
      while (!socket.destroyed) {
        await pause(500);
        socket.write(drip);
      }
    }
  };
}

let names = 0;
const newName = () => `${(names += 1)}-${process.pid}-${kibibyte}`.slice(0, 500);
const pairs = (result: object) => (round: number) =>
  frame(
    many(3, (place) => [
      { type: "acquire", id: round * 3 + place + 1, resource: newName() },
      { type: "release", id: round * 3 + place + 1, ...result },
    ]).flat(),
  );

/** Every kind by its name. */
const attacks: Record<string, Attack> = {
  "sockets that say nothing": onceAnd(() => {}),
  "fragments that never end": onceAnd((raw) => {
    for (let part = 0; part < 16; part += 1)
      raw.write(frameBytes({ opcode: part === 0 ? 1 : 0, payload: Buffer.from("{"), isLast: false }));
  }),
  "frames that never end": onceAnd((raw) =>
    raw.write(frameBytes({ opcode: 1, payload: Buffer.alloc(65_536, 0x20) }).subarray(0, 65_000)),
  ),
  "headers that never end": http((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${kibibyte.repeat(14)}`, "x"),
  "bodies that never end": http(
    (host) => `POST /v1/resource/release?name=r HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4000\r\n\r\n${kibibyte}`,
    "x",
  ),
  "requests behind each other, answers unread": async (url) => {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {});
    socket.pause();
    const gets = `GET /openapi.json HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(200);
    for (;;) if (!socket.write(gets)) await pause(100);
  },
  "labels of 8 KiB each": onceAnd((raw, at) => {
    raw.write(
      hello(at, {
        graceMs: 60_000,
        labels: Object.fromEntries(many(16, (label) => [`${label}${kibibyte.slice(0, 240)}`, kibibyte.slice(0, 256)])),
      }),
    );
  }),
  "pings of RFC 6455, pongs unread": flood(() =>
    Buffer.concat(many(200, () => frameBytes({ opcode: 9, payload: Buffer.alloc(125) }))),
  ),
  "pings of the protocol, pongs unread": flood(() => frame(many(1_000, () => ({ type: "ping" })))),
  "16 KiB for each question, answers unread": flood((round) =>
    round === 0
      ? frame([
          { type: "acquire", id: 1, resource: "big" },
          { type: "release", id: 1, outcome: "success", result: kibibyte.repeat(15) },
        ])
      : frame(
          many(500, (place) => ({ type: "acquire", id: round * 500 + place + 2, resource: "big", freshMs: 60_000 })),
        ),
  ),
  "frames of things that are no message": flood(() => textFrame(`[${"1,".repeat(32_000)}1]`)),
  "frames of many fields": flood(() => textFrame(`{"type":"ping","x":[${"{},".repeat(21_000)}{}]}`)),
  "a resource with a new name each time": flood(pairs({ outcome: "none" })),
  "a result of 15 KiB under a new name each time": flood(pairs({ outcome: "success", result: kibibyte.repeat(15) })),
  "10,000 requests of one session": async (url, at) => {
    const socket = await openDeaf(url);
    socket.write(hello(at));
    for (let round = 0; round < 100; round += 1) {
      socket.write(
        frame(many(100, (place) => ({ type: "acquire", id: round * 100 + place + 1, resource: newName() }))),
      );
    }
    return never();
  },
  "answers of 15 KiB, never acknowledged": flood(
    (round) =>
      frame([
        { type: "acquire", id: round * 3 + 1, resource: `kept-${process.pid}-${round % 50}` },
        { type: "acquire", id: round * 3 + 2, resource: `kept-${process.pid}-${round % 50}` },
        { type: "release", id: round * 3 + 1, outcome: "success", result: `${round}${kibibyte.repeat(15)}` },
      ]),
    { graceMs: 60_000 },
  ),
  "sessions left behind in their grace": async (url, at) => {
    for (let life = 0; ; life += 1) {
      const raw = await openRaw(url);
      raw.write(hello(at, { node: `left-${at}-${life}`, graceMs: 60_000 }));
      raw.write(frame(many(10, (place) => ({ type: "acquire", id: place + 1, resource: newName() }))));
      await pause(50);
      raw.destroy();
    }
  },
  "watches, changes unread": async (url, at) => {
    const socket = await openDeaf(url);
    socket.write(hello(at));
    socket.write(frame(many(16, (place) => ({ type: "watch", id: place + 1, limit: 10_000, intervalMs: 0 }))));
    for (let round = 1; ; round += 1) {
      if (at === 0)
        socket.write(
          frame(many(50, (place) => ({ type: "acquire", id: 16 + round * 50 + place, resource: newName() }))),
        );
      await pause(50);
    }
  },
  "events, never read": async (url) => {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", () => {});
    socket.pause();
    socket.write(`GET /v1/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return flood(pairs({ outcome: "none" }))(url, Math.floor(Math.random() * 1e9));
  },
};

/** The kinds there are. */
export const attackNames = Object.keys(attacks);

/** A socket that is upgraded and then read no more. */
async function openDeaf(url: string): Promise<Socket> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  const head = [
    "GET /v1/socket HTTP/1.1",
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
  ];
  socket.write(
    [...head, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: baton.v1", "", ""].join("\r\n"),
  );
  await new Promise((resolve) => socket.once("data", resolve).once("close", resolve));
  socket.pause();
  return socket;
}

const [url, kind = "", count = "1"] = process.argv.slice(2);
const one = attacks[kind];
if (process.send !== undefined && url !== undefined && one !== undefined) {
  for (let at = 0; at < Number(count); at += 1) one(url, at).catch(() => {});
}
