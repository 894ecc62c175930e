// What can go wrong between a registry and a store, said so that a person knows what, where and what to do.
// Knows no protocol message; the hub is told `message`, `code` and `retryAfterMs` by the SDK.

/** Why content could not be had or kept. */
export type ContentCode =
  | "INVALID_REFERENCE"
  | "UNREACHABLE"
  | "DENIED"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "REGISTRY_FAULT"
  | "DROPPED"
  | "WRONG_DIGEST"
  | "WRONG_SIZE"
  | "UNSUPPORTED"
  | "DISK_FULL"
  | "STORE_FAULT"
  | "NOT_COMMITTED";

/** A failure of content. Always worth a retry by another node: its registry, its rights and its disk may differ. */
export class ContentError extends Error {
  override readonly name = "ContentError";
  readonly code: ContentCode;
  readonly retry = true;
  /** How long the registry asks everybody to stay away, in milliseconds [O2]. */
  readonly retryAfterMs?: number;

  constructor(code: ContentCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether the same grant may go on by itself: the connection failed, not what was asked. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ContentError)) return false;
  return error.code === "DROPPED" || error.code === "UNREACHABLE" || error.code === "REGISTRY_FAULT";
}

/** The code that an error carries (`ENOSPC`, `SESSION_ENDED`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Names what the file system refused: where, and what to do about it. */
export function storeFault(error: unknown, path: string): unknown {
  const code = codeOf(error);
  // Only what the system itself refused: an aborted signal has a code too, and speaks for itself.
  if (code === undefined || !(error instanceof Error) || !("errno" in error)) return error;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new ContentError("DISK_FULL", `no space left for ${path}: free some, then pull again`, { cause: error });
  }
  return new ContentError("STORE_FAULT", `the store refused ${path}: ${error.message}`, { cause: error });
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
