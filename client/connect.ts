// How a hub is reached: from a URL and options to an open session. Puts the parts of the SDK together.
import { readAddresses, type HubUrls } from "./address.ts";
import { defaultBackoff, type Backoff } from "./backoff.ts";
import { BatonError } from "./baton-error.ts";
import { boundsOf, checkDuration, checkName, checkText } from "./bounds.ts";
import { platformClock, type Clock } from "./clock.ts";
import { Conversation } from "./conversation.ts";
import type { Listeners } from "./events.ts";
import type { HubEvents } from "./hub-events.ts";
import { Hub } from "./hub.ts";
import { HttpCalls } from "./http-calls.ts";
import { randomNodeName } from "./node-name.ts";
import type { TokenSource } from "./token.ts";
import type { WebSocketConstructor } from "./websocket.ts";

/** How long a hub may take to welcome; platforms themselves would wait for minutes. */
const greetingMsMax = 10_000;
/** The same where another one may be quicker. */
const greetingAmongOthersMsMax = 3_000;

/** What `connect` takes. */
export type ConnectOptions = {
  /** The name of this node, unlike any other's; the host's name and a random part if unsaid. */
  node?: string | undefined;
  /** A token, or a function that gives one: it is asked at each connect, and again before the token expires. */
  token?: TokenSource | undefined;
  /** How long the session is to outlive its socket, in milliseconds [S4]; 0 if unsaid: what is held is lost with the socket. */
  graceMs?: number | undefined;
  /** What else is to be known of this node. */
  labels?: Record<string, string> | undefined;
  /** Aborting gives up the connecting; a hub that is connected is closed by `close`. */
  signal?: AbortSignal | undefined;
  /** Gives up after that long; without it the connecting goes on for ever. */
  connectTimeoutMs?: number | undefined;
  /** Listeners that are there from the start. */
  on?: Listeners<HubEvents> | undefined;
  /** The bounds of the waits between tries. */
  backoff?: Backoff | undefined;
  /** Another WebSocket class than the platform's. */
  webSocket?: WebSocketConstructor | undefined;
  /** Another `fetch` than the platform's. */
  fetch?: typeof globalThis.fetch | undefined;
  /** Another clock than the platform's. */
  clock?: Clock | undefined;
  /** Another source of chance than Math.random. */
  random?: (() => number) | undefined;
};

/**
 * Connects to a hub and opens a session. Keeps trying until it succeeds, unless the hub refuses for good, and reconnects by
 * itself later on.
 *
 *     await using hub = await connect("ws://127.0.0.1:7420", { node: "node-1", graceMs: 15_000 });
 *     await using lock = await hub.lock("db-migrate");
 *
 * @param urls `ws`, `wss`, `http` or `https`; no path means `/v1/socket`. Several name hubs that share one book: the session goes
 *   to another one when its hub is gone, or says that it leaves
 * @throws BatonError UNAUTHORIZED, PROTOCOL, SESSION_REPLACED when the hub refuses for good, UNAVAILABLE after
 *   `connectTimeoutMs`, INVALID_MESSAGE or INVALID_KEY for options that no hub takes; the reason of `options.signal`
 */
export async function connect(urls: HubUrls, options: ConnectOptions = {}): Promise<Hub> {
  const { signal } = options;
  signal?.throwIfAborted();
  checkOptions(options);
  const addresses = readAddresses(urls);
  const { token, clock = platformClock, random = Math.random, fetch = globalThis.fetch } = options;
  const { graceMs = 0, labels, backoff = defaultBackoff, webSocket = globalThis.WebSocket } = options;
  if (typeof webSocket !== "function") {
    throw new BatonError(
      "INVALID_MESSAGE",
      "this platform has no WebSocket: bring a class along as the option webSocket",
    );
  }
  const node = options.node ?? randomNodeName(random);
  const hubs = addresses.length;
  const greeting = { greetingMsMax: hubs > 1 ? greetingAmongOthersMsMax : greetingMsMax };
  const settings = { node, graceMs, labels, backoff, random, hubs, ...greeting };
  const listeners = options.on ?? {};
  const sockets = addresses.map(({ socket }) => socket);
  const conversation = new Conversation({ urls: sockets, token, webSocket, clock, settings, listeners });
  await begin(conversation, options, clock);
  const calls = new HttpCalls({ urls: addresses.map(({ http }) => http), token: () => conversation.token(), fetch });
  return new Hub(node, conversation, calls);
}

async function begin(conversation: Conversation, options: ConnectOptions, clock: Clock): Promise<void> {
  const { signal, connectTimeoutMs } = options;
  let reason = "the hub has not answered";
  const stop = conversation.events.on("retrying", (event) => void ({ reason } = event));
  const late = () =>
    conversation.fail(new BatonError("UNAVAILABLE", `no session within ${connectTimeoutMs} ms: ${reason}`));
  const cancel = connectTimeoutMs === undefined ? undefined : clock.after(connectTimeoutMs, late);
  const abort = () => conversation.fail(new BatonError("CANCELLED", "the connecting was aborted"));
  signal?.addEventListener("abort", abort);
  try {
    conversation.start();
    await conversation.begun;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    stop();
    cancel?.();
    signal?.removeEventListener("abort", abort);
  }
}

function checkOptions({ node, token, graceMs, connectTimeoutMs }: ConnectOptions): void {
  const bounds = boundsOf({});
  if (node !== undefined) checkName("node", node, bounds.nodeBytesMax);
  if (typeof token === "string") checkText("token", token, bounds.tokenBytesMax);
  checkDuration("graceMs", graceMs);
  checkDuration("connectTimeoutMs", connectTimeoutMs);
}
