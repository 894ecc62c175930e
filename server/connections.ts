// The connections of a port, bounded before anything was heard of them [B1]: all of them, those of one address, and those that
// are owed nothing. Knows neither what is asked nor what is said on a socket.
import { readFileSync } from "node:fs";
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { httpCodes } from "../shared/errors.ts";
import type { Limits } from "../shared/limits.ts";
import { Crowd } from "./crowd.ts";
import { answerAndCutOff, cutOffUnheard, type RefusalAnswer } from "./refusal-answer.ts";

type Bounded = {
  server: Server;
  isSecure: boolean;
  limits: Limits;
  /** Counts that a bound was met. */
  refused: (bound: keyof Limits) => void;
};

// What is wrong with a request that is none, by the word of Node for it.
const refusals = new Map<string | undefined, RefusalAnswer>([
  ["ERR_HTTP_REQUEST_TIMEOUT", { status: 408, code: "REQUEST_TIMEOUT", message: httpCodes.REQUEST_TIMEOUT.meaning }],
  ["HPE_HEADER_OVERFLOW", { status: 431, code: "HEADERS_TOO_LARGE", message: httpCodes.HEADERS_TOO_LARGE.meaning }],
]);
const malformed: RefusalAnswer = { status: 400, code: "INVALID_MESSAGE", message: "that is no request of HTTP" };

const tooMany = {
  status: 429,
  code: "TOO_MANY_REQUESTS",
  message: "as many connections as the hub allows of one address",
} as const;

// What the hub's own files and its links to others take at most, with some to spare.
const ownDescriptors = 200;

/** Bounds the connections of a server that does not listen yet. */
export function boundConnections({ server, isSecure, limits, refused }: Bounded): void {
  const crowd = new Crowd(limits, refused);
  // Those that are silent, shake hands, or may ask again: by name, the one that has been so for longest first.
  const idle = new Map<string, Socket>();
  const answers = new WeakMap<Duplex, ServerResponse>();
  const rest = (name: string, connection: Socket) => {
    idle.set(name, connection);
    if (idle.size <= limits.idleConnectionsMax) return;
    const [longest] = idle;
    if (longest === undefined) return;
    refused("idleConnectionsMax");
    idle.delete(longest[0]);
    longest[1].destroy();
  };
  server.maxConnections = Math.min(limits.connectionsMax, Math.max(1, descriptorsMax() - ownDescriptors));
  server.on("drop", () => refused("connectionsMax"));
  server.on("connection", (connection: Socket) => {
    const leave = crowd.enter(connection.remoteAddress ?? "");
    if (leave === undefined) return isSecure ? connection.destroy() : cutOffUnheard(connection, tooMany);
    const name = nameOf(connection);
    rest(name, connection);
    connection.once("close", () => {
      leave();
      idle.delete(name);
    });
  });
  // Who reads nothing keeps its answer, and its place among those who listen, for as long as it likes. A WebSocket has no such time.
  server.setTimeout(limits.answerMsMax, (connection: Socket) => {
    refused("answerMsMax");
    connection.destroy();
  });
  server.on("clientError", (error: Error & { code?: string }, connection: Duplex) => {
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") refused("headersMsMax");
    const answer = answers.get(connection);
    const isInTheMiddle = answer?.headersSent === true && !answer.writableFinished;
    if (!connection.writable || isInTheMiddle) connection.destroy();
    else answerAndCutOff(connection, refusals.get(error.code) ?? malformed);
  });
  // Node would answer these itself, past all that a request has to pass.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  server.on("upgrade", ({ socket }) => idle.delete(nameOf(socket)));
  server.on("request", ({ socket }, response) => {
    answers.set(socket, response);
    const name = nameOf(socket);
    idle.delete(name);
    response.once("close", () => {
      if (!socket.destroyed) rest(name, socket);
    });
  });
}

/** What a connection and the TLS on it have in common. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** How many descriptors this process may have; Infinity where the system does not say. */
function descriptorsMax(): number {
  try {
    const [, most = Infinity] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return Number(most);
  } catch {
    return Infinity;
  }
}
