// What is on either side of a session: the connection below and the hub above, by the smallest interface that it needs.
import type { Limits, Refusals } from "../shared/limits.ts";
import type { FrameReader } from "../shared/frame-reader.ts";
import type { ClientMessage, ClientMessageOf } from "../shared/protocol.ts";
import type { RequestMessage } from "./core/command.ts";

/** One connection as a session needs it. */
export type Connection = {
  /** Never used twice. */
  readonly id: string;
  /** The token that came with the upgrade, if one did. */
  readonly token?: string | undefined;
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
  /** How often each bound was met; whoever meets one counts it there. */
  readonly refusals: Refusals;
  readonly heartbeatMs: number;
  readonly reader: FrameReader<ClientMessage>;
  nowMs(): number;
  /** The turn under way, and those who are called at its end or after it. */
  readonly turn: {
    /** Which one it is. */
    readonly number: number;
    /** How many messages a session may handle as they come, of so many at most. */
    messagesMax(session: Session, most: number): number;
    holdBack(session: Session): void;
    await(session: Session): void;
    flushFirst(session: Session): void;
  };
  greet(session: Session, hello: ClientMessageOf<"hello">): void;
  ask(session: Session, message: RequestMessage): void;
  /** Whether that is a live request of the session. */
  owns(session: Session, id: number): boolean;
  /** Looks at another token for a session. */
  readonly reception: { renew(session: Session, token: string): void };
  bye(session: Session): void;
  /** Calls back when all that was asked so far is answered, at once or later. */
  readonly engine: { whenInEffect(callback: () => void): void };
  /** All that was told up to that step of the engine has arrived [S9]; nothing more than before if there is none. */
  acknowledge(session: Session, order: number | undefined): void;
  /** The number of the engine's last step. */
  order(): number;
  /** The session's connection is of no more use. */
  gone(session: Session): void;
};
