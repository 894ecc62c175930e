// Every code and close code of the protocol in one table: what it means and whether to come back.
// Knows nothing of who sends them.

/** Whether asking again can help: `yes` at once, `later` after a pause, `no` without a change on the asker's side. */
export type ComeBack = "yes" | "later" | "no";

/** The error codes of the protocol (PROTOCOL.md, Codes). */
export const codes = {
  LOCK_TIMEOUT: { comeBack: "yes", meaning: "waitMs passed in the queue" },
  LOCK_ALREADY_HELD: { comeBack: "yes", meaning: "waitMs was 0 and the resource was not free" },
  LOCK_DELAYED: { comeBack: "yes", meaning: "waitMs was 0 and a delay is in force" },
  LOCK_NOT_HELD: { comeBack: "no", meaning: "what was to be released, extended or reported on is not held" },
  LOCK_EXPIRED: { comeBack: "yes", meaning: "holdMs passed without an extend" },
  LOCK_REVOKED: { comeBack: "yes", meaning: "an admin released it by force" },
  SESSION_ENDED: { comeBack: "yes", meaning: "the session that asked is gone" },
  CANCELLED: { comeBack: "no", meaning: "the one who asked took the request back" },
  OPERATION_FAILED: { comeBack: "no", meaning: "the holder failed and said that a retry is pointless" },
  ATTEMPTS_EXHAUSTED: { comeBack: "no", meaning: "maxAttempts tries have failed" },
  LIMIT_MISMATCH: { comeBack: "no", meaning: "another permit request for the resource names another limit" },
  QUEUE_FULL: { comeBack: "later", meaning: "the resource has as many waiters as the hub allows" },
  TOO_MANY_REQUESTS: {
    comeBack: "later",
    meaning: "the session or the hub has as many requests or watches, or the hub as many references, as it allows",
  },
  INVALID_KEY: { comeBack: "no", meaning: "a resource, operation or node name breaks its form" },
  INVALID_MESSAGE: { comeBack: "no", meaning: "the message does not have the form of the protocol" },
  DUPLICATE_ID: { comeBack: "no", meaning: "the request id is not live and not above the highest received" },
  FORBIDDEN: { comeBack: "no", meaning: "the token does not allow it" },
  UNAVAILABLE: { comeBack: "yes", meaning: "the hub cannot do this just now" },
} as const satisfies Record<string, { comeBack: ComeBack; meaning: string }>;

/** An error code of the protocol. */
export type Code = keyof typeof codes;

/** The codes of the HTTP side with their statuses (PROTOCOL.md, HTTP): those of the table above that are said there, and its own. */
export const httpCodes = {
  INVALID_MESSAGE: { status: 400, meaning: "the query or the body does not have the form of the route" },
  INVALID_KEY: { status: 400, meaning: codes.INVALID_KEY.meaning },
  UNAUTHORIZED: { status: 401, meaning: "there is no token, or it lets nobody in" },
  FORBIDDEN: { status: 403, meaning: "the token, or the Origin of the page, does not allow it" },
  NOT_FOUND: { status: 404, meaning: "there is nothing of that name, or at that path" },
  METHOD_NOT_ALLOWED: { status: 405, meaning: "the path has other methods, which Allow names" },
  REQUEST_TIMEOUT: { status: 408, meaning: "the request was not whole in time" },
  CONFLICT: { status: 409, meaning: "what the request names has changed" },
  BODY_TOO_LARGE: { status: 413, meaning: "the body has more bytes than any that is allowed" },
  MISDIRECTED: { status: 421, meaning: "the Host is none of the hub's names" },
  UPGRADE_REQUIRED: { status: 426, meaning: "what is at that path is a WebSocket" },
  HEADERS_TOO_LARGE: { status: 431, meaning: "the headers have more bytes than any that are allowed" },
  INTERNAL: { status: 500, meaning: "the hub has a bug; its log says more" },
  UNAVAILABLE: { status: 503, meaning: codes.UNAVAILABLE.meaning },
} as const satisfies Record<string, { status: number; meaning: string }>;

/** A code of the HTTP side. */
export type HttpCode = keyof typeof httpCodes;

/** The close codes of the protocol, by name. */
export const closeCodes = {
  BYE: 1000,
  FRAME_TOO_LARGE: 1009,
  HUB_RESTARTING: 1012,
  TRY_AGAIN_LATER: 1013,
  PROTOCOL: 4400,
  UNAUTHORIZED: 4401,
  SESSION_ENDED: 4404,
  HELLO_TIMEOUT: 4408,
  NODE_IN_USE: 4409,
  SESSION_REPLACED: 4410,
  SILENT: 4411,
  SLOW_CONSUMER: 4412,
  TOO_MANY_FRAMES: 4429,
} as const;

/** The close codes after which the same client must not come back by itself; 4401 once a fresh token is refused too. */
export const terminalCloseCodes: ReadonlySet<number> = new Set([closeCodes.PROTOCOL, closeCodes.SESSION_REPLACED]);

/** For switches over a union: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
