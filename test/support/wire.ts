// One raw conversation in `baton.v1` over a real socket, for tests: it says what it is told to and keeps all it hears.
// Checks that each message it hears is what the protocol names, no more. Knows no rule, and needs no test runner.
import { isDeepStrictEqual } from "node:util";
import { type ClientOptions, WebSocket } from "ws";
import {
  type ClientMessageInput,
  type ClientMessageOf,
  decodeHubFrame,
  type HubMessage,
  subprotocol,
} from "../../shared/protocol.ts";

/** A message of one type from the hub. */
export type Heard<Type extends HubMessage["type"]> = Extract<HubMessage, { type: Type }>;
/** How a socket ended. */
export type Closing = { code: number; reason: string };
type Fields<Type extends ClientMessageInput["type"]> = Partial<Extract<ClientMessageInput, { type: Type }>>;
type Answer = Extract<HubMessage, { id: number }>;
type Reader = { wanted(message: HubMessage): boolean; take(message: HubMessage): void; refuse(error: Error): void };

const patienceMs = 10_000;

/** Opens a socket to a hub; rejects when the upgrade is refused. Says nothing by itself but the pongs of [S2]. */
export async function connectWire(url: string, options: ClientOptions = {}): Promise<Wire> {
  const socket = new WebSocket(url, subprotocol, { perMessageDeflate: false, ...options });
  const wire = new Wire(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return wire;
}

/** One socket to a hub, and all that was heard on it. */
export class Wire {
  /** Each frame heard, as its messages; pings that were answered by itself are left out. */
  readonly frames: HubMessage[][] = [];
  /** Settles when the socket is closed by either side. */
  readonly closed: Promise<Closing>;
  /** Whether the hub's pings are answered and kept out of what `next` gives. */
  answersPings = true;
  /** The answer to the last hello. */
  welcome: Heard<"welcome"> | undefined;
  readonly #socket: WebSocket;
  #unread: HubMessage[] = [];
  #readers: Reader[] = [];
  #over: Error | undefined;
  #lastId = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data, isBinary) => this.#hear(Buffer.isBuffer(data) ? data.toString() : "", isBinary));
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.#fail(new Error(`the socket was closed with ${code} ${String(reason)}`));
        resolve({ code, reason: String(reason) });
      });
    });
  }

  /** Says hello and hears the welcome. */
  async hello(node: string, fields: Fields<"hello"> = {}): Promise<Heard<"welcome">> {
    this.send({ type: "hello", node, ...fields });
    this.welcome = await this.next("welcome");
    return this.welcome;
  }

  /** Sends one message, or many in one frame. */
  send(message: ClientMessageInput | ClientMessageInput[]): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends a text as it is. */
  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** Sends a binary frame. */
  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: true });
  }

  /** Sends one text in so many fragments as are given. */
  sendFragments(fragments: readonly string[]): void {
    fragments.forEach((text, place) => this.#socket.send(text, { fin: place === fragments.length - 1 }));
  }

  /** Asks for a resource under the next request id, and gives that id. */
  acquire(resource: string, fields: Fields<"acquire"> = {}): number {
    const id = fields.id ?? this.#lastId + 1;
    this.#lastId = Math.max(this.#lastId, id);
    this.send({ type: "acquire", resource, ...fields, id });
    return id;
  }

  /** Asks for a resource and hears that it is granted. */
  async granted(resource: string, fields: Fields<"acquire"> = {}): Promise<Heard<"granted">> {
    return this.answer(this.acquire(resource, fields), "granted");
  }

  /** Asks for a resource and hears that it must wait. */
  async queued(resource: string, fields: Fields<"acquire"> = {}): Promise<Heard<"queued">> {
    return this.answer(this.acquire(resource, fields), "queued");
  }

  /** Says how a grant ended, and waits for no answer. */
  release(id: number, outcome: ClientMessageOf<"release">["outcome"], fields: Fields<"release"> = {}): void {
    this.send({ type: "release", id, outcome, ...fields });
  }

  /** Says how a grant ended, and hears that it is done. */
  async released(id: number, outcome: ClientMessageOf<"release">["outcome"], fields: Fields<"release"> = {}) {
    this.release(id, outcome, fields);
    return this.answer(id, "released");
  }

  /** The next message, which must be of that type and about that request. */
  async answer<Type extends Answer["type"]>(id: number, type: Type): Promise<Heard<Type>> {
    const message = await this.next();
    const isIt = (heard: HubMessage): heard is Heard<Type> => heard.type === type && "id" in heard && heard.id === id;
    if (!isIt(message)) throw new Error(`expected ${type} of request ${id}, heard ${JSON.stringify(message)}`);
    return message;
  }

  /** The next message, whatever it is or of the type that is given; another type is an error. */
  next(): Promise<HubMessage>;
  next<Type extends HubMessage["type"]>(type: Type): Promise<Heard<Type>>;
  async next(type?: HubMessage["type"]): Promise<HubMessage> {
    const message = await this.#read(() => true, type ?? "a message");
    if (type !== undefined && message.type !== type) {
      throw new Error(`expected ${type}, heard ${JSON.stringify(message)}`);
    }
    return message;
  }

  /** The first message that fits, past others, which stay unread. */
  find<Found extends HubMessage>(fits: (message: HubMessage) => message is Found): Promise<Found>;
  find(fits: (message: HubMessage) => boolean): Promise<HubMessage>;
  find(fits: (message: HubMessage) => boolean): Promise<HubMessage> {
    return this.#read(fits, "a message that fits");
  }

  /** Proves that nothing was said here: asks for a pong, which must be the next thing heard. */
  async expectSilence(): Promise<void> {
    this.send({ type: "ping" });
    const message = await this.next();
    if (message.type !== "pong") throw new Error(`expected silence, heard ${JSON.stringify(message)}`);
  }

  /** All that was heard and not read yet; it counts as read. */
  drain(): HubMessage[] {
    return this.#unread.splice(0);
  }

  /** Stops reading from the socket, as a stuck process does. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  unpause(): void {
    this.#socket.resume();
  }

  /** Ends the socket politely, without a bye. */
  async close(code = 1000): Promise<Closing> {
    this.#socket.close(code);
    return this.closed;
  }

  /** Says bye and hears the end: only then is the node's name free at every hub [S7]. */
  async leave(): Promise<Closing> {
    this.send({ type: "bye" });
    return this.closed;
  }

  /** Drops the socket, as a crash does. */
  terminate(): void {
    this.#socket.terminate();
  }

  #hear(text: string, isBinary: boolean): void {
    const messages = isBinary ? undefined : decodeHubFrame(text);
    if (messages === undefined) return this.#fail(new Error(`no frame of the protocol: ${text.slice(0, 200)}`));
    const raw: unknown = JSON.parse(text);
    const parts: unknown[] = Array.isArray(raw) ? raw : [raw];
    const heard: HubMessage[] = [];
    for (const [place, decoded] of messages.entries()) {
      if ("fault" in decoded) return this.#fail(new Error(`${decoded.fault.message}: ${text.slice(0, 200)}`));
      if (!isDeepStrictEqual(decoded.message, parts[place])) {
        return this.#fail(new Error(`the protocol has no such fields: ${text.slice(0, 200)}`));
      }
      if (decoded.message.type === "ping" && this.answersPings) this.send({ type: "pong", n: decoded.message.n });
      else heard.push(decoded.message);
    }
    if (heard.length > 0) this.frames.push(heard);
    for (const message of heard) this.#deliver(message);
  }

  #deliver(message: HubMessage): void {
    const place = this.#readers.findIndex((reader) => reader.wanted(message));
    const [reader] = place < 0 ? [] : this.#readers.splice(place, 1);
    if (reader === undefined) this.#unread.push(message);
    else reader.take(message);
  }

  #read(wanted: (message: HubMessage) => boolean, what: string): Promise<HubMessage> {
    const place = this.#unread.findIndex(wanted);
    const [message] = place < 0 ? [] : this.#unread.splice(place, 1);
    if (message !== undefined) return Promise.resolve(message);
    if (this.#over !== undefined) return Promise.reject(new Error(`expected ${what}, but ${this.#over.message}`));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reader.refuse(new Error(`nothing was said in ${patienceMs} ms`)), patienceMs);
      const reader: Reader = {
        wanted,
        take: (found) => {
          clearTimeout(timer);
          resolve(found);
        },
        refuse: (error) => {
          clearTimeout(timer);
          this.#readers = this.#readers.filter((other) => other !== reader);
          reject(new Error(`expected ${what}, but ${error.message}`));
        },
      };
      this.#readers.push(reader);
    });
  }

  #fail(error: Error): void {
    this.#over ??= error;
    for (const reader of this.#readers.splice(0)) reader.refuse(error);
  }
}
