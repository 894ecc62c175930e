// The requests that are not answered yet. A connection may have so many [B1]: who sends one behind the other and reads nothing
// makes the hub keep all that it would say. And each waits for its turn, one in a round of the event loop: a flood of them
// slows whoever asks, and no node. Knows no route.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../shared/limits.ts";
import type { Clock } from "./clock.ts";

type BacklogParts = {
  readonly limits: Pick<Limits, "connectionRequestsMax">;
  readonly refused: (bound: "connectionRequestsMax") => void;
  readonly clock: Pick<Clock, "afterRound">;
};

/** The unanswered requests of all connections, counted and in line. */
export class Backlog {
  readonly #parts: BacklogParts;
  readonly #counts = new WeakMap<Socket, number>();
  readonly #line = new Set<{ socket: Socket; answer: () => void }>();

  constructor(parts: BacklogParts) {
    this.#parts = parts;
  }

  /** Has a request answered when it is its turn; with one too many its connection is cut off. */
  add({ socket }: Pick<IncomingMessage, "socket">, response: Pick<ServerResponse, "once">, answer: () => void): void {
    const { limits, refused, clock } = this.#parts;
    if (socket.destroyed) return;
    const count = (this.#counts.get(socket) ?? 0) + 1;
    if (count > limits.connectionRequestsMax) {
      refused("connectionRequestsMax");
      cutOff(socket);
      return;
    }
    this.#counts.set(socket, count);
    response.once("close", () => this.#counts.set(socket, (this.#counts.get(socket) ?? 1) - 1));
    this.#line.add({ socket, answer });
    if (this.#line.size === 1) clock.afterRound(this.#next);
  }

  readonly #next = (): void => {
    const [first] = this.#line;
    if (first === undefined) return;
    this.#line.delete(first);
    if (this.#line.size > 0) this.#parts.clock.afterRound(this.#next);
    if (!first.socket.destroyed) first.answer();
  };
}

/** Ends a connection at once. Node makes an error for each of its requests, of which one read may bring a thousand: without their stacks. */
function cutOff(socket: Socket): void {
  if (socket.destroyed) return;
  const { stackTraceLimit } = Error;
  socket.prependOnceListener("close", () => (Error.stackTraceLimit = 0));
  socket.once("close", () => (Error.stackTraceLimit = stackTraceLimit));
  socket.destroy();
}
