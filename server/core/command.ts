// What can be asked of the lock table. A command is plain data, so that a journal can keep it and any hub can decide it
// alike [B7]. Knows no effect.
import type { Limits } from "../../shared/limits.ts";
import type { ClientMessageOf } from "../../shared/protocol.ts";

/** What a table decides by; part of the book, so that a replay decides alike. Durations in milliseconds. */
export type TableSettings = {
  readonly limits: Limits;
  readonly lockDelayMs: number;
  readonly outcomeTtlMs: number;
};

/** The messages of a client that the table decides on, or whose place among the others it decides. */
export type RequestMessage = ClientMessageOf<
  "acquire" | "release" | "cancel" | "extend" | "progress" | "refer" | WatchMessage["type"]
>;

/** The messages that are about watching: of them the table knows the request id alone [S10]. */
export type WatchMessage = ClientMessageOf<"watch" | "unwatch">;

/** Who a session is; fixed when it opens. */
export type SessionIdentity = {
  /** The session's public id. */
  session: string;
  node: string;
  /** A digest of the secret that a resume must show; the secret itself is never kept. */
  secretDigest: string;
  /** The name of the token that opened it. */
  owner: string;
  /** How long the session outlives its socket, in milliseconds, as in force [S4]. */
  graceMs: number;
  client: string;
  labels: Record<string, string>;
};

/**
 * A time that has come. `armed` is the order number of the step that set it: the command is void when what it was for has
 * changed since [B7].
 */
export type DeadlineCommand =
  | { type: "deadline"; of: "wait" | "hold"; session: string; id: number; armed: number }
  | { type: "deadline"; of: "grace"; session: string; armed: number }
  | { type: "deadline"; of: "delay" | "outcome"; resource: string; armed: number };

/**
 * A hub begins to work on a book that an earlier run has left [B6]. `order` is at least the wall clock's microseconds, so
 * that fences grow even when an old copy of the book was put back [F1]; `isUndated` says that nobody knows how long the book
 * was closed. Where several hubs share a book, `gone` names those that are there no longer: only their sessions are away; and
 * `isReopened` says that nobody worked on it meanwhile.
 */
export type Beginning = {
  type: "begin";
  order: number;
  settings: TableSettings;
  recoveryGraceMs: number;
  isUndated: boolean;
  gone?: readonly string[];
  isReopened?: boolean;
};

/**
 * `socket` names one connection, never used twice: what an earlier socket of a session says after a resume is void [S8].
 * `ticket` comes back in the `answered` effect.
 */
export type Command =
  | Beginning
  /** A hub is gone, and its sockets, whose names begin with its own; said twice it is void. */
  | { type: "gone"; hub: string; recoveryGraceMs: number }
  | ({ type: "open"; socket: string } & SessionIdentity)
  | { type: "resume"; socket: string; session: string }
  /** `mustHold`: it is refused unless the session holds the resource alone. */
  | { type: "message"; socket: string; message: RequestMessage; mustHold?: true }
  | { type: "acknowledge"; socket: string; order: number }
  | { type: "detach"; socket: string; graceMs?: number }
  | { type: "bye"; socket: string }
  | { type: "kick"; session: string; actor: string; reason?: string; ticket: number }
  | { type: "revoke"; resource: string; fence?: number; actor: string; reason: string; ticket: number }
  | { type: "forget"; resource: string; actor?: string; ticket: number }
  | DeadlineCommand;
