// What the lock table is made of: sessions, resources and the requests between them. They point at each other, so they are
// declared together. Data alone; knows no rule.
import type { Failure, Mode, Progress } from "../../shared/protocol.ts";
import type { SessionIdentity } from "./command.ts";
import type { Deadline } from "./deadlines.ts";
import type { Answer } from "./effect.ts";
import type { Line, Who } from "./history-ring.ts";
import type { LiveRequests } from "./live-requests.ts";

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
  /** Since when it waits, or holds, in milliseconds. */
  sinceMs: number;
  /** The end of its wait, or of its hold. */
  deadline: Deadline | undefined;
  progress: Progress | undefined;
  previous: Request | undefined;
  next: Request | undefined;
  /** The part of the queue that it stands in, while it waits. */
  block: Block | undefined;
};

/** Requests in the order in which they joined. */
export type RequestList = { first: Request | undefined; last: Request | undefined; size: number };

/** Waiters who stand next to each other: how many, and how many of them are away [S5]. */
export type Block = {
  first: Request;
  size: number;
  away: number;
  previous: Block | undefined;
  next: Block | undefined;
};

/** Waiters, parted into blocks; those of mode once also by operation, in the same order. */
export type Queue = RequestList & { lastBlock: Block | undefined; once: Map<string, Set<Request>> | undefined };

/** The failures of an operation since it last succeeded or its resource fell idle [O5], and the last of them. */
export type Failures = {
  readonly resource: Resource;
  readonly operation: string;
  readonly count: number;
  readonly node: string;
  readonly error: Failure;
  /** Greater than that of those before, and at least the number of the step in which the last one failed. */
  readonly order: number;
  /** What they count towards the bound on all failures, and their neighbours by age among them. */
  readonly bytes: number;
  older: Failures | undefined;
  newer: Failures | undefined;
};

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
  /** Those of them that asked to be told of the first waiter [H4]. */
  wanting: Set<Request> | undefined;
  readonly queue: Queue;
  /** The first waiter whose session is attached: it is next, and those before it are passed over [Q2][S5]. */
  head: Request | undefined;
  /** How many live requests are of mode permit, and the limit that all of them name [Q7]. */
  permits: number;
  limit: number;
  /** While it is set, nobody is granted [O2][S6]. */
  delay: Deadline | undefined;
  outcome: Outcome | undefined;
  /** Its neighbours among all with an outcome, by the age of that. */
  older: Resource | undefined;
  newer: Resource | undefined;
  /** By operation, the one that failed longest ago first. */
  failures: Map<string, Failures> | undefined;
  /** Whether it is among what has changed since those who watch last looked, and what it counted before. */
  isTouched: boolean;
  told: Counts | undefined;
  /** What has happened to it, once that was looked for. */
  line: Line | undefined;
};

/** How many resources, holders and waiters there are of something. */
export type Counts = { readonly resources: number; readonly holding: number; readonly waiting: number };

/** An answer that is said again after a resume unless it was acknowledged [S9]; `order` is the step that gave it. */
export type KeptAnswer = { readonly order: number; readonly answer: Answer };

/** A node's session, attached to a socket or, for as long as its grace lasts, detached from any. */
export type Session = {
  readonly identity: SessionIdentity;
  readonly who: Who;
  presence:
    | { readonly state: "attached"; readonly socket: string }
    | { readonly state: "detached"; readonly grace: Deadline };
  /** The highest request id received [S10]. */
  lastId: number;
  /** Live requests by id. */
  readonly requests: LiveRequests<Request>;
  kept: KeptAnswer[];
  keptBytes: number;
  readonly sinceMs: number;
  /** For how long what it held is granted to nobody when it ends without a bye: as it was told, in milliseconds [S12]. */
  lockDelayMs: number;
};
