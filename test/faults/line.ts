// One resource in a history: who waits in which order, who holds, which fences it has given out, what was said of the work.
// Knows the rules of one resource; no session's.
import type { Ask, OutcomeSaid } from "./history.ts";
import type { Presence } from "./presence.ts";

/** What was said of the work at a fence. */
export type Said = { operation: string; node: string; fence: number; result: string };

type Granted = { name: string; session: string; fence: number; cancelledAt: number | undefined };
type Grant = { name: string; fence: number; askedAt: number; heardAt: number };

/** One resource; places are those of events in the history. */
export class Line {
  readonly #name: string;
  readonly #presence: Presence;
  readonly #askedAt = new Map<string, number>();
  readonly #queuedAt = new Map<string, number>();
  readonly #grants: Grant[] = [];
  readonly #successes = new Map<number, Said>();
  readonly #failures = new Set<string>();
  /** The one that believes it holds. */
  #holder: string | undefined;
  #onlyOperation: string | undefined;
  #isOnlyFresh = true;
  #isServed = false;

  constructor(name: string, presence: Presence) {
    this.#name = name;
    this.#presence = presence;
  }

  asked(request: string, { operation, freshMs }: Ask, place: number): void {
    this.#askedAt.set(request, place);
    this.#onlyOperation ??= operation;
    if (freshMs === undefined || operation !== this.#onlyOperation) this.#isOnlyFresh = false;
  }

  queued(request: string, place: number): void {
    if (!this.#queuedAt.has(request)) this.#queuedAt.set(request, place);
  }

  /**
   * A request is granted that was not before; what is wrong with that. With a cancel on its way, said at that place, the grant
   * may be heard after that of the next in line, who has another socket.
   */
  granted({ name, session, fence, cancelledAt }: Granted, place: number): string[] {
    const wrong: string[] = [];
    const before = this.#grants.findLast(({ heardAt }) => heardAt < (cancelledAt ?? place));
    if (before !== undefined && fence <= before.fence) {
      wrong.push(`${name} has fence ${fence} after ${before.name} had ${before.fence} [F1]`);
    }
    if (cancelledAt === undefined) wrong.push(...this.holds(name));
    const overtaker = this.#overtakerOf(name, session, fence);
    if (overtaker !== undefined) wrong.push(`${name} waited longer than ${overtaker} and is granted later [Q2]`);
    const isLate = fence < (this.#grants.at(-1)?.fence ?? 0);
    if (!isLate) this.#grants.push({ name, fence, askedAt: this.#askedAt.get(name) ?? 0, heardAt: place });
    return wrong;
  }

  /** A request is told that it holds; what is wrong with that. */
  holds(request: string): string[] {
    const holder = this.#holder ?? request;
    this.#holder = request;
    return holder === request ? [] : [`${request} is granted ${this.#name}, and ${holder} holds it [Q1]`];
  }

  /** A holder no longer believes that it holds: it has said how it ended, or taken its request back. */
  ended(request: string): void {
    if (this.#holder === request) this.#holder = undefined;
  }

  /** A request has had its last answer. */
  left(request: string): void {
    this.ended(request);
    this.#askedAt.delete(request);
    this.#queuedAt.delete(request);
  }

  said(outcome: OutcomeSaid, said: Said): void {
    if (outcome === "success") this.#successes.set(said.fence, said);
    if (outcome === "failure") this.#failures.add(`${said.operation} ${said.node}`);
  }

  /** The hub has answered a release with success. */
  acknowledged(): void {
    this.#isServed = this.#isOnlyFresh;
  }

  /** A success may have been forgotten. */
  forgotten(): void {
    this.#isServed = false;
  }

  /** Whether everyone who asks from now on must be skipped: a success is known, and nobody can have made it forgotten. */
  get isServed(): boolean {
    return this.#isServed && this.#isOnlyFresh;
  }

  successAt(fence: number): Said | undefined {
    return this.#successes.get(fence);
  }

  hasFailed(operation: string, node: string): boolean {
    return this.#failures.has(`${operation} ${node}`);
  }

  /** Who asked when this request was known to wait, and was granted before it though its session was there. */
  #overtakerOf(request: string, session: string, fence: number): string | undefined {
    const queuedAt = this.#queuedAt.get(request);
    if (queuedAt === undefined) return undefined;
    for (let place = this.#grants.length - 1; place >= 0; place -= 1) {
      const grant = this.#grants[place];
      if (grant === undefined || grant.heardAt < queuedAt) return undefined;
      const isEarlier = grant.askedAt > queuedAt && grant.fence < fence;
      if (isEarlier && this.#presence.isCertain(session, grant.fence)) return grant.name;
    }
    return undefined;
  }
}
