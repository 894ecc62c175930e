// What a resource asks of those who write to it: a fence that is not lower than any it has seen [F2]. Needs no hub.
import { defaultLimits } from "../../shared/limits.ts";
import { BatonError } from "../baton-error.ts";
import { checkDuration, checkInteger, checkName } from "../bounds.ts";
import { StaleFenceError } from "./fence-error.ts";
import { FileFences } from "./fence-file.ts";
import { MemoryFences, type Fences } from "./fences.ts";

/** What a guard takes. */
export type FenceGuardOptions = {
  /**
   * Where the highest fences are kept, so that they outlive the process and guards of other processes of this machine see them;
   * only in memory if unsaid. The file is made when it is not there; no network file system.
   */
  file?: string | undefined;
  /**
   * How many resources are remembered, 100,000 if unsaid. Past it those with the oldest fences are forgotten, and of a resource
   * that is not known a fence lower than any forgotten one is refused too: no stale one ever passes.
   */
  resourcesMax?: number | undefined;
  /** How long a check may wait for another process that writes to the file, in milliseconds, 5,000 if unsaid. */
  busyMsMax?: number | undefined;
};

/** Work that was let in, or waits to be; `over` settles when it is done with the resource. */
type Turn = { readonly fence: number; readonly abort: AbortController; readonly over: Promise<void> };

const resourcesMaxDefault = 100_000;
const busyMsMaxDefault = 5_000;

/**
 * The check that makes a late writer harmless. A lock service cannot stop a process that was paused while its lock went to
 * another; the resource can, since the fence of the later grant is greater [F1]. One guard is for the fences of one hub, or of
 * several over one etcd.
 *
 *     const guard = new FenceGuard({ file: "/var/lib/store/fences.db" });
 *     guard.check("db-migrate", fence);                                        // throws when a later holder was here
 *     await guard.run("db-migrate", fence, (signal) => write(data, { signal }));
 */
export class FenceGuard implements Disposable {
  readonly #fences: Fences;
  /** By resource, in the order in which they were let in. */
  readonly #turns = new Map<string, Set<Turn>>();

  /** @throws FenceFileError when the file cannot be used; BatonError INVALID_MESSAGE for numbers that are none of these */
  constructor(options: FenceGuardOptions = {}) {
    const { file, resourcesMax = resourcesMaxDefault, busyMsMax = busyMsMaxDefault } = options;
    checkInteger("resourcesMax", resourcesMax, 1, Number.MAX_SAFE_INTEGER);
    checkDuration("busyMsMax", busyMsMax);
    this.#fences = file === undefined ? new MemoryFences(resourcesMax) : new FileFences(file, resourcesMax, busyMsMax);
  }

  /**
   * Lets a fence pass that is at least as high as every one that this resource has shown, and remembers it: on disk, if the
   * guard has a file, before this returns. It tells of this moment only: a write that takes time belongs into `run`, or its
   * store compares the fence itself in the same step.
   *
   * @param resource the name that was locked
   * @param fence of the grant; the same one passes as often as it comes
   * @throws StaleFenceError, with both fences, when a higher one was here; FenceFileError when that cannot be told; BatonError
   *   INVALID_MESSAGE or INVALID_KEY for what is no fence or no resource
   */
  check(resource: string, fence: number): void {
    checkName("resource", resource, defaultLimits.resourceBytesMax);
    if (!Number.isSafeInteger(fence) || fence < 1) {
      throw new BatonError("INVALID_MESSAGE", `a fence is an integer from 1 to 2^53 - 1, not ${String(fence)}`);
    }
    const refusal = this.#fences.raise(resource, fence);
    if (refusal !== undefined) throw new StaleFenceError(resource, fence, refusal.highest, refusal.isRemembered);
  }

  /**
   * Does work on a resource under a fence: one at a time for each resource, and never after one with a higher fence. When a
   * higher fence comes meanwhile, the signal aborts, and the newer work waits until this one has let go. That order is this
   * guard's; works of two processes that share a file are checked, but may overlap once they were let in.
   *
   * @param work gets a signal that aborts with the StaleFenceError when its fence is no longer the highest
   * @returns what the work returns
   * @throws as `check` does, at the call or when it would be its turn; what the work throws
   */
  async run<Result>(
    resource: string,
    fence: number,
    work: (signal: AbortSignal) => Result | PromiseLike<Result>,
  ): Promise<Result> {
    this.check(resource, fence);
    const turns = this.#turnsOf(resource);
    let previous: Turn | undefined;
    for (const turn of turns) {
      if (turn.fence < fence) turn.abort.abort(new StaleFenceError(resource, turn.fence, fence));
      previous = turn;
    }
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const turn: Turn = { fence, abort: new AbortController(), over };
    turns.add(turn);
    try {
      if (previous !== undefined) {
        await previous.over;
        this.check(resource, fence);
      }
      return await work(turn.abort.signal);
    } finally {
      turns.delete(turn);
      if (turns.size === 0) this.#turns.delete(resource);
      end();
    }
  }

  /** Lets go of the file; there is nothing more to ask then. */
  close(): void {
    this.#fences.close();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #turnsOf(resource: string): Set<Turn> {
    let turns = this.#turns.get(resource);
    if (turns === undefined) {
      turns = new Set();
      this.#turns.set(resource, turns);
    }
    return turns;
  }
}
