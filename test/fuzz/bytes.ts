// Bytes that are almost frames, split anywhere, to the socket of a live hub [B2]: whatever they are, the hub lives, closes with a
// code that the protocol names or waits for more, and the work of another goes on. Knows RFC 6455's framing; no message.
import * as fc from "fast-check";
import { connectWire, type Wire } from "../support/wire.ts";
import { lengthBytes, openRaw } from "../e2e/rules/raw-socket.ts";
import type { FuzzedHub } from "./fuzzed-hub.ts";

/** What one socket sends: the lengths at which the bytes are cut into writes, and how it ends. */
export type Salvo = { isWelcome: boolean; bytes: Uint8Array; cuts: number[]; end: "destroy" | "reset" | "half" };

type Parts = {
  opcode: number;
  isLast: boolean;
  reserved: number;
  isMasked: boolean;
  length: number;
  payload: Uint8Array;
};

const messages = [
  '{"type":"ping"}',
  '{"type":"acquire","id":1,"resource":"r"}',
  '[{"type":"acquire","id":2,"resource":"r","waitMs":0},{"type":"release","id":1,"outcome":"none"}]',
  '{"type":"hello","node":"again"}',
  '{"type":"bye"}',
].map((text) => new TextEncoder().encode(text));
const usually = <Value>(usual: Value, other: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const payload = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...messages) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 140 }) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...messages), fc.nat(200), fc.nat(255)).map(([bytes, at, byte]) => {
      const changed = Uint8Array.from(bytes);
      changed[at % changed.length] = byte;
      return changed;
    }),
  },
);
const frame = fc
  .record({
    opcode: usually(1, fc.nat(15)),
    isLast: usually(true, fc.boolean()),
    reserved: usually(0, fc.nat(7)),
    isMasked: usually(true, fc.constant(false)),
    // What is declared, as against what is sent.
    length: usually(-1, fc.oneof(fc.nat(300), fc.constantFrom(65_536, 65_537, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63))),
    payload,
  })
  .map(bytesOf);

/** What one socket sends. */
export const salvo: fc.Arbitrary<Salvo> = fc.record({
  isWelcome: usually(true, fc.constant(false)),
  bytes: fc
    .array(fc.oneof({ weight: 9, arbitrary: frame }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) }), {
      minLength: 1,
      maxLength: 24,
    })
    .map((frames) => Uint8Array.from(Buffer.concat(frames))),
  cuts: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }),
  end: fc.constantFrom("destroy", "destroy", "reset", "half"),
});

let sent = 0;

/** One who works as if nothing were the matter. */
export class Witness {
  readonly #wire: Wire;

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  static async join(hub: FuzzedHub): Promise<Witness> {
    const wire = await connectWire(hub.url);
    await wire.hello(`witness-${process.pid}-${(sent += 1)}`);
    return new Witness(wire);
  }

  /** Asks for something and lets it go again; rejects when that does not go well. */
  async work(): Promise<void> {
    const { id } = await this.#wire.granted("witness");
    await this.#wire.released(id, "none");
  }

  leave(): void {
    this.#wire.terminate();
  }
}

/** Fires at a hub beside a witness; rejects when either is worse off. */
export async function fire(hub: FuzzedHub, { isWelcome, bytes, cuts, end }: Salvo): Promise<void> {
  const witness = await Witness.join(hub);
  const raw = await openRaw(hub.url);
  try {
    sent += 1;
    const hello = JSON.stringify({ type: "hello", node: `raw-${process.pid}-${sent}` });
    if (isWelcome) raw.write(bytesOf({ ...plain, payload: new TextEncoder().encode(hello) }));
    let from = 0;
    for (const cut of [...cuts, bytes.length]) {
      raw.write(bytes.subarray(from, from + cut));
      from += cut;
      await witness.work();
    }
    if (end === "reset") raw.reset();
    if (end === "half") raw.end();
    if (end === "destroy") raw.destroy();
    const code = await raw.closeCode();
    // A code of the peer's own comes back to it (RFC 6455, 5.5.1).
    const isCode = (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
    if (!isCode) throw new Error(`closed with ${code}`);
    await witness.work();
    hub.check();
  } finally {
    raw.destroy();
    witness.leave();
  }
}

const plain = { opcode: 1, isLast: true, reserved: 0, isMasked: true, length: -1 };

function bytesOf({ opcode, isLast, reserved, isMasked, length, payload }: Parts): Uint8Array {
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const head = [Buffer.from([first]), lengthBytes(length < 0 ? payload.length : length, isMasked)];
  // A mask of zeros leaves the payload as it is.
  return Uint8Array.from(Buffer.concat([...head, ...(isMasked ? [Buffer.alloc(4)] : []), payload]));
}
