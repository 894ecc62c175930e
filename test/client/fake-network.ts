// A network of one hub that the test plays by hand, and an SDK that talks to it by a clock of the test's own.
import {
  connect,
  type ConnectOptions,
  type Lock,
  type PlatformSocket,
  type WebSocketConstructor,
} from "../../client/index.ts";
import { defaultLimits } from "../../shared/limits.ts";
import {
  clientDecoder,
  encode,
  type ClientMessage,
  type HubMessage,
  type HubMessageOf,
} from "../../shared/protocol.ts";
import { HandClock } from "../support/hand-clock.ts";

const decode = clientDecoder(defaultLimits);

type SocketListeners = {
  open: () => void;
  error: () => void;
  message: (event: { data: unknown }) => void;
  close: (event: { code: number; reason: string }) => void;
};

/** One socket of the SDK, with the test at its other end. */
export class FakeSocket implements PlatformSocket {
  readonly url: string;
  readonly protocols: string[];
  /** The frames that the SDK has sent. */
  readonly frames: string[] = [];
  /** With what code the SDK has closed it. */
  closedWith: number | undefined;
  readonly #listeners: Partial<SocketListeners> = {};

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener<Type extends keyof SocketListeners>(type: Type, listener: SocketListeners[Type]): void {
    this.#listeners[type] = listener;
  }

  send(text: string): void {
    this.frames.push(text);
  }

  close(code = 1005): void {
    this.closedWith = code;
  }

  /** What the SDK has said since this was last asked. */
  heard(): ClientMessage[] {
    return this.frames.splice(0).flatMap((text) =>
      (decode(text) ?? []).map((one) => {
        if ("fault" in one) throw new Error(`${one.fault.message} in ${text}`);
        return one.message;
      }),
    );
  }

  /** The socket opens. */
  open(): void {
    this.#listeners.open?.();
  }

  /** The hub sends one frame with these messages. */
  tell(...messages: HubMessage[]): void {
    this.tellText(`[${messages.map(encode).join(",")}]`);
  }

  tellText(data: unknown): void {
    this.#listeners.message?.({ data });
  }

  /** The socket ends: closed by the hub, or broken. */
  end(code = 1006, reason = ""): void {
    this.#listeners.close?.({ code, reason });
  }
}

/** The sockets that an SDK has made. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  readonly webSocket: WebSocketConstructor;

  constructor() {
    const { sockets } = this;
    this.webSocket = class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  /** The one made last. */
  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** Lets the socket made last open, and welcomes what says hello on it. */
  async welcome(fields: Partial<HubMessageOf<"welcome">> = {}): Promise<FakeSocket> {
    await turn();
    const { socket } = this;
    socket.open();
    await turn();
    socket.tell(welcome(fields));
    await turn();
    return socket;
  }
}

/** A welcome as a hub without grace and lock delay says it. */
export function welcome(fields: Partial<HubMessageOf<"welcome">> = {}): HubMessageOf<"welcome"> {
  return {
    type: "welcome",
    session: "s1",
    secret: "secret of s1",
    resumed: false,
    lastId: 0,
    hub: "h1",
    heartbeatMs: 5_000,
    graceMs: 0,
    lockDelayMs: 0,
    limits: {},
    ...fields,
  };
}

/** Lets everything happen that needs no time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An SDK that is connected to the test, and has said nothing but hello. */
export async function connected(options: ConnectOptions = {}, fields: Partial<HubMessageOf<"welcome">> = {}) {
  const network = new FakeNetwork();
  const clock = new HandClock();
  const { webSocket } = network;
  const connecting = connect("ws://hub.test", { node: "a", webSocket, clock, random: () => 0.5, ...options });
  const socket = await network.welcome(fields);
  socket.heard();
  return { hub: await connecting, network, clock, socket };
}

/** A grant as a hub tells it. */
export function granted(id: number, fence = 40 + id): HubMessageOf<"granted"> {
  return { type: "granted", id, fence, attempt: 1 };
}

/** The lock that a call comes to; it is the SDK's first request. */
export async function grantOf(asking: Promise<Lock>, socket: FakeSocket): Promise<Lock> {
  await turn();
  socket.tell(granted(1));
  const lock = await asking;
  socket.heard();
  return lock;
}

/** What has become of a promise so far. */
export type Watched<Value> = { now: "pending" | "resolved" | "rejected"; value?: Value; error?: unknown };

/** Watches a promise, which thereby is no unhandled one. */
export function watch<Value>(promise: Promise<Value>): Watched<Value> {
  const watched: Watched<Value> = { now: "pending" };
  promise.then(
    (value) => Object.assign(watched, { now: "resolved", value }),
    (error: unknown) => Object.assign(watched, { now: "rejected", error }),
  );
  return watched;
}
