// A hub as its users see it: every way to ask for a resource, and to look at those there are. Knows no message.
import type { Mode, ResourceRow, ResourceView } from "../shared/protocol.ts";
import {
  checkRequest,
  wishFor,
  type AskOptions,
  type OnceOptions,
  type PermitOptions,
  type RequestOptions,
  type TryLockOptions,
} from "./asking.ts";
import { BatonError } from "./baton-error.ts";
import type { Conversation } from "./conversation.ts";
import type { Hold } from "./hold.ts";
import type { HubEvents } from "./hub-events.ts";
import { HubPages } from "./hub-pages.ts";
import type { HttpCalls } from "./http-calls.ts";
import { watchRows, watchView, type Watched, type WatchOptions } from "./watch.ts";
import type { Picture } from "./picture.ts";
import { Lock } from "./lock.ts";
import { Mutexes, type Mutex } from "./mutex.ts";
import { runLocked, runOnce, type Once, type Work } from "./once.ts";
import { References } from "./references.ts";

/** Options that may be left out, in every way in which JavaScript leaves out what is not last. */
type Maybe<Options> = Options | null | undefined;

/** The work of either overload of `request`: a method's parameters, unlike a function's, may be narrower than declared. */
type AnyWork<Result> = { run(lock: Lock | null): Result | PromiseLike<Result> }["run"];

/**
 * A hub, by one session of one node. Calls made while it is not connected, or cannot take them, wait; calls that wait when a
 * session is lost ask again in the next one; grants that are lost abort their signals.
 *
 *     await using hub = await connect("ws://127.0.0.1:7420");
 *     const done = await hub.once("sha256:f00", { operation: "pull" }, (grant) => download({ signal: grant.signal }));
 */
export class Hub extends HubPages implements AsyncDisposable {
  /** The name of this node. */
  readonly node: string;
  /** Which nodes reference a resource: sets that the hub keeps for whoever wants one place for them. */
  readonly references: References;
  readonly #conversation: Conversation;
  readonly #mutexes = new Mutexes((resource, options) => this.lock(resource, options));

  /** Made by `connect` alone. */
  constructor(node: string, conversation: Conversation, calls: HttpCalls) {
    super(calls, () => conversation.requests.bounds);
    this.node = node;
    this.#conversation = conversation;
    this.references = new References(conversation.requests, calls);
  }

  /** The id of the session that is open, or that is to be resumed; undefined between two sessions. */
  get session(): string | undefined {
    return this.#conversation.session?.id;
  }

