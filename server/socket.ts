// The WebSockets of the hub, bounded: text frames in, text frames out. The only file that imports `ws`; knows no message.
import type { IncomingHttpHeaders, IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { closeCodes } from "../shared/errors.ts";
import type { Limits } from "../shared/limits.ts";
import { subprotocol } from "../shared/protocol.ts";
import { bearerOf } from "./bearer.ts";
import { refuseUpgrade, type Doorway, type Refusal } from "./doorway.ts";
import { FrameEnds } from "./frame-ends.ts";
import { FrameWatch } from "./frame-watch.ts";
import type { Logger } from "./log.ts";
import type { Connection } from "./host.ts";
import { answerAndCutOff } from "./refusal-answer.ts";
import type { Traffic } from "./traffic.ts";

/** Where the frames and the end of one connection go. */
type Receiver = {
  /** A text frame, or `undefined` for a binary one. */
  receive(text: string | undefined): void;
  /** What was sent has left the process. */
  drained(): void;
  disconnected(): void;
};

type SocketParts = {
  server: Server;
  limits: Limits;
  /** Counts that a bound was met. */
  refused: (bound: keyof Limits) => void;
  traffic: Traffic;
  doorway: Doorway;
  log: Logger;
  /** Whether new sockets are welcome. */
  isOpen: () => boolean;
  connected: (connection: Connection) => Receiver;
};

/** All WebSockets of one hub. */
export type Sockets = {
  /** Resolves when no socket is left, or after `withinMs`, when the rest is cut off. */
  close(withinMs: number): Promise<void>;
  /** Cuts all off at once. */
  terminate(): void;
};

const boundsByError = new Map<unknown, keyof Limits>([
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "frameBytesMax"],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", "frameFragmentsMax"],
]);

const closeTimeoutMs = 5_000;
// Who has read nothing for heartbeats on end hardly reads that it is closed.
const slowCloseTimeoutMs = 1_000;

