// Bytes that are no UTF-8 in a text frame [B2]: each is closed with 1007, at once or in fragments, and what is UTF-8 is heard.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";
import { frameBytes, openRaw, textFrame } from "./raw-socket.ts";

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, place) => first + place);
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** After the stress test of Markus Kuhn that the Autobahn suite uses too (6.6 to 6.23). */
const sequences: { what: string; bytes: Buffer[] }[] = [
  { what: "a continuation byte alone", bytes: range(0x80, 0xbf).map((byte) => Buffer.from([byte])) },
  { what: "continuation bytes in a row", bytes: range(2, 7).map((count) => Buffer.alloc(count, 0x80)) },
  { what: "a first byte alone", bytes: range(0xc0, 0xfd).map((byte) => Buffer.from([byte, 0x20])) },
  {
    what: "a sequence without its last byte",
    bytes: [
      "c3",
      "e1 80",
      "f1 80 80",
      "f8 80 80 80",
      "fc 80 80 80 80",
      "df",
      "ef bf",
      "f3 bf bf",
      "e0 a0",
      "f0 90 80",
    ].map(hex),
  },
  {
    what: "a sequence cut off by a character",
    bytes: ["c3 28", "e2 28 a1", "e2 82 28", "f0 9f 98 28", "f0 28 8c bc"].map(hex),
  },
  { what: "a byte that is never there", bytes: ["fe", "ff", "fe fe ff ff"].map(hex) },
  {
    what: "an overlong character",
    bytes: [
      "c0 80",
      "c0 af",
      "c1 bf",
      "e0 80 80",
      "e0 80 af",
      "e0 9f bf",
      "f0 80 80 80",
      "f0 80 80 af",
      "f0 8f bf bf",
    ].map(hex),
  },
  {
    what: "more than four bytes",
    bytes: ["f8 88 80 80 80", "fb bf bf bf bf", "fc 84 80 80 80 80", "fd bf bf bf bf bf"].map(hex),
  },
  { what: "a character past U+10FFFF", bytes: ["f4 90 80 80", "f5 80 80 80", "f7 bf bf bf"].map(hex) },
  {
    what: "half a surrogate pair, or a whole one",
    bytes: [
      "ed a0 80",
      "ed ad bf",
      "ed ae 80",
      "ed af bf",
      "ed b0 80",
      "ed be 80",
      "ed bf bf",
      "ed a0 80 ed b0 80",
      "ed af bf ed bf bf",
    ].map(hex),
  },
];

let hub: HubInProcess;
beforeAll(async () => {
  hub = await hubWith();
});
afterAll(() => hub[Symbol.asyncDispose]());

/** A ping with those bytes inside a text that nobody looks at. */
const pingWith = (bytes: Uint8Array) => Buffer.concat([Buffer.from('{"type":"ping","x":"'), bytes, Buffer.from('"}')]);

describe("what is no UTF-8", () => {
  it.each(sequences)("[B2] $what is closed with 1007, and others work on", async ({ bytes }) => {
    const worker = await hub.node("worker");
    await Promise.all(
      bytes.map(async (sequence) => {
        const raw = await openRaw(hub.url);
        raw.write(textFrame(`{"type":"hello","node":"${sequence.toString("hex")}"}`));
        raw.write(frameBytes({ opcode: 1, payload: pingWith(sequence) }));
        expect(await raw.closeCode(), sequence.toString("hex")).toBe(1007);
        raw.destroy();
      }),
    );
    await worker.released((await worker.granted("work")).id, "none");
    await worker.leave();
  });

  it.each(sequences)("[B2] $what is closed with 1007 too when it comes byte by byte", async ({ bytes: [sequence] }) => {
    const raw = await openRaw(hub.url);
    const [first, ...rest] = [
      Buffer.from('{"x":"'),
      ...(sequence ?? []).values().map((byte) => Buffer.from([byte])),
      Buffer.from('"}'),
    ];
    raw.write(frameBytes({ opcode: 1, payload: first, isLast: false }));
    for (const [place, payload] of rest.entries()) {
      raw.write(frameBytes({ opcode: 0, payload, isLast: place === rest.length - 1 }));
    }
    expect(await raw.closeCode()).toBe(1007);
    raw.destroy();
  });
});

it("[B5] the first and last characters of each length are heard, in one frame and cut anywhere", async () => {
  const a = await hub.node("a");
  const noCharacters = range(0, 16).flatMap((plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff]);
  const edges = [0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfdd0, 0xfffd, 0x10000, ...noCharacters];
  for (const edge of edges) {
    a.sendText(`{"type":"ping","x":"${String.fromCodePoint(edge)}"}`);
    await a.next("pong");
  }
  const raw = await openRaw(hub.url);
  const hello = Buffer.from('{"type":"hello","node":"👩‍👩‍👧"}');
  raw.write(frameBytes({ opcode: 1, payload: hello.subarray(0, 26), isLast: false }));
  raw.write(frameBytes({ opcode: 0, payload: hello.subarray(26) }));
  await expect.poll(async () => JSON.stringify((await hub.http("GET", "/v1/sessions?prefix=👩")).body)).toContain("👩‍👩‍👧");
  raw.destroy();
  await a.leave();
});
