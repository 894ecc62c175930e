// One raw socket of the load client: the upgrade by hand, prepared frames out, frames in counted and scanned. It answers
// pings by itself. Knows nothing of locks, nor of what is measured; what it does not expect ends the process.
import { connect, type Socket } from "node:net";
import { socketPath, subprotocol } from "../../shared/protocol.ts";
import { FrameWriter, type Framing } from "./frame-writer.ts";
import { scanMessages, type Heard } from "./message-scan.ts";
import { prepareText, type PreparedMessage } from "./prepared-message.ts";

/** Hears what arrives: the type of a message, its id (0 when it has none), and its place in the bytes. */
export type Hearing = Heard;

const textFrame = 0x81;
/** One buffer for all sockets: each read is used up before the next begins. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);
const hello = prepareText('{"type":"hello","node":"bench-#"}');
const pong = prepareText('{"type":"pong","n":#}');
/**
 * Of what is said at one moment so much goes out at once: half of the 64 in flight of P1. The rest follows when the next
 * bytes come. All of it at once, server and client would fall into working in turns, each idle while the other does, and
 * the sum of the two would be measured instead of the server.
 */
const momentMessagesMax = 32;
let nodes = 0;

/** Opens a socket to a server that says nothing by itself, such as the raw echo. */
export async function openSocket(url: string, framing: Framing): Promise<LoadSocket> {
  const socket = new LoadSocket(url, framing);
  await socket.opened;
  return socket;
}

/** Opens a socket to the hub and greets, as a node of its own name. */
export async function openSession(url: string): Promise<LoadSocket> {
  const socket = await openSocket(url, "joined");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.hearing = (type) => {
    if (type === "welcome") resolve();
    else reject(new Error(`the hub answers hello with ${type}`));
  };
  nodes += 1;
  socket.say(hello, nodes);
  socket.flush();
  await promise;
  return socket;
}

/** Opens many, a hundred at a time. */
export async function openMany(count: number, open: () => Promise<LoadSocket>): Promise<LoadSocket[]> {
  const sockets: LoadSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, open);
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** A socket whose user sets `hearing`, says prepared messages and flushes; what is said while hearing needs no flush. */
export class LoadSocket {
  /** Text frames and messages heard since the socket was opened. */
  frames = 0;
  messages = 0;
  hearing: Hearing = (type) => {
    throw new Error(`nobody expects ${type}`);
  };
  /** Called when the server is gone, or the connection is; once or twice. */
  ended: () => void;
  /** Settles when the upgrade is done. */
  readonly opened: Promise<void>;
  readonly #upgraded = Promise.withResolvers<void>();
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  #state: "upgrading" | "open" | "closed" = "upgrading";
  #rest: Buffer | undefined;
  #isRestHeld = false;

  constructor(url: string, framing: Framing) {
    const { hostname, port } = new URL(url);
    this.opened = this.#upgraded.promise;
    this.#writer = new FrameWriter(framing);
    const callback = (length: number) => {
      this.#read(length);
      return true;
    };
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: readBuffer, callback },
    });
    this.ended = () => {
      throw new Error(`the server at ${url} closed a socket`);
    };
    for (const event of ["error", "close"]) {
      this.#socket.on(event, () => {
        if (this.#state !== "closed") this.ended();
      });
    }
    const key = Buffer.alloc(16, "bench").toString("base64");
    this.#socket.write(
      `GET ${socketPath} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    );
  }

  /** Adds a message, with its number, to what goes out next. */
  say(message: PreparedMessage, value: number): void {
    this.#writer.add(message, value);
    if (this.#isRestHeld || this.#writer.messages < momentMessagesMax) return;
    this.#write();
    this.#isRestHeld = true;
  }

  /** Ends a moment: what was said in it is written, but for what is more than goes out at once. */
  flush(): void {
    if (!this.#isRestHeld) this.#write();
    this.#isRestHeld = false;
  }

  /** Drops the connection. */
  close(): void {
    this.#state = "closed";
    this.#socket.destroy();
  }

  readonly #heard = (type: string, id: number, bytes: Buffer, start: number, end: number): void => {
    if (type !== "ping") {
      this.hearing(type, id, bytes, start, end);
      return;
    }
    const ping: { n: number } = JSON.parse(bytes.toString("utf8", start, end));
    this.say(pong, ping.n);
  };

  #write(): void {
    const bytes = this.#writer.take();
    if (bytes === undefined) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > 0) this.#writer.surrender();
  }

  #read(length: number): void {
    this.#write();
    const rest = this.#rest;
    this.#rest = undefined;
    const bytes = rest === undefined ? readBuffer : Buffer.concat([rest, readBuffer.subarray(0, length)]);
    const end = rest === undefined ? length : bytes.length;
    const used = this.#state === "upgrading" ? this.#readUpgrade(bytes, end) : this.#readFrames(bytes, 0, end);
    if (used < end) this.#rest = Buffer.from(bytes.subarray(used, end));
    this.flush();
  }

  #readUpgrade(bytes: Buffer, end: number): number {
    const answer = bytes.toString("latin1", 0, end);
    const headersEnd = answer.indexOf("\r\n\r\n");
    if (headersEnd === -1) return 0;
    if (!answer.startsWith("HTTP/1.1 101 ")) throw new Error(`no upgrade: ${answer}`);
    this.#state = "open";
    this.#upgraded.resolve();
    return this.#readFrames(bytes, headersEnd + 4, end);
  }

  /** Reads the whole frames there are; answers with the place where the rest begins. */
  #readFrames(bytes: Buffer, start: number, end: number): number {
    let place = start;
    while (end - place >= 2) {
      const short = bytes[place + 1]!;
      const payload = place + (short < 126 ? 2 : short === 126 ? 4 : 10);
      if (payload > end) break;
      const length =
        short < 126 ? short : short === 126 ? bytes.readUInt16BE(place + 2) : bytes.readUInt32BE(place + 6);
      if (payload + length > end) break;
      if (bytes[place] !== textFrame) throw new Error(`not a text frame: ${bytes.toString("hex", place, payload + 4)}`);
      this.frames += 1;
      this.messages += scanMessages(bytes, payload, payload + length, this.#heard);
      place = payload + length;
    }
    return place;
  }
}