  /**
   * Has a piece of work done once among all nodes. One node's `work` runs; when it returns, all who queued for the same
   * operation are told to skip, with its result [O1]; when it throws, the next in line alone runs its own [O2].
   *
   *     const done = await hub.once("sha256:f00", { operation: "pull", freshMs: 300_000 }, () => pull("sha256:f00"));
   *     console.log(done.status, done.result);
   *
   * @param options may be left out
   * @param work returns any JSON; an error it throws may carry `retry: false` [O3] and `retryAfterMs` [O2]. Its `grant.signal`
   *   aborts when the grant is lost and when `options.signal` does
   * @throws what the work throws; at once, the BatonError of a grant that is lost meanwhile; BatonError OPERATION_FAILED,
   *   ATTEMPTS_EXHAUSTED, LOCK_TIMEOUT …; the reason of `options.signal`
   */
  once<Result>(resource: string, work: Work<Lock, Result>): Promise<Once<Result>>;
  once<Result>(resource: string, options: Maybe<OnceOptions>, work: Work<Lock, Result>): Promise<Once<Result>>;
  async once<Result>(
    resource: string,
    optionsOrWork: Maybe<OnceOptions> | Work<Lock, Result>,
    optionalWork?: Work<Lock, Result>,
  ): Promise<Once<Result>> {
    const isShort = typeof optionsOrWork === "function";
    const options = isShort ? {} : (optionsOrWork ?? {});
    const work = isShort ? optionsOrWork : optionalWork;
    if (work === undefined) throw workless("once");
    const wish = wishFor(resource, "once", options, this.#conversation.requests.bounds);
    const answer = await this.#conversation.requests.ask(wish, options);
    if (answer.kind === "skipped") return { status: "skipped", ...answer.skip };
    return runOnce(answer.hold, this.node, options.signal, work);
  }

  /**
   * Holds a resource alone. It is released with `none`: nobody is told that anything was done, unless `lock.done` says so.
   *
   *     await using lock = await hub.lock("db-migrate", { waitMs: 5_000 });
   *     await migrate({ signal: lock.signal, fence: lock.fence });
   *
   * @throws BatonError LOCK_TIMEOUT …; the reason of `options.signal`
   */
  async lock(resource: string, options?: Maybe<AskOptions>): Promise<Lock> {
    return new Lock(await this.#hold(resource, "exclusive", options));
  }

  /**
   * Holds a resource alone if it is free this moment; undefined if it is not [Q5]. Without a connection it waits for one; it
   * fails with UNAVAILABLE when the hub cannot tell just now.
   *
   *     await using lock = await hub.tryLock("db-migrate");
   *     if (lock === undefined) return;
   */
  async tryLock(resource: string, options?: Maybe<TryLockOptions>): Promise<Lock | undefined> {
    const hold = await this.#holdIfFree(resource, "exclusive", options);
    return hold && new Lock(hold);
  }

  /**
   * Holds a resource together with others who share it [Q1].
   *
   *     await using lock = await hub.shared("catalog");
   */
  async shared(resource: string, options?: Maybe<AskOptions>): Promise<Lock> {
    return new Lock(await this.#hold(resource, "shared", options));
  }

  /**
   * Holds a resource together with at most `limit - 1` others [Q1].
   *
   *     await using permit = await hub.permit("registry", { limit: 4 });
   *
   * @throws BatonError INVALID_MESSAGE without a limit, LIMIT_MISMATCH …; the reason of `options.signal`
   */
  async permit(resource: string, options: PermitOptions): Promise<Lock> {
    return new Lock(await this.#hold(resource, "permit", options));
  }

  /**
   * Runs a function while a resource is held, as `navigator.locks.request` does; its `steal` is refused.
   *
   *     await hub.request("db-migrate", async (lock) => migrate({ signal: lock.signal }));
   *     await hub.request("db-migrate", { ifAvailable: true }, async (lock) => lock && migrate({ signal: lock.signal }));
   *
   * @returns what the function returns, once the resource is released
   * @throws what the function throws; at once, the BatonError of a lock that is lost meanwhile. `options.signal` cancels the
   *   waiting, and no lock that is held
   */
  request<Result>(resource: string, work: Work<Lock, Result>): Promise<Result>;
  request<Result>(
    resource: string,
    options: Maybe<RequestOptions & { ifAvailable?: false | undefined }>,
    work: Work<Lock, Result>,
  ): Promise<Result>;
  request<Result>(resource: string, options: RequestOptions, work: Work<Lock | null, Result>): Promise<Result>;
  async request<Result>(
    resource: string,
    optionsOrWork: Maybe<RequestOptions> | AnyWork<Result>,
    optionalWork?: AnyWork<Result>,
  ): Promise<Result> {
    const isShort = typeof optionsOrWork === "function";
    const options = isShort ? {} : (optionsOrWork ?? {});
    const work = isShort ? optionsOrWork : optionalWork;
    if (work === undefined) throw workless("request");
    checkRequest(options);
    const { mode = "exclusive", ifAvailable = false } = options;
    const hold = await (ifAvailable ? this.#holdIfFree(resource, mode, options) : this.#hold(resource, mode, options));
    return hold === undefined ? work(null) : runLocked(hold, work);
  }

  /**
   * The mutex of a resource: one object, however often it is asked for; re-entrant by object.
   *
   *     const mutex = hub.mutex("db-migrate");
   *     await using held = await mutex.lock();
   */
  mutex(resource: string): Mutex {
    return this.#mutexes.of(resource);
  }

  /**
   * Live pictures of the resources whose names begin so, or of one resource whole: the first as soon as there is one, then one
   * for each moment in which something has changed. Whoever is slow to ask for the next misses some in between, not the last.
   * Over a lost connection it goes on by itself; until then its picture `isStale`.
   *
   *     for await (const { resources, totals } of hub.watch("sha256:")) console.log(resources, totals.waiting);
   *     for await (const { rows } of hub.watch({ resource: "db-migrate" })) console.log(rows.get("db-migrate")?.queue);
   *
   * @throws BatonError SESSION_ENDED when the hub is closed, FORBIDDEN, TOO_MANY_REQUESTS; the reason of `options.signal`
   */
  watch(prefix?: string | { prefix?: string }, options?: WatchOptions): AsyncGenerator<Picture<ResourceRow>, never>;
  watch(one: { resource: string }, options?: WatchOptions): AsyncGenerator<Picture<ResourceView>, never>;
  watch(watched: string | Watched = "", options: WatchOptions = {}) {
    const { requests } = this.#conversation;
    const what: Watched = typeof watched === "string" ? { prefix: watched } : watched;
    if (what.resource !== undefined) return watchView(requests, what.resource, options);
    return watchRows(requests, what.prefix ?? "", options);
  }

  /**
   * Listens to what happens to the connection and the session; the answer ends it.
   *
   *     const stop = hub.on("disconnected", ({ reason }) => console.warn(reason));
   */
  on<Name extends keyof HubEvents>(name: Name, listener: (event: HubEvents[Name]) => void): () => void {
    return this.#conversation.events.on(name, listener);
  }

  /**
   * Ends the session at once [S7]; settles when the connection is closed. Calls that wait fail, and what is held is lost, with
   * SESSION_ENDED; releases that were said before arrive. Without a connection, a session with grace is resumed for that, by
   * one try of at most 2 s; when that fails, the hub keeps what was held until the grace is over.
   */
  close(): Promise<void> {
    return this.#conversation.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #hold(resource: string, mode: Mode, given: Maybe<AskOptions & { limit?: number }>): Promise<Hold> {
    const { requests } = this.#conversation;
    const options = given ?? {};
    const answer = await requests.ask(wishFor(resource, mode, options, requests.bounds, options.limit), options);
    if (answer.kind === "granted") return answer.hold;
    throw new BatonError("INVALID_MESSAGE", `the hub has skipped a request of mode ${mode}`);
  }

  async #holdIfFree(resource: string, mode: Mode, options: Maybe<AskOptions>): Promise<Hold | undefined> {
    try {
      return await this.#hold(resource, mode, { ...options, waitMs: 0 });
    } catch (error) {
      const isTaken =
        error instanceof BatonError && (error.code === "LOCK_ALREADY_HELD" || error.code === "LOCK_DELAYED");
      if (isTaken) return undefined;
      throw error;
    }
  }
}

function workless(call: string): BatonError {
  return new BatonError("INVALID_MESSAGE", `${call} takes a function to run while the resource is held`);
}
