// What a call of the SDK fails with: a code and a sentence. Knows no call and no connection.
import { closeCodes, codes, httpCodes, type Code, type HttpCode } from "../shared/errors.ts";
import type { Failure } from "../shared/protocol.ts";

/** Why a hub closes a connection, by the name of its close code. */
type CloseName = keyof typeof closeCodes;

/** A code of the protocol, or of its HTTP side; the name of the close code that ended the connection. */
export type BatonErrorCode = Code | HttpCode | CloseName;

/**
 * Every error that the SDK makes by itself. A call that was aborted fails with its signal's reason instead, as `fetch` does.
 *
 *     try { await hub.lock("db-migrate", { waitMs: 5_000 }); }
 *     catch (error) { if (error instanceof BatonError && error.code === "LOCK_TIMEOUT") console.log("busy"); }
 */
export class BatonError extends Error {
  override readonly name = "BatonError";
  readonly code: BatonErrorCode;
  /** What the last holder failed with, where the hub told it [O3][O4]. */
  readonly failure: Failure | undefined;

  constructor(code: BatonErrorCode, message: string, options: { cause?: unknown; failure?: Failure | undefined } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.failure = options.failure;
  }
}

const closeNames: ReadonlyMap<number, CloseName> = new Map(
  Object.entries(closeCodes).flatMap(([name, code]) => (isCloseName(name) ? [[code, name] as const] : [])),
);

/** The error for a connection that was closed with that code; UNAVAILABLE for a code that is none of the protocol's. */
export function closeError(closeCode: number, explanation: string): BatonError {
  return new BatonError(closeNames.get(closeCode) ?? "UNAVAILABLE", explanation);
}

/** The error for an HTTP answer with that code in its body, or with that status alone. */
export function statusError(status: number, code: string | undefined, explanation: string): BatonError {
  const known = code !== undefined && isCode(code) ? code : statusCodes.get(status);
  return new BatonError(known ?? "UNAVAILABLE", explanation);
}

// What stands between may answer with a status alone.
const statusCodes: ReadonlyMap<number, HttpCode> = new Map([
  [400, "INVALID_MESSAGE"],
  [401, "UNAUTHORIZED"],
  [403, "FORBIDDEN"],
  [404, "NOT_FOUND"],
  [409, "CONFLICT"],
]);

function isCloseName(name: string): name is CloseName {
  return Object.hasOwn(closeCodes, name);
}

function isCode(code: string): code is Code | HttpCode {
  return Object.hasOwn(codes, code) || Object.hasOwn(httpCodes, code);
}
