// Bytes to and from a hub with no WebSocket library between: requests and frames of any form, whole or broken.
// Knows RFC 6455's framing, no message.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/** What a frame is made of; masked and final unless said otherwise. */
export type Frame = { opcode: number; payload?: Buffer; isLast?: boolean; reserved?: number; isMasked?: boolean };

/** The header lines of a correct upgrade; those given replace, or remove when undefined. */
export function upgradeHeaders(host: string, changed: Record<string, string | undefined> = {}): string[] {
  const headers: Record<string, string | undefined> = {
    Host: host,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Protocol": "baton.v1",
    ...changed,
  };
  return Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
}

/** Sends the head of a request as it stands, and gives the status of the answer; 0 when it is closed without one. */
export async function statusOf(url: string, requestLine: string, headers: readonly string[]): Promise<number> {
  const raw = new RawSocket(url);
  raw.write([requestLine, ...headers, "", ""].join("\r\n"));
  const head = await raw.head;
  raw.destroy();
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
}

/** Sends a text as it stands, and gives all that comes back until the hub ends the connection. */
export function allAnswers(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text, "latin1"));
    let answers = "";
    socket.on("data", (data) => (answers += data.toString()));
    socket.on("error", () => {});
    socket.on("close", () => resolve(answers));
  });
}

/** A TCP connection to a hub, upgraded to a WebSocket by hand. */
export async function openRaw(url: string): Promise<RawSocket> {
  const raw = new RawSocket(url);
  raw.write(["GET /v1/socket HTTP/1.1", ...upgradeHeaders(new URL(url).host), "", ""].join("\r\n"));
  const head = await raw.head;
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`not upgraded: ${head}`);
  return raw;
}

/** The bytes of one frame. */
export function frameBytes({ opcode, payload = Buffer.alloc(0), isLast = true, reserved = 0, isMasked = true }: Frame) {
  const mask = randomBytes(4);
  const masked = isMasked ? payload.map((byte, place) => byte ^ (mask[place % 4] ?? 0)) : payload;
  const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  const start = [Buffer.from([first]), lengthBytes(payload.length, isMasked)];
  return Buffer.concat(isMasked ? [...start, mask, masked] : [...start, masked]);
}

/** The length field of a frame, as a client writes it. */
export function lengthBytes(length: number, isMasked = true): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (length < 126) return Buffer.from([bit | length]);
  if (length < 65_536) return Buffer.from([bit | 126, length >> 8, length & 255]);
  const long = Buffer.alloc(9, bit | 127);
  long.writeBigUInt64BE(BigInt(length), 1);
  return long;
}

/** A text frame. */
export const textFrame = (text: string) => frameBytes({ opcode: 1, payload: Buffer.from(text) });

/** One TCP connection and what came of it. */
export class RawSocket {
  /** The head of the HTTP answer; empty when the connection ended without. */
  readonly head: Promise<string>;
  readonly #socket: Socket;
  readonly #closeCode: Promise<number>;
  #received = Buffer.alloc(0);

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port) });
    this.#socket.on("error", () => {});
    const head = Promise.withResolvers<string>();
    const code = Promise.withResolvers<number>();
    this.head = head.promise;
    this.#closeCode = code.promise;
    let isUpgraded = false;
    this.#socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      const end = this.#received.indexOf("\r\n\r\n");
      if (!isUpgraded && end >= 0) {
        head.resolve(this.#received.subarray(0, end).toString());
        this.#received = this.#received.subarray(end + 4);
        isUpgraded = true;
      }
      if (isUpgraded) this.#readFrames(code.resolve);
    });
    this.#socket.on("close", () => {
      head.resolve("");
      code.resolve(1006);
    });
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#socket.pause();
  }

  /** The code of the close frame that came, or 1006 when the connection ended without; rejects when neither is in time. */
  async closeCode(withinMs = 5_000): Promise<number> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`still open after ${withinMs} ms`)), withinMs);
    return Promise.race([this.#closeCode, late.promise]).finally(() => clearTimeout(timer));
  }

  /** Ends the sending side alone. */
  end(): void {
    this.#socket.end();
  }

  /** Sends a reset, as a machine does that knows nothing of the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #readFrames(closedWith: (code: number) => void): void {
    for (;;) {
      const short = (this.#received[1] ?? 0) & 127;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#received.length < headBytes) return;
      const long = () => (short === 126 ? this.#received.readUInt16BE(2) : Number(this.#received.readBigUInt64BE(2)));
      const end = headBytes + (short < 126 ? short : long());
      if (this.#received.length < end) return;
      const payload = this.#received.subarray(headBytes, end);
      if (((this.#received[0] ?? 0) & 15) === 8) closedWith(payload.length < 2 ? 1005 : payload.readUInt16BE(0));
      this.#received = this.#received.subarray(end);
    }
  }
}
