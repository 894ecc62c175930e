// Bad bytes on a socket [B2]: each is answered with a close code, and neither the hub nor anyone's work suffers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";
import { frameBytes, lengthBytes, openRaw, type RawSocket, textFrame } from "./raw-socket.ts";

const text = 1;
const control = { close: 8, ping: 9 };
const closeFrame = (...payload: number[]) => frameBytes({ opcode: control.close, payload: Buffer.from(payload) });
const codeBytes = (code: number) => [code >> 8, code & 255] as const;
const compressed = Buffer.from([0xaa, 0x56, 0x2a, 0xa9, 0x2c, 0x48, 0x55, 0xb2, 0x02]);
const fragments = (count: number, payload: Buffer) =>
  Buffer.concat([
    frameBytes({ opcode: text, payload, isLast: false }),
    ...Array.from({ length: count - 1 }, () => frameBytes({ opcode: 0, payload, isLast: false })),
  ]);

/** What is sent after a hello, and the codes that may come back; 1006 is an end without a close frame. */
const rows: { what: string; bytes: Buffer; codes: number[] }[] = [
  {
    what: "a frame without a mask",
    bytes: frameBytes({ opcode: text, payload: Buffer.from("{}"), isMasked: false }),
    codes: [1002],
  },
  {
    what: "RSV1 without an extension",
    bytes: frameBytes({ opcode: text, payload: compressed, reserved: 4 }),
    codes: [1002],
  },
  { what: "RSV2", bytes: frameBytes({ opcode: text, payload: Buffer.from("{}"), reserved: 2 }), codes: [1002] },
  { what: "RSV3", bytes: frameBytes({ opcode: text, payload: Buffer.from("{}"), reserved: 1 }), codes: [1002] },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    what: `opcode ${opcode}`,
    bytes: frameBytes({ opcode }),
    codes: [1002],
  })),
  {
    what: "a ping of 126 bytes",
    bytes: frameBytes({ opcode: control.ping, payload: Buffer.alloc(126) }),
    codes: [1002],
  },
  { what: "a ping in fragments", bytes: frameBytes({ opcode: control.ping, isLast: false }), codes: [1002] },
  { what: "a rest of no fragment", bytes: frameBytes({ opcode: 0, payload: Buffer.from("{}") }), codes: [1002] },
  {
    what: "a text inside fragments",
    bytes: Buffer.concat([fragments(1, Buffer.from("{")), textFrame("{}")]),
    codes: [1002],
  },
  { what: "an overlong C0 80", bytes: frameBytes({ opcode: text, payload: Buffer.from([0xc0, 0x80]) }), codes: [1007] },
  {
    what: "a surrogate ED A0 80",
    bytes: frameBytes({ opcode: text, payload: Buffer.from([0xed, 0xa0, 0x80]) }),
    codes: [1007],
  },
  {
    what: "a cut-off character",
    bytes: frameBytes({ opcode: text, payload: Buffer.from([0x22, 0xf0, 0x9f]) }),
    codes: [1007],
  },
  {
    what: "a character past U+10FFFF",
    bytes: frameBytes({ opcode: text, payload: Buffer.from([0xf4, 0x90, 0x80, 0x80]) }),
    codes: [1007],
  },
  {
    what: "a length of 64 KiB + 1 and nothing more",
    bytes: Buffer.concat([Buffer.from([0x81]), lengthBytes(65_537)]),
    codes: [1009],
  },
  {
    what: "a length of 2^53 and nothing more",
    bytes: Buffer.concat([Buffer.from([0x81]), lengthBytes(2 ** 53)]),
    codes: [1009],
  },
  {
    what: "a length with its top bit set",
    bytes: Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    codes: [1002, 1009],
  },
  { what: "17 fragments", bytes: fragments(17, Buffer.from(" ")), codes: [1008, 1009, 4429] },
  { what: "16,385 fragments of a byte", bytes: fragments(16_385, Buffer.from(" ")), codes: [1008, 1009, 4429] },
  { what: "16,385 empty fragments", bytes: fragments(16_385, Buffer.alloc(0)), codes: [1008, 1009, 4429] },
  { what: "a binary frame", bytes: frameBytes({ opcode: 2, payload: Buffer.from("{}") }), codes: [4400] },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2_999, 5_000, 65_535].map((code) => ({
    what: `a close with ${code}`,
    bytes: closeFrame(...codeBytes(code)),
    codes: [1002],
  })),
  { what: "a close of one byte", bytes: closeFrame(3), codes: [1002] },
  { what: "a close whose reason is no UTF-8", bytes: closeFrame(...codeBytes(1000), 0xc0, 0x80), codes: [1007] },
  { what: "a close without a code", bytes: closeFrame(), codes: [1000, 1005] },
  { what: "a close with 4999", bytes: closeFrame(...codeBytes(4_999)), codes: [4_999] },
];

