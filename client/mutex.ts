// A lock that one process takes as often as it likes: the first lock() asks the hub, the last unlock() gives it back.
// Knows no message and no connection.
import type { AskOptions } from "./asking.ts";
import { BatonError } from "./baton-error.ts";
import type { Lock } from "./lock.ts";

/** Asks the hub for the resource behind a mutex. */
export type AskLock = (resource: string, options: AskOptions) => Promise<Lock>;

/** A grant that several lock() calls have in common. */
type Share = { readonly lock: Lock; depth: number };

/** A lock() call that is not answered yet; it has a share when another one's grant serves it too. */
type Waiter = { readonly joined: AbortController; share: Share | undefined };

/**
 * Excludes other nodes. It is re-entrant by object: once it is granted, lock() on the same object returns at once, and it is
 * given back when unlock() was called as often; before the first grant every lock() waits. Tasks of one process that share
 * the object share the hold: where they must exclude each other, each takes `hub.lock` or `hub.request`.
 *
 *     const mutex = hub.mutex("db-migrate");
 *     await using held = await mutex.lock();
 */
export class Mutex {
  readonly resource: string;
  readonly #ask: AskLock;
  readonly #busy: Set<Mutex>;
  readonly #waiters = new Set<Waiter>();
  #share: Share | undefined;

  /** @param busy where the mutex stands while it is of use, so that it is not forgotten meanwhile */
  constructor(resource: string, ask: AskLock, busy: Set<Mutex>) {
    this.resource = resource;
    this.#ask = ask;
    this.#busy = busy;
  }

  /** Whether it is held; the clock is looked at first [S12]. */
  get locked(): boolean {
    return this.#share?.lock.held ?? false;
  }

  /**
   * Holds the resource, alone among all nodes.
   *
   * @throws BatonError why it was not granted; the signal's reason when that aborts
   */
  async lock(options?: AskOptions | null): Promise<MutexLock> {
    if (this.#share !== undefined && this.#share.lock.held) {
      this.#share.depth += 1;
      return new MutexLock(this, this.#share);
    }
    const waiter: Waiter = { joined: new AbortController(), share: undefined };
    this.#waiters.add(waiter);
    this.#busy.add(this);
    try {
      return new MutexLock(this, await this.#shareFor(waiter, options ?? {}));
    } finally {
      this.#waiters.delete(waiter);
      this.#rest();
    }
  }

  /**
   * Undoes one lock(); the last one gives the resource back. Of a mutex that was lost: does nothing.
   *
   * @throws BatonError LOCK_NOT_HELD without a lock() before
   */
  async unlock(): Promise<void> {
    if (this.#share === undefined) throw new BatonError("LOCK_NOT_HELD", `${this.resource} is not locked`);
    await this.leave(this.#share);
  }

  /** Undoes one lock() of that grant. */
  async leave(share: Share): Promise<void> {
    share.depth -= 1;
    if (share.depth > 0) return;
    if (this.#share === share) this.#share = undefined;
    this.#rest();
    await share.lock.release();
  }

  async #shareFor(waiter: Waiter, options: AskOptions): Promise<Share> {
    const signals = [waiter.joined.signal, ...(options.signal === undefined ? [] : [options.signal])];
    try {
      const lock = await this.#ask(this.resource, { ...options, signal: AbortSignal.any(signals) });
      if (waiter.share === undefined) return this.#shareOut(lock);
      await lock.release();
    } catch (error) {
      if (waiter.share === undefined) throw error;
    }
    if (options.signal?.aborted === true) {
      await this.leave(waiter.share);
      throw options.signal.reason;
    }
    return waiter.share;
  }

  /** One grant serves all who wait. */
  #shareOut(lock: Lock): Share {
    const share = { lock, depth: this.#waiters.size };
    this.#share = share;
    for (const waiter of this.#waiters) {
      waiter.share = share;
      waiter.joined.abort();
    }
    return share;
  }

  #rest(): void {
    if (this.#share === undefined && this.#waiters.size === 0) this.#busy.delete(this);
  }
}

/** One lock() of a mutex. */
export class MutexLock implements AsyncDisposable {
  readonly #mutex: Mutex;
  readonly #share: Share;
  #isOver = false;

  /** Made by `mutex.lock()` alone. */
  constructor(mutex: Mutex, share: Share) {
    this.#mutex = mutex;
    this.#share = share;
  }

  /** As of any lock [F1]. */
  get fence(): number {
    return this.#share.lock.fence;
  }

  /** Whether the mutex is held by this lock() [S12]. */
  get held(): boolean {
    return !this.#isOver && this.#share.lock.held;
  }

  /** Aborts when the mutex is lost. */
  get signal(): AbortSignal {
    return this.#share.lock.signal;
  }

  /** Tells why the mutex was lost; undefined when it was given back instead. Never rejects. */
  get lost(): Promise<BatonError | undefined> {
    return this.#share.lock.lost;
  }

  /** Undoes this lock(), once. */
  async unlock(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#mutex.leave(this.#share);
  }

  /** The same as `unlock`, in the word of all other locks. */
  release(): Promise<void> {
    return this.unlock();
  }

  /** The same as `unlock`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unlock();
  }
}

/** The mutexes of one hub: one object for each resource, as long as anybody has it or it is of use. */
export class Mutexes {
  readonly #ask: AskLock;
  readonly #busy = new Set<Mutex>();
  readonly #known = new Map<string, WeakRef<Mutex>>();
  readonly #forgotten = new FinalizationRegistry<string>((resource) => {
    if (this.#known.get(resource)?.deref() === undefined) this.#known.delete(resource);
  });

  constructor(ask: AskLock) {
    this.#ask = ask;
  }

  /** The one object for that resource. */
  of(resource: string): Mutex {
    const known = this.#known.get(resource)?.deref();
    if (known !== undefined) return known;
    const mutex = new Mutex(resource, this.#ask, this.#busy);
    this.#known.set(resource, new WeakRef(mutex));
    this.#forgotten.register(mutex, resource);
    return mutex;
  }
}
