// Where a connection can stand, what can happen to it, and what should happen then: the unions of connection.ts.
import type { ClientMessageInput, HubMessageOf } from "../shared/protocol.ts";
import type { Backoff } from "./backoff.ts";
import type { BatonError } from "./baton-error.ts";
import type { Session } from "./session.ts";

/** What a socket is said to have been closed with when it broke or never opened; platforms say so too. */
export const brokenCode = 1006;

/** Messages that are about the session and no request. */
export type SessionMessage = HubMessageOf<"welcome" | "authorized" | "ping" | "pong" | "leaving">;

/** What a connection is told once and for all. */
export type ConnectionSettings = {
  node: string;
  /** What to ask for, in milliseconds [S4]. */
  graceMs: number;
  labels: Record<string, string> | undefined;
  backoff: Backoff;
  /** From 0 up to 1, as Math.random gives. */
  random: () => number;
  /** How long a socket may take to open and the hub to welcome, in milliseconds. */
  greetingMsMax: number;
  /** How many hubs there are to go to. */
  hubs: number;
};

/** What can happen to a connection. */
export type ConnectionEvent =
  | { kind: "start" }
  /** The token that was asked for; undefined when there is none. */
  | { kind: "token"; token: string | undefined }
  | { kind: "tokenFailed"; explanation: string }
  | { kind: "opened" }
  | { kind: "message"; message: SessionMessage }
  /** The hub complains of something that is no request; a close may follow. */
  | { kind: "complaint"; explanation: string }
  | { kind: "closed"; code: number; reason: string }
  /** The time that `wakeAtMs` named has come; `dueMs` is when it should have. */
  | { kind: "time"; dueMs: number; isHolding: boolean }
  /** The user is done. */
  | { kind: "stop" }
  /** There is no sense in going on. */
  | { kind: "fail"; error: BatonError };

/** What should happen. */
export type ConnectionEffect =
  | { kind: "askToken" }
  /** Open a socket to the hub of that place in the list. */
  | { kind: "dial"; hub: number }
  | { kind: "send"; message: ClientMessageInput }
  /** Close the socket, and hear no more of it. */
  | { kind: "drop"; code: number }
  /** A session is open. `lastId` is there when it is the one from before, with all that it held and awaited [S9]. */
  | { kind: "begun"; session: Session; lastId: number | undefined }
  /** The socket of a session is gone; what that means for the session follows. */
  | { kind: "disconnected"; code: number; reason: string; graceMs: number }
  /** The session lives on without a socket, as far as can be known [S4]. */
  | { kind: "detached" }
  /** The session is gone with all that it held [S6]. */
  | { kind: "ended"; reason: string }
  /** The session may be gone by now: what it holds must be let go of [S12]. */
  | { kind: "unsure" }
  /** The next try comes after that long. There is a code when a socket was closed. */
  | { kind: "resting"; code: number | undefined; reason: string; retryInMs: number }
  | { kind: "leaving"; reconnectMs: number; graceMs: number }
  | { kind: "closed"; error: BatonError | undefined };

/** What is carried from one try to the next. */
export type Trail = {
  /** The session to resume. */
  session: Session | undefined;
  /** Tries in a row that led to no session that lasted. */
  failures: number;
  /** Tokens in a row that were refused, or good for no session that lasted. */
  refusals: number;
  /** Where to go: a place in the list of hubs. */
  hub: number;
};

/** A session is open. */
export type Open = {
  kind: "open";
  session: Session;
  failures: number;
  refusals: number;
  hub: number;
  openedAtMs: number;
  heardAtMs: number;
  tokenExpiresAtMs: number;
  /** When to ask for the next token. */
  renewAtMs: number;
  /** How long the hub asks to stay away, once it has said that it leaves. */
  reconnectMs: number | undefined;
};

/** Where a connection stands. */
export type ConnectionState =
  | { kind: "idle" }
  /** The token is being asked for. */
  | { kind: "preparing"; trail: Trail }
  | { kind: "dialing"; trail: Trail; token: string | undefined; untilMs: number }
  | { kind: "greeting"; trail: Trail; helloAtMs: number; untilMs: number; complaint: string | undefined }
  | Open
  | { kind: "resting"; trail: Trail; untilMs: number }
  /** `bye` is said; the hub closes. */
  | { kind: "closing"; session: Session }
  | { kind: "closed" };
