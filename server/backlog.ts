// How many requests of one connection may wait for their answers [B1]: who sends one behind the other and reads nothing makes the
// hub keep all that it would say. Knows no route.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../shared/limits.ts";

/** The unanswered requests of all connections, counted. */
export class Backlog {
  readonly #limits: Pick<Limits, "connectionRequestsMax">;
  readonly #refused: (bound: "connectionRequestsMax") => void;
  readonly #counts = new WeakMap<Socket, number>();

  constructor(limits: Pick<Limits, "connectionRequestsMax">, refused: (bound: "connectionRequestsMax") => void) {
    this.#limits = limits;
    this.#refused = refused;
  }

  /** Whether a request may be answered; with one too many its connection is cut off. */
  admits({ socket }: Pick<IncomingMessage, "socket">, response: Pick<ServerResponse, "once">): boolean {
    if (socket.destroyed) return false;
    const count = (this.#counts.get(socket) ?? 0) + 1;
    if (count > this.#limits.connectionRequestsMax) {
      this.#refused("connectionRequestsMax");
      socket.destroy();
      return false;
    }
    this.#counts.set(socket, count);
    response.once("close", () => this.#counts.set(socket, (this.#counts.get(socket) ?? 1) - 1));
    return true;
  }
}
