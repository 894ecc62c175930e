// What can be asked for, what may be heard on the way, and what it comes to. Refuses what the hub would refuse [B1][B4].
// Knows no request under way.
import type { ClientMessageInput, HolderRow, HubMessageOf, Json, Mode } from "../shared/protocol.ts";
import { BatonError } from "./baton-error.ts";
import { checkDuration, checkInteger, checkName, type Bounds } from "./bounds.ts";
import type { Hold } from "./hold.ts";

/** What every way to ask for a resource takes. */
export type AskOptions = {
  /** What is to be done to the resource; `run` if unsaid. */
  operation?: string | undefined;
  /** How long to queue, in milliseconds; 0 for not at all, for ever if unsaid [Q5]. Time without a connection counts. */
  waitMs?: number | undefined;
  /** How long to hold at most, in milliseconds [H1]. */
  holdMs?: number | undefined;
  /** Aborting cancels: the call fails with the signal's reason, and a grant that has crossed it is given back. */
  signal?: AbortSignal | undefined;
  /** Called when the request is put in the queue. */
  onQueued?: ((queued: Queued) => void) | undefined;
  /** Called while it is held, when the first waiter arrives behind it [H4]. */
  onWanted?: ((waiting: number) => void) | undefined;
};

/** What `once` takes besides. */
export type OnceOptions = AskOptions & {
  /** A remembered success of the operation serves if it is at most that many milliseconds old [O7]. */
  freshMs?: number | undefined;
  /** Fails with ATTEMPTS_EXHAUSTED when so many attempts have failed [O4]. */
  maxAttempts?: number | undefined;
};

/** What `tryLock` takes: as for any other way to ask, but it never waits in the queue. */
export type TryLockOptions = Omit<AskOptions, "waitMs" | "onQueued">;

/** What `permit` takes besides. */
export type PermitOptions = AskOptions & {
  /** How many may hold it together; all who ask name the same number [Q7]. */
  limit: number;
};

/** What `request` takes, as the Web Locks API has it, and the other ways to ask besides. */
export type RequestOptions = AskOptions & {
  mode?: "exclusive" | "shared" | undefined;
  /** Do not wait: call back with null when it is not free. */
  ifAvailable?: boolean | undefined;
};

/** Where a request waits: its place, 1 for next, and who holds the resource meanwhile. */
export type Queued = { position: number; holders: HolderRow[] };

/** Someone else's success, which serves too [O1]. */
export type Skip = { by: string; fence: number; result: Json | undefined; ageMs: number };

/** What a request comes to. */
export type Answer = { kind: "granted"; hold: Hold } | { kind: "skipped"; skip: Skip };

/** An acquire without its id. */
export type Wish = Omit<Extract<ClientMessageInput, { type: "acquire" }>, "type" | "id" | "operation" | "mode"> & {
  operation: string;
  mode: Mode;
};

/** Who asks: what may be heard on the way, and the end. */
export type Asker = {
  queued: ((queued: Queued) => void) | undefined;
  wanted: ((waiting: number) => void) | undefined;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
};

/** Messages that are about one request. */
export type RequestMessage = HubMessageOf<
  | "queued"
  | "granted"
  | "skipped"
  | "failed"
  | "released"
  | "extended"
  | "lost"
  | "wanted"
  | "references"
  | "watching"
  | "changes"
>;

/**
 * What is said to the hub of what was asked for.
 *
 * @param limit how many may hold it together; for mode `permit` alone [Q7]
 * @throws BatonError INVALID_KEY or INVALID_MESSAGE where the hub would say so
 */
export function wishFor(resource: string, mode: Mode, options: OnceOptions, bounds: Bounds, limit?: number): Wish {
  const { operation = "run", waitMs, freshMs, holdMs, maxAttempts, onWanted } = options;
  checkName("resource", resource, bounds.resourceBytesMax);
  checkName("operation", operation, bounds.operationBytesMax);
  checkDuration("waitMs", waitMs);
  checkDuration("freshMs", freshMs);
  checkDuration("holdMs", holdMs);
  checkInteger("maxAttempts", maxAttempts, 1, bounds.attemptsMax);
  const wanted = onWanted === undefined ? undefined : true;
  const wish = { resource, operation, mode, waitMs, freshMs, holdMs, maxAttempts, wanted };
  if (mode !== "permit") return wish;
  if (limit === undefined) throw refusal("a permit takes a limit: how many may hold the resource together");
  checkInteger("limit", limit, 1, bounds.permitsMax);
  return { ...wish, limit };
}

/** @throws BatonError INVALID_MESSAGE for what the Web Locks API has and a hub has not, and for a mode that it has not either */
export function checkRequest({ mode = "exclusive", steal }: RequestOptions & { steal?: unknown }): void {
  if (steal === true) throw refusal("steal is not offered; an admin takes a resource from its holder by forceRelease");
  if (mode === "exclusive" || mode === "shared") return;
  throw refusal(`mode must be exclusive or shared, not ${String(mode)}`);
}

function refusal(message: string): BatonError {
  return new BatonError("INVALID_MESSAGE", message);
}

/** What a skipped request is told. */
export function skipOf({ by, fence, result, ageMs }: HubMessageOf<"skipped">): Skip {
  return { by, fence, result, ageMs };
}

/** Why a request ended without a grant. */
export function failedError({ code, message, error }: HubMessageOf<"failed">): BatonError {
  return new BatonError(code, message, { failure: error });
}
