// What is on either side of a session: the connection below and the hub above, by the smallest interface that it needs.
import type { Limits } from "../shared/limits.ts";
import type { ClientMessage, ClientMessageOf, Decode } from "../shared/protocol.ts";
import type { RequestMessage } from "./core/command.ts";

/** One connection as a session needs it. */
export type Connection = {
  /** Never used twice. */
  readonly id: string;
  send(text: string): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** What was sent and has not left the process, in bytes. */
  unsentBytes(): number;
  /** Stops and restarts reading. */
  pause(): void;
  resume(): void;
};

/** What a session asks of the hub. */
export type Host<Session> = {
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly decode: Decode<ClientMessage>;
  nowMs(): number;
  /** The number of the turn under way. */
  turn(): number;
  /** Has `takeHeldBack` and `flush` called at the end of this turn. */
  wakeAtTurnEnd(session: Session): void;
  /** Has `flush` called before all that were not granted anything. */
  flushFirst(session: Session): void;
  greet(session: Session, hello: ClientMessageOf<"hello">): void;
  ask(session: Session, message: RequestMessage): void;
  bye(session: Session): void;
  /** All that was told before the ping of that number has arrived [S9]. */
  acknowledge(session: Session, order: number): void;
  /** The number of the engine's last step. */
  order(): number;
  /** The session's connection is of no more use. */
  gone(session: Session): void;
};
