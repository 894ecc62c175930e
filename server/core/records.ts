// What the lock table is made of: sessions, resources and the requests between them. They point at each other, so they are
// declared together. Data alone; knows no rule.
import type { Failure, Mode, Progress } from "../../shared/protocol.ts";
import type { SessionIdentity } from "./command.ts";
import type { Deadline } from "./deadlines.ts";
import type { Answer } from "./effect.ts";

/** One acquire of one resource by one session while it lives: waiting in the queue or holding. It is itself the link of
 * the list it stands in, so that joining and leaving is O(1) wherever it stands [Q6]. */
export type Request = {
  readonly session: Session;
  readonly id: number;
  readonly resource: Resource;
  readonly operation: string;
  readonly mode: Mode;
  readonly maxAttempts: number | undefined;
  readonly holdMs: number | undefined;
  readonly wanted: boolean;
  /** The number of the step that asked, by which a queue is ordered. */
  readonly order: number;
  /** 0 while waiting; the fence of the grant while holding [F1]. */
  fence: number;
  attempt: number;
  /** The failure before, of the same operation, from attempt 2 on [O2]. */
  failure: Failures | undefined;
  /** Since when it waits, or holds, in milliseconds. */
  sinceMs: number;
  /** The end of its wait, or of its hold. */
  deadline: Deadline | undefined;
  progress: Progress | undefined;
  previous: Request | undefined;
  next: Request | undefined;
};

/** Requests in the order in which they joined. */
export type RequestList = { first: Request | undefined; last: Request | undefined; size: number };

/** The failures of an operation since it last succeeded or its resource fell idle [O5], and the last of them. */
export type Failures = { count: number; node: string; error: Failure };

/** The last success of a resource, said by a `once` or `exclusive` holder [O6]. */
export type Outcome = {
  readonly operation: string;
  readonly node: string;
  readonly fence: number;
  /** The result as JSON text. */
  readonly result: string | undefined;
  readonly sinceMs: number;
  /** What it counts towards the bound on all outcomes. */
  readonly bytes: number;
  readonly deadline: Deadline;
};

/** A name that is coordinated, while there is anything to remember of it [Q8]. */
export type Resource = {
  readonly name: string;
  readonly holders: RequestList;
  readonly queue: RequestList;
  /** The first waiter whose session is attached: it is next, and those before it are passed over [Q2][S5]. */
  head: Request | undefined;
  /** How many live requests are of mode permit, and the limit that all of them name [Q7]. */
  permits: number;
  limit: number;
  /** While it is set, nobody is granted [O2][S6]. */
  delay: Deadline | undefined;
  outcome: Outcome | undefined;
  /** By operation, the one that failed longest ago first. */
  failures: Map<string, Failures> | undefined;
};

/** An answer that is said again after a resume unless it was acknowledged [S9]; `order` is the step that gave it. */
export type KeptAnswer = { readonly order: number; readonly answer: Answer };

/** A node's session, attached to a socket or, for as long as its grace lasts, detached from any. */
export type Session = {
  readonly identity: SessionIdentity;
  presence:
    | { readonly state: "attached"; readonly socket: string }
    | { readonly state: "detached"; readonly grace: Deadline };
  /** The highest request id received [S10]. */
  lastId: number;
  /** Live requests by id, which is also their order. */
  readonly requests: Map<number, Request>;
  kept: KeptAnswer[];
  readonly sinceMs: number;
};
