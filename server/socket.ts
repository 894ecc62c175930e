// The WebSockets of the hub, bounded: text frames in, text frames out. The only file that imports `ws`; knows no message.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Limits } from "../shared/limits.ts";
import { subprotocol } from "../shared/protocol.ts";
import { refuseUpgrade, type Doorway, type Refusal } from "./doorway.ts";
import type { Logger } from "./log.ts";
import type { Connection } from "./session.ts";

/** Where the frames and the end of one connection go. */
export type Receiver = {
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
    accepting.handleUpgrade(request, stream, head, accept);
  });

  function accept(socket: WebSocket): void {
    lastId += 1;
    open.add(socket);
    const receiver = connected(connectionOf(socket, String(lastId)));
    socket.on("message", (data: RawData, isBinary: boolean) => receiver.receive(isBinary ? undefined : textOf(data)));
    socket.on("error", (error) => log.debug({ error: error.message }, "a socket broke the protocol or was cut off"));
    socket.on("close", () => {
      open.delete(socket);
      receiver.disconnected();
      if (open.size === 0) whenEmpty?.();
    });
  }

  const terminate = () => {
    for (const socket of open) socket.terminate();
  };
  return {
    terminate,
    close(withinMs) {
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

function connectionOf(socket: WebSocket, id: string): Connection {
  return {
    id,
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    unsentBytes: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
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
