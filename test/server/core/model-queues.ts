// The queues of the naive model [Q1]–[Q7][O1]–[O9]: who asks, waits, holds and is remembered; arrays, filters and plain
// loops, everything counted anew whenever it is asked for. Imports nothing of the hub. Knows no session's coming and going.
import {
  errorText,
  grantedWords,
  isAlone,
  queuedWords,
  skippedWords,
  type Asked,
  type Failed,
  type ModelRequest,
  type ModelSession,
  type ModelSettings,
  type Success,
  type Until,
  type Verdict,
} from "./model-records.ts";

/** All resources at once, and what follows from the step under way. */
export class ModelQueues {
  protected order = 0;
  protected nowMs = 0;
  protected lines: string[] = [];
  /** Sessions for which more is kept than may be, in the order in which that came about. */
  protected overfull: ModelSession[] = [];
  /** All live requests, in the order in which they came: the queue and the holders of every resource. */
  protected requests: ModelRequest[] = [];
  /** What is remembered, oldest first. */
  protected successes: (Success & Until)[] = [];
  protected failed: Failed[] = [];
  protected delays: ({ resource: string } & Until)[] = [];
  protected readonly settings: ModelSettings;

  constructor(settings: ModelSettings) {
    this.settings = settings;
  }

  protected acquire(session: ModelSession, asked: Asked): void {
    const { id, resource, operation, mode, freshMs, limit } = asked;
    const { sessionRequestsMax, hubRequestsMax } = this.settings;
    const own = this.requests.filter((request) => request.session === session);
    const live = own.find((request) => request.id === id);
    if (live) return this.sayState(live);
    if (id <= session.lastId) return this.say(session, id, "error DUPLICATE_ID"); // [S10]
    session.lastId = id;
    const isTooMany = own.length >= sessionRequestsMax || this.requests.length >= hubRequestsMax;
    if (isTooMany) return this.sayFinally(session, id, "failed TOO_MANY_REQUESTS");
    const permits = this.requests.filter((request) => request.resource === resource && request.mode === "permit");
    const isMismatch = mode === "permit" && permits.some((request) => request.limit !== limit);
    if (isMismatch) return this.sayFinally(session, id, "failed LIMIT_MISMATCH"); // [Q7]
    const known = this.successes.find((success) => success.resource === resource && success.operation === operation);
    if (mode === "once" && freshMs !== undefined && known && this.nowMs - known.sinceMs <= freshMs) {
      return this.sayFinally(session, id, skippedWords(known, this.nowMs)); // [O7]
    }
    const idle = { state: "waiting", fence: 0, until: undefined, failed: undefined, reported: undefined } as const;
    this.requests.push({ ...asked, ...idle, session, sinceMs: this.nowMs });
    this.serve(resource);
    const waiter = this.those(resource, "waiting").find((request) => request.session === session && request.id === id);
    if (waiter) this.#wait(waiter);
  }

