// What follows from a command: whom to tell what. Plain data; the hub carries it out.
import type { HubMessageOf } from "../../shared/protocol.ts";
import type { WatchMessage } from "./command.ts";

/** A success that serves others too; one object for all who are skipped by it, so that it is encoded once. */
export type Skip = {
  by: string;
  fence: number;
  /** The result as JSON text. */
  result: string | undefined;
  ageMs: number;
};

/** What a session is told of one of its requests. */
export type Answer =
  | HubMessageOf<"queued" | "granted" | "failed" | "released" | "extended" | "lost" | "wanted" | "references" | "error">
  | { type: "skipped"; id: number; skip: Skip };

/** Why a hello came to no session. */
type Denial = "node in use" | "session gone" | "too many sessions" | "too many of one token";

/** A session that has a socket, and what it is promised; durations in milliseconds. */
type Opened = { socket: string; session: string; graceMs: number; lockDelayMs: number };

/** `socket` is the one that the session has at that moment; a detached session is told when it is back [S9]. */
export type Effect =
  | { type: "tell"; socket: string; answer: Answer }
  | ({ type: "opened" } & Opened)
  | ({ type: "resumed"; replaced: string | undefined; lastId: number } & Opened)
  | { type: "denied"; socket: string; reason: Denial }
  | { type: "ended"; session: string; socket: string | undefined; why: "bye" | "dropped" | "kicked" | "flooded" }
  | { type: "watched"; socket: string; message: WatchMessage }
  | { type: "answered"; ticket: number; outcome: "done" | "absent" | "changed" };
