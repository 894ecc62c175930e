// The WebSockets of the hub, bounded: text frames in, text frames out. The only file that imports `ws`; knows no message.
import type { IncomingMessage, Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Limits } from "../shared/limits.ts";
import { subprotocol } from "../shared/protocol.ts";
import { refuseUpgrade, type Doorway, type Refusal } from "./doorway.ts";
import { FrameWatch } from "./frame-watch.ts";
import type { Logger } from "./log.ts";
import type { Connection } from "./host.ts";

/** Where the frames and the end of one connection go. */
type Receiver = {
  /** A text frame, or `undefined` for a binary one. */
  receive(text: string | undefined): void;
  disconnected(): void;
};

type SocketParts = {
  server: Server;
  limits: Limits;
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

const closeTimeoutMs = 5_000;

/** Accepts WebSockets on a server. */
export function acceptSockets({ server, limits, doorway, log, isOpen, connected }: SocketParts): Sockets {
  const options = {
    noServer: true,
    maxPayload: limits.frameBytesMax,
    maxFragments: limits.frameFragmentsMax,
    perMessageDeflate: false,
    clientTracking: false,
    closeTimeout: closeTimeoutMs,
    handleProtocols: () => subprotocol,
  };
  const accepting = new WebSocketServer(options);
  const watch = new FrameWatch(limits.frameMsMax);
  const open = new Set<WebSocket>();
  let whenEmpty: (() => void) | undefined;
  let lastId = 0;

  accepting.on("wsClientError", (error, stream) => {
    log.debug({ error: error.message }, "an upgrade was malformed");
    answer(stream, { status: 400, code: "INVALID_MESSAGE", message: "not a WebSocket upgrade" });
  });

  server.on("upgrade", (request, stream, head) => {
    stream.on("error", (error) => log.debug({ error: error.message }, "a connection broke during its upgrade"));
    const refusal = refuseUpgrade(doorway, knockOf(request));
    if (refusal !== undefined) return answer(stream, refusal);
    if (!isOpen()) return answer(stream, { status: 503, code: "UNAVAILABLE", message: "the hub is being stopped" });
    accepting.handleUpgrade(request, stream, head, (socket) => accept(socket, stream));
  });

  function accept(socket: WebSocket, stream: Duplex): void {
    lastId += 1;
    open.add(socket);
    const receiver = connected(connectionOf(socket, stream, String(lastId)));
    const watched = {
      bytesRead: () => (stream instanceof Socket ? stream.bytesRead : 0),
      cutOff: () => socket.terminate(),
    };
    const heard = watch.add(watched);
    socket.on("message", (data: RawData, isBinary: boolean) => {
      heard();
      receiver.receive(isBinary ? undefined : textOf(data));
    });
    socket.on("ping", heard);
    socket.on("pong", heard);
    socket.on("error", (error) => log.debug({ error: error.message }, "a socket broke the protocol or was cut off"));
    socket.on("close", () => {
      open.delete(socket);
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

function connectionOf(socket: WebSocket, stream: Duplex, id: string): Connection {
  return {
    id,
    send: (text) => {
      if (socket.readyState === socket.OPEN) writeFrame(stream, text);
    },
    close: (code, reason) => socket.close(code, reason),
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
function writeFrame(stream: Duplex, text: string): void {
  const bytes = Buffer.byteLength(text);
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

function textOf(data: RawData): string {
  // With the default binaryType `ws` gives a message as one Buffer.
  return Buffer.isBuffer(data) ? data.toString() : "";
}

function knockOf({ method = "", url = "", headers, headersDistinct }: IncomingMessage) {
  const { host, origin } = headers;
  const subprotocols = headersDistinct["sec-websocket-protocol"]?.join(",");
  const origins = headersDistinct["origin"]?.join(",");
  return { method, target: url, host, origin: origins ?? origin, subprotocols };
}

const reasons = { 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed" };
const moreReasons = { ...reasons, 421: "Misdirected Request", 503: "Service Unavailable" };

function answer(
  stream: Duplex,
  { status, code, message }: Refusal | (Omit<Refusal, "status"> & { status: 503 }),
): void {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status} ${moreReasons[status]}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  stream.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