let hub: HubInProcess;
let worker: Wire;
let waiter: Wire;
let opened = 0;

beforeAll(async () => {
  hub = await hubWith();
  [worker, waiter] = await hub.nodes("worker", "waiter");
});
afterAll(() => hub[Symbol.asyncDispose]());

/** Work of others goes on as ever: a grant, a wait, a skip; and the hub is in health. */
async function expectWorkGoesOn(): Promise<void> {
  const { id } = await worker.granted("work");
  const { id: waiting } = await waiter.queued("work");
  await worker.released(id, "success", { result: id });
  expect(await waiter.answer(waiting, "skipped")).toMatchObject({ result: id });
  expect((await hub.http("GET", "/healthz")).status).toBe(200);
}

/** A session by hand that holds a resource of its own. */
async function holder(): Promise<{ raw: RawSocket; resource: string }> {
  opened += 1;
  const raw = await openRaw(hub.url);
  const resource = `held-${opened}`;
  raw.write(textFrame(`{"type":"hello","node":"raw-${opened}"}`));
  raw.write(textFrame(`{"type":"acquire","id":1,"resource":"${resource}"}`));
  await hub.viewWhen(resource, (view) => view?.holding === 1);
  return { raw, resource };
}

describe("bytes that are no frame of RFC 6455, or none of ours", () => {
  it.each(rows)("[B2] $what is closed with $codes, and what it held is free", async ({ bytes, codes }) => {
    const { raw, resource } = await holder();
    raw.write(bytes);
    expect(codes).toContain(await raw.closeCode());
    raw.destroy();
    await hub.viewWhen(resource, (view) => view === undefined);
    await expectWorkGoesOn();
  });

  it.each(rows)("[B2] $what before a hello is closed too", async ({ bytes, codes }) => {
    const raw = await openRaw(hub.url);
    raw.write(bytes);
    expect(codes).toContain(await raw.closeCode());
    raw.destroy();
    await expectWorkGoesOn();
  });
});

describe("connections that end badly", () => {
  const ends: { what: string; end: (raw: RawSocket) => void }[] = [
    { what: "a reset", end: (raw) => raw.reset() },
    { what: "an end of the sending side", end: (raw) => raw.end() },
    {
      what: "a reset in the middle of a frame",
      end: (raw) => {
        raw.write(textFrame('{"type":"ping"}').subarray(0, 10));
        raw.reset();
      },
    },
    {
      what: "an end in the middle of a frame",
      end: (raw) => {
        raw.write(textFrame('{"type":"ping"}').subarray(0, 10));
        raw.end();
      },
    },
    {
      what: "an end in the middle of fragments",
      end: (raw) => {
        raw.write(fragments(3, Buffer.from(" ")));
        raw.end();
      },
    },
  ];

  it.each(ends)("[B2][S3] $what ends the session, and its waiter takes over", async ({ end }) => {
    const { raw, resource } = await holder();
    const { id } = await worker.queued(resource);
    end(raw);
    expect(await worker.answer(id, "granted")).toMatchObject({ previous: { error: { code: "SESSION_ENDED" } } });
    await worker.released(id, "none");
    raw.destroy();
    await expectWorkGoesOn();
  });

  it("[B2] who only pings in RFC 6455's way and never reads is cut off, and harms nobody", async () => {
    const { raw, resource } = await holder();
    raw.pause();
    const ping = frameBytes({ opcode: control.ping, payload: Buffer.alloc(125) });
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
    raw.write(Buffer.concat(Array.from({ length: 100 }, () => pings)));
    expect(await raw.closeCode(20_000)).toBe(1006);
    await hub.viewWhen(resource, (view) => view === undefined);
    await expectWorkGoesOn();
  });
});