/** Accepts WebSockets on a server. */
export function acceptSockets(parts: SocketParts): Sockets {
  const { server, limits, refused, traffic, doorway, log, isOpen, connected } = parts;
  const accepting = new WebSocketServer(optionsOf(limits));
  const watch = new FrameWatch(limits.frameMsMax);
  const open = new Set<WebSocket>();
  let whenEmpty: (() => void) | undefined;
  let lastId = 0;

  accepting.on("wsClientError", (error, stream) => {
    log.debug({ error: error.message }, "an upgrade was malformed");
    answerAndCutOff(stream, { status: 400, code: "INVALID_MESSAGE", message: "not a WebSocket upgrade" });
  });

  server.on("upgrade", (request, stream, head) => {
    stream.on("error", (error) => log.debug({ error: error.message }, "a connection broke during its upgrade"));
    const refusal = refuseUpgrade(doorway, knockOf(request));
    if (refusal !== undefined) return turnAway(request, stream, refusal, log);
    if (!isOpen())
      return answerAndCutOff(stream, {
        status: 503,
        code: "UNAVAILABLE",
        message: "the hub is being stopped, or cannot reach its engine",
      });
    accepting.handleUpgrade(request, stream, head, (socket) => accept(socket, stream, request));
  });

  function accept(socket: WebSocket, stream: Duplex, { headers, socket: { remoteAddress: address } }: IncomingMessage) {
    lastId += 1;
    open.add(socket);
    traffic.sockets = open.size;
    const parts = { id: String(lastId), headers, traffic, address, log };
    const receiver = connected(connectionOf(socket, stream, parts));
    const frames = new FrameEnds();
    const cutOff = () => {
      refused("frameMsMax");
      socket.terminate();
    };
    const watched = { frames, isRead: () => !stream.isPaused(), cutOff };
    watch.add(watched);
    stream.on("data", (bytes: Buffer) => frames.take(bytes));
    socket.on("message", (data: RawData, isBinary: boolean) => {
      const text = textOf(data, traffic);
      receiver.receive(isBinary ? undefined : text);
    });
    stream.on("drain", () => receiver.drained());
    socket.on("error", (error) => broken(error, refused, log));
    socket.on("close", () => {
      open.delete(socket);
      traffic.sockets = open.size;
      watch.remove(watched);
      receiver.disconnected();
      if (open.size === 0) whenEmpty?.();
    });
  }

  const terminate = () => {
    watch.stop();
    for (const socket of open) socket.terminate();
  };
  return {
    terminate,
    close(withinMs) {
      watch.stop();
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(terminate, withinMs);
        whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}

function optionsOf({ frameBytesMax, frameFragmentsMax }: Limits) {
  return {
    noServer: true,
    maxPayload: frameBytesMax,
    maxFragments: frameFragmentsMax,
    perMessageDeflate: false,
    clientTracking: false,
    closeTimeout: closeTimeoutMs,
    handleProtocols: () => subprotocol,
  };
}

/** A socket has broken the protocol or a bound, or was cut off. */
function broken(error: Error, refused: SocketParts["refused"], log: Logger): void {
  const bound = "code" in error ? boundsByError.get(error.code) : undefined;
  if (bound !== undefined) refused(bound);
  log.debug({ error: error.message }, "a socket broke the protocol or was cut off");
}

type ConnectionParts = {
  id: string;
  headers: IncomingHttpHeaders;
  traffic: Traffic;
  address: string | undefined;
  log: Logger;
};

function connectionOf(
  socket: WebSocket,
  stream: Duplex,
  { id, headers, traffic, address, log }: ConnectionParts,
): Connection {
  return {
    id,
    token: bearerOf(headers.authorization),
    send: (text) => {
      if (socket.readyState === socket.OPEN) writeFrame(stream, text, traffic);
    },
    close: (code, reason) => {
      if (code === closeCodes.UNAUTHORIZED) log.info({ address, reason }, "a node was turned away");
      socket.close(code, reason);
      if (code === closeCodes.SLOW_CONSUMER) setTimeout(() => socket.terminate(), slowCloseTimeoutMs).unref();
      // What still comes is for nobody, and not worth the unmasking: the end of the connection says as much as a close frame.
      stream.removeAllListeners("data");
      stream.resume();
      stream.end();
    },
    unsentBytes: () => stream.writableLength,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

const textFrame = 0x81;
const bytesInHeader = 125;
const bytesInTwoMore = 0xffff;

/**
 * Writes one unmasked text frame (RFC 6455, 5.2) to the stream under a WebSocket. `ws` itself writes header and payload as
 * two buffers by writev, which costs more than all else that the hub does for a message; ASCII goes out as one string.
 */
function writeFrame(stream: Duplex, text: string, traffic: Traffic): void {
  const bytes = Buffer.byteLength(text);
  traffic.framesOut += 1;
  traffic.bytesOut += bytes;
  const header = headerOf(bytes);
  if (bytes === text.length) stream.write(header + text, "latin1");
  else stream.write(Buffer.concat([Buffer.from(header, "latin1"), Buffer.from(text)]));
}

function headerOf(bytes: number): string {
  if (bytes <= bytesInHeader) return String.fromCharCode(textFrame, bytes);
  if (bytes <= bytesInTwoMore) return String.fromCharCode(textFrame, 126, bytes >> 8, bytes & 0xff);
  const length = [56, 48, 40, 32, 24, 16, 8, 0].map((bits) => Math.floor(bytes / 2 ** bits) & 0xff);
  return String.fromCharCode(textFrame, 127, ...length);
}

function textOf(data: RawData, traffic: Traffic): string {
  // With the default binaryType `ws` gives a message as one Buffer.
  if (!Buffer.isBuffer(data)) return "";
  traffic.framesIn += 1;
  traffic.bytesIn += data.length;
  return data.toString();
}

function knockOf({ method = "", url = "", headersDistinct }: IncomingMessage) {
  const all = (name: string) => headersDistinct[name]?.join(",");
  const [host, origin, subprotocols] = [all("host"), all("origin"), all("sec-websocket-protocol")];
  return { method, target: url, host, origin, subprotocols };
}

const shownMax = 64;

function turnAway({ headers: { host, origin } }: IncomingMessage, stream: Duplex, refusal: Refusal, log: Logger): void {
  const { status, message: reason } = refusal;
  // Whoever is turned away chose these, and may come as often as it likes.
  const said = { host: host?.slice(0, shownMax), origin: origin?.slice(0, shownMax) };
  log.info({ status, reason, ...said }, "an upgrade was refused");
  answerAndCutOff(stream, refusal);
}
