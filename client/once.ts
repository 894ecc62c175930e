// Work that is done while something is held, and what its end means for the grant. Knows no message and no connection.
import { durationMsMax } from "../shared/limits.ts";
import type { Json } from "../shared/protocol.ts";
import { BatonError } from "./baton-error.ts";
import type { FailOptions, Hold } from "./hold.ts";
import { Lock } from "./lock.ts";

/** What `once` comes to: the work was done here, or someone else's success serves. */
export type Once<Result> =
  | {
      status: "done";
      /** What the work returned. */
      result: Result;
      /** The node that has done it: this one. */
      by: string;
      fence: number;
      attempt: number;
    }
  | {
      status: "skipped";
      /** What the other node's work returned, as JSON carried it. */
      result: Json | undefined;
      /** The node that has done it. */
      by: string;
      /** The fence of its grant. */
      fence: number;
      /** How long ago it said so, in milliseconds. */
      ageMs: number;
    };

/** What a function does while it holds. */
export type Work<Held, Result> = (lock: Held) => Result | PromiseLike<Result>;

/**
 * Does the work of a `once` grant: what it returns is a success [O1], what it throws a failure [O2]. A thrown error may say
 * more by `retry: false` [O3] and by `retryAfterMs` [O2].
 *
 * @param node the own name
 * @param signal aborts the work's `grant.signal`; a work that stops for it fails nobody: the grant is given back with `none`
 * @throws the reason, at once, when the grant is lost; what the work throws; BatonError when its success could not be told
 */
export async function runOnce<Result>(
  hold: Hold,
  node: string,
  signal: AbortSignal | undefined,
  work: Work<Lock, Result>,
): Promise<Once<Result>> {
  const lock = new Lock(hold);
  const { fence, attempt } = hold.grant;
  const interrupt = () => hold.interrupt(signal?.reason);
  signal?.addEventListener("abort", interrupt);
  try {
    signal?.throwIfAborted();
    const result = await whileHeld(hold, () => work(lock));
    await succeed(hold, lock, result);
    return { status: "done", result, by: node, fence, attempt };
  } catch (error) {
    if (signal?.aborted === true) await lock.release();
    else await lock.fail(error, failOptionsOf(error));
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

/**
 * Runs a function while a lock is held, and gives it back with `none`, whatever comes of it.
 *
 * @throws the reason, at once, when the lock is lost; what the function throws
 */
export async function runLocked<Result>(hold: Hold, work: Work<Lock, Result>): Promise<Result> {
  const lock = new Lock(hold);
  try {
    return await whileHeld(hold, () => work(lock));
  } finally {
    await lock.release();
  }
}

/**
 * Does something while a grant lasts.
 *
 * @throws the reason, at once, when the grant is lost: there is nothing left to protect, and its signal tells the work to stop
 */
function whileHeld<Result>(hold: Hold, work: () => Result | PromiseLike<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const { state } = hold;
    if (state.kind === "lost") return reject(state.error);
    hold.onLost(reject);
    // A work that throws before it awaits anything fails like any other.
    Promise.resolve().then(work).then(resolve, reject);
  });
}

/** The work may have said by itself what there is to say. */
async function succeed(hold: Hold, lock: Lock, result: unknown): Promise<void> {
  const { state } = hold;
  if (state.kind !== "released") return lock.done(result);
  if (!state.isSuccess) throw new BatonError("LOCK_NOT_HELD", "the work has given its grant up without success");
  return state.said;
}

/** What a thrown error says of the next try. */
function failOptionsOf(error: unknown): FailOptions {
  if (typeof error !== "object" || error === null) return {};
  const retry = "retry" in error && error.retry === false ? false : undefined;
  const pauseMs = "retryAfterMs" in error ? error.retryAfterMs : undefined;
  if (typeof pauseMs !== "number" || !(pauseMs >= 0)) return { retry };
  return { retry, retryAfterMs: Math.min(Math.ceil(pauseMs), durationMsMax) };
}