  /** What becomes of a request that was not granted at once [Q5]. */
  #wait(waiter: ModelRequest): void {
    const { resource, waitMs } = waiter;
    const waiters = this.those(resource, "waiting");
    if (waitMs === 0) return this.#dismiss(waiter, this.isDelayed(resource) ? "LOCK_DELAYED" : "LOCK_ALREADY_HELD");
    if (waiters.length > this.settings.resourceWaitersMax) return this.#dismiss(waiter, "QUEUE_FULL");
    if (waitMs !== undefined) waiter.until = this.in(waitMs);
    this.sayState(waiter);
    if (waiters.length === 1) for (const holder of this.those(resource, "holding")) this.#sayWanted(holder);
  }

  /** A waiter leaves with a final answer; those behind it may be next [Q6]. */
  protected leave(waiter: ModelRequest, code: string): void {
    this.#dismiss(waiter, code);
    this.serve(waiter.resource);
  }

  #dismiss(waiter: ModelRequest, code: string): void {
    this.requests = this.requests.filter((request) => request !== waiter);
    this.sayFinally(waiter.session, waiter.id, `failed ${code}`);
  }

  /** Grants who is next for as long as that is somebody [Q2][Q3]. */
  protected serve(resource: string): void {
    const granted: ModelRequest[] = [];
    while (!this.isDelayed(resource)) {
      const next = this.those(resource, "waiting").find(({ session }) => session.socket !== undefined); // [S5]
      if (next === undefined || !this.#fits(next)) break;
      const failed = this.failed.find((failed) => failed.resource === resource && failed.operation === next.operation);
      if (next.mode === "once" && failed && next.maxAttempts !== undefined && failed.count >= next.maxAttempts) {
        this.#dismiss(next, `ATTEMPTS_EXHAUSTED: ${errorText(failed.error)}`); // [O4]
        continue;
      }
      const isOther = this.successes.some((known) => known.resource === resource && known.operation !== next.operation);
      if (isAlone(next) && isOther) this.forget(resource); // [O8]
      const until = next.holdMs === undefined ? undefined : this.in(next.holdMs);
      Object.assign(next, { state: "holding", sinceMs: this.nowMs, fence: this.order, failed, until }); // [F1]
      this.say(next.session, next.id, grantedWords(next, this.nowMs));
      granted.push(next);
    }
    for (const holder of granted) this.#sayWanted(holder);
  }

  /** Whether a request may hold beside those that do [Q1]. */
  #fits({ resource, mode, limit = 0 }: ModelRequest): boolean {
    const holders = this.those(resource, "holding");
    if (holders.length === 0) return true;
    if (mode === "shared") return holders.every((holder) => holder.mode === "shared");
    return mode === "permit" && holders.every((holder) => holder.mode === "permit") && holders.length < limit;
  }

  protected release(holder: ModelRequest, verdict: Verdict): void {
    this.sayFinally(holder.session, holder.id, "released");
    this.conclude(holder, verdict);
    this.serve(holder.resource);
  }

  /** Ends a grant, and says to its peers what the verdict means for them; serves nobody. */
  protected conclude(holder: ModelRequest, verdict: Verdict): void {
    const { resource, operation, mode } = holder;
    this.requests = this.requests.filter((request) => request !== holder);
    const waiters = this.those(resource, "waiting");
    const peers = waiters.filter((waiter) => waiter.operation === operation && waiter.mode === "once");
    if (verdict.outcome === "success") this.#succeed(holder, peers, verdict);
    if (verdict.outcome !== "failure") return;
    const error = verdict.error ?? { message: "the holder gave no reason" };
    const isRemembered = this.successes.some((known) => known.resource === resource && known.operation === operation);
    if (isAlone(holder) && isRemembered) this.forget(resource); // [O8]
    if (mode === "once") this.#countFailure(holder, error);
    const isTooMany = this.delays.length >= this.settings.delaysMax && !this.isDelayed(resource);
    if (verdict.retry) return isTooMany ? undefined : this.delay(resource, verdict.retryAfterMs ?? 0); // [O2][B1]
    if (mode === "once") for (const peer of peers) this.#dismiss(peer, `OPERATION_FAILED: ${errorText(error)}`); // [O3]
  }

  #succeed(holder: ModelRequest, peers: ModelRequest[], { result }: Verdict): void {
    const { resource, operation, mode, fence, session } = holder;
    this.failed = this.failed.filter((failed) => failed.resource !== resource || failed.operation !== operation); // [O5]
    const text = result === undefined ? "" : JSON.stringify(result);
    const success = { resource, operation, node: session.node, fence, result: text, sinceMs: this.nowMs };
    if (isAlone(holder)) this.#remember(success);
    if (mode !== "once") return;
    this.requests = this.requests.filter((request) => !peers.includes(request)); // [O1]
    for (const peer of peers) this.sayFinally(peer.session, peer.id, skippedWords(success, this.nowMs));
  }

  #countFailure({ resource, operation, session }: ModelRequest, error: Failed["error"]): void {
    const isSame = (failed: Failed) => failed.resource === resource && failed.operation === operation;
    const count = (this.failed.find(isSame)?.count ?? 0) + 1;
    this.failed = this.failed.filter((failed) => !isSame(failed));
    this.failed.push({ resource, operation, count, node: session.node, error });
  }

  /** Remembers a success, and only so many [O6]. */
  #remember(success: Success): void {
    const { outcomeTtlMs, outcomesMax } = this.settings;
    if (outcomeTtlMs === 0) return;
    this.forget(success.resource);
    this.successes.push({ ...success, ...this.in(outcomeTtlMs) });
    while (this.successes.length > outcomesMax) this.successes.shift();
  }

  protected forget(resource: string): void {
    this.successes = this.successes.filter((success) => success.resource !== resource);
  }

  protected delay(resource: string, delayMs: number): void {
    const until = this.in(delayMs);
    const isLonger = this.delays.some((delay) => delay.resource === resource && delay.untilMs >= until.untilMs);
    if (delayMs === 0 || isLonger) return;
    this.delays = this.delays.filter((delay) => delay.resource !== resource);
    this.delays.push({ resource, ...until });
  }

  protected isDelayed(resource: string): boolean {
    return this.delays.some((delay) => delay.resource === resource);
  }

  protected in(durationMs: number): Until {
    return { untilMs: this.nowMs + durationMs, afterMs: durationMs, armed: this.order };
  }

  /** Those who wait for a resource, in the order of their coming, or hold it, in the order of their grants. */
  protected those(resource: string, state: ModelRequest["state"]): ModelRequest[] {
    const those = this.requests.filter((request) => request.resource === resource && request.state === state);
    return those.sort((one, other) => one.fence - other.fence);
  }

  protected say({ node, socket }: ModelSession, id: number, words: string): void {
    if (socket !== undefined) this.lines.push(`${node}${id} ← ${words}`);
  }

  /** Says how a request ended; kept for a session with grace [S9]. */
  protected sayFinally(session: ModelSession, id: number, words: string): void {
    const line = `${session.node}${id} ← ${words}`;
    if (session.graceMs > 0 || session.socket === undefined) session.kept.push({ order: this.order, line });
    if (session.kept.length > this.settings.keptAnswersMax) this.overfull.push(session);
    this.say(session, id, words);
  }

  protected sayState(request: ModelRequest): void {
    const { session, id, resource, state } = request;
    if (state === "waiting") {
      const position = this.those(resource, "waiting").indexOf(request) + 1;
      return this.say(session, id, queuedWords(position, this.those(resource, "holding"), this.nowMs));
    }
    this.say(session, id, grantedWords(request, this.nowMs));
    this.#sayWanted(request);
  }

  /** Says that others wait behind a holder who asked to be told [H4]. */
  #sayWanted({ session, id, resource, wanted }: ModelRequest): void {
    const waiting = this.those(resource, "waiting").length;
    if (wanted && waiting > 0) this.say(session, id, `wanted by ${waiting}`);
  }
}
