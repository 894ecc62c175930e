// A resource that is held, in its holder's hands. Knows no message and no connection.
import type { Failure, Mode, Progress } from "../shared/protocol.ts";
import { BatonError } from "./baton-error.ts";
import type { FailOptions, Hold } from "./hold.ts";

/**
 * A resource that is held. Holding is never assumed: `signal` aborts and `lost` tells when the hub has taken it back, or when
 * nobody can be sure any more, and `fence` goes with every write so that the resource can refuse an old holder's.
 *
 *     await using lock = await hub.lock("db-migrate");
 *     await migrate({ signal: lock.signal, fence: lock.fence });
 */
export class Lock implements AsyncDisposable {
  readonly #hold: Hold;

  /** Made by the SDK alone. */
  constructor(hold: Hold) {
    this.#hold = hold;
  }

  get resource(): string {
    return this.#hold.grant.resource;
  }

  /** The resource, as the Web Locks API calls it. */
  get name(): string {
    return this.resource;
  }

  get operation(): string {
    return this.#hold.grant.operation;
  }

  get mode(): Mode {
    return this.#hold.grant.mode;
  }

  /** The id of the session that holds it. */
  get session(): string {
    return this.#hold.grant.session;
  }

  /** The how-manieth try at this operation this is [O5]. */
  get attempt(): number {
    return this.#hold.grant.attempt;
  }

  /** Who held it before and failed, and with what error [O2]. */
  get previous(): { node: string; error: Failure } | undefined {
    return this.#hold.grant.previous;
  }

  /**
   * The fencing token: greater than that of every earlier grant of the resource [F1].
   *
   * @throws BatonError the reason, once the lock is lost; the clock is looked at first [S12]
   */
  get fence(): number {
    const { state } = this.#hold;
    if (state.kind === "lost") throw state.error;
    return this.#hold.grant.fence;
  }

  /** Whether it is held; the clock is looked at first [S12]. */
  get held(): boolean {
    return this.#hold.state.kind === "held";
  }

  /** Aborts with the BatonError when the lock is lost; in the work of `once` also when its caller aborts. */
  get signal(): AbortSignal {
    return this.#hold.signal;
  }

  /** Tells why the lock was lost; undefined when it was released instead. Never rejects. */
  get lost(): Promise<BatonError | undefined> {
    return this.#hold.lost;
  }

  /**
   * Shows watchers, and who queues up later, how far the work is [H5]. Of a lock that is over: does nothing.
   *
   * @throws BatonError INVALID_MESSAGE for amounts below 0 and notes that are too long
   */
  progress(progress: Progress): void {
    if (this.held) this.#hold.holder.progress(progress);
  }

  /**
   * Has the hold end `holdMs` milliseconds from now [H1].
   *
   * @throws BatonError when the lock is not held any more
   */
  extend(holdMs: number): Promise<void> {
    return needNotBeAwaited(async () => {
      this.#assertHeld();
      await this.#hold.holder.extend(holdMs);
    });
  }

  /** Gives it back and says nothing of the work (`none`); settles when the hub has it. Of a lock that is lost: does nothing. */
  release(): Promise<void> {
    const { state, holder } = this.#hold;
    if (state.kind !== "held") return this.#quietlySaid();
    const said = holder.giveBack();
    this.#hold.released(said, false);
    return said;
  }

  /**
   * Says that the work succeeded. Who waits with `once` for the same operation is told to skip, with the result [O1], and the
   * hub remembers it [O6].
   *
   * @param result any JSON; what the others get
   * @throws BatonError when the result cannot be sent (the lock is still held then), when the lock is over, and when nobody
   *   can tell whether the hub has heard it
   */
  done(result?: unknown): Promise<void> {
    return needNotBeAwaited(async () => {
      this.#assertHeld();
      const said = this.#hold.holder.succeed(result);
      this.#hold.released(said, true);
      await said;
    });
  }

  /**
   * Says that the work failed. The next in line tries, and nobody else hears of it [O2]; with `retry: false` nobody tries [O3].
   * Of a lock that is over: does nothing.
   *
   * @param error its message, and its `code` if that is text, are told
   * @throws BatonError INVALID_MESSAGE for a `retryAfterMs` that is no duration
   */
  async fail(error: unknown, options: FailOptions = {}): Promise<void> {
    const { state, holder } = this.#hold;
    if (state.kind === "held") this.#hold.released(holder.fail(error, options), false);
    return this.#quietlySaid();
  }

  /** The same as `release`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** A success that could not be told was reported to whoever said it. */
  async #quietlySaid(): Promise<void> {
    const { state } = this.#hold;
    if (state.kind === "released") await state.said.catch(() => {});
  }

  #assertHeld(): void {
    const { state } = this.#hold;
    if (state.kind === "lost") throw state.error;
    if (state.kind === "released") throw new BatonError("LOCK_NOT_HELD", `${this.resource} was released before`);
  }
}

/** What ends a lock is told by its signal: a call that nobody awaits must not end the process by failing. */
function needNotBeAwaited(act: () => Promise<void>): Promise<void> {
  const acting = act();
  acting.catch(() => {});
  return acting;
}
