// A hub in memory with the rules that content relies on: one holder, first come first served, success skips those who
// wait, failure hands on, a success is remembered. Time is not its business.
import type {
  ContentGrant,
  ContentHub,
  ContentLock,
  OnceAnswer,
  OnceQuestion,
} from "../../../client/content/coordination.ts";
import type { Json } from "../../../shared/protocol.ts";

type Work = (grant: ContentGrant) => Promise<{ bytes: number }>;
type Answer = PromiseWithResolvers<OnceAnswer>;
type Waiter = { node: string; question: OnceQuestion; work: Work; answer: Answer; exclusive: boolean };
type Outcome = { by: string; fence: number; result: Json };
type Queue = {
  holder: { node: string; lose: (error: unknown) => void; done: number[] } | undefined;
  waiters: Waiter[];
  attempt: number;
  previous: { node: string; error: { message: string; code?: string } } | undefined;
  outcome: Outcome | undefined;
};

/** What a holder told the hub of its end. */
export type FakeRelease = { resource: string; node: string; fence: number; error?: unknown };

export class FakeHub {
  readonly releases: FakeRelease[] = [];
  /** Every question, in order. */
  readonly asked: { node: string; resource: string; freshMs: number | undefined }[] = [];
  readonly #queues = new Map<string, Queue>();
  #fence = 100;

  /** A session of the hub. */
  as(node: string): ContentHub {
    return {
      once: (resource, question, work) => this.#once(node, resource, question, work),
      lock: (resource) => this.#lock(node, resource),
      shared: (resource) => this.#lock(node, resource),
    };
  }

  /** Remembers a success that nobody has earned. */
  remember(resource: string, outcome: Outcome): void {
    this.#queue(resource).outcome = outcome;
  }

  /** Takes a grant back, as a dropped session does; the next in line is granted. */
  lose(resource: string, error: Error): void {
    this.#queue(resource).holder?.lose(error);
  }

  holder(resource: string): string | undefined {
    return this.#queue(resource).holder?.node;
  }

  waiting(resource: string): number {
    return this.#queue(resource).waiters.length;
  }

  /** What its holder has told of how far it is, one after the other. */
  progressOf(resource: string): number[] | undefined {
    return this.#queue(resource).holder?.done;
  }

  #once(node: string, resource: string, question: OnceQuestion, work: Work, exclusive = false): Promise<OnceAnswer> {
    this.asked.push({ node, resource, freshMs: question.freshMs });
    const queue = this.#queue(resource);
    const { outcome } = queue;
    if (question.freshMs !== undefined && outcome !== undefined)
      return Promise.resolve({ status: "skipped", ...outcome });
    const answer = Promise.withResolvers<OnceAnswer>();
    const waiter = { node, question, work, answer, exclusive };
    queue.waiters.push(waiter);
    question.signal?.addEventListener("abort", () => {
      const index = queue.waiters.indexOf(waiter);
      if (index === -1) return;
      queue.waiters.splice(index, 1);
      answer.reject(question.signal?.reason);
    });
    if (queue.holder === undefined) this.#grant(resource, queue);
    else {
      const holders = [{ node: queue.holder.node, operation: "pull", mode: "once" as const, heldMs: 0 }];
      question.onQueued?.({ position: queue.waiters.length, holders });
    }
    return answer.promise;
  }

  #grant(resource: string, queue: Queue): void {
    const waiter = queue.waiters.shift();
    if (waiter === undefined) return;
    const { node, work } = waiter;
    const fence = ++this.#fence;
    const lost = new AbortController();
    const { promise: taken, reject: lose } = Promise.withResolvers<never>();
    queue.holder = {
      node,
      done: [],
      lose: (error) => {
        lost.abort(error);
        lose(error);
      },
    };
    const grant: ContentGrant = {
      signal: lost.signal,
      fence,
      attempt: queue.attempt,
      previous: queue.previous,
      progress: ({ done }) => {
        if (done !== undefined) queue.holder?.done.push(done);
      },
    };
    void this.#work(resource, queue, waiter, fence, Promise.race([work(grant), taken]));
  }

  async #work(
    resource: string,
    queue: Queue,
    waiter: Waiter,
    fence: number,
    work: Promise<{ bytes: number }>,
  ): Promise<void> {
    const { node, answer } = waiter;
    try {
      const result = await work;
      this.releases.push({ resource, node, fence });
      queue.holder = undefined;
      if (!waiter.exclusive) this.#succeed(queue, { by: node, fence, result });
      this.#grant(resource, queue);
      answer.resolve({ status: "done" });
    } catch (error) {
      this.releases.push({ resource, node, fence, error });
      queue.holder = undefined;
      queue.attempt += 1;
      queue.previous = { node, error: { message: String(error) } };
      answer.reject(error);
      this.#grant(resource, queue);
    }
  }

  #succeed(queue: Queue, outcome: Outcome): void {
    queue.outcome = outcome;
    const waiters = queue.waiters.splice(0);
    queue.waiters.push(...waiters.filter(({ exclusive }) => exclusive));
    for (const { answer, exclusive } of waiters) if (!exclusive) answer.resolve({ status: "skipped", ...outcome });
  }

  async #lock(node: string, resource: string): Promise<ContentLock> {
    const over = Promise.withResolvers<{ bytes: number }>();
    const granted = Promise.withResolvers<ContentGrant>();
    const work: Work = (grant) => {
      granted.resolve(grant);
      return over.promise;
    };
    const end = this.#once(node, resource, {}, work, true);
    const { signal, fence } = await granted.promise;
    const asyncDispose = async (): Promise<void> => {
      over.resolve({ bytes: 0 });
      await end;
    };
    return { signal, fence, done: asyncDispose, [Symbol.asyncDispose]: asyncDispose };
  }

  #queue(resource: string): Queue {
    let queue = this.#queues.get(resource);
    if (queue === undefined) {
      queue = { holder: undefined, waiters: [], attempt: 1, previous: undefined, outcome: undefined };
      this.#queues.set(resource, queue);
    }
    return queue;
  }
}
