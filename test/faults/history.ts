// What the nodes of a run said and heard, in one order: that of the process they all run in. Data alone; what is right is
// judged elsewhere.

import type { Json } from "../../shared/protocol.ts";

/** What a node asks for; with `freshMs` it takes a success that is remembered. */
export type Ask = {
  resource: string;
  operation: string;
  mode: "once" | "exclusive";
  freshMs?: number;
};

/** How a grant ends. */
export type OutcomeSaid = "success" | "failure" | "none";

/** A request is named `<session>/<id>`. */
export type Event =
  | { is: "asked"; request: string; node: string; ask: Ask }
  | { is: "queued"; request: string; position: number }
  | { is: "granted"; request: string; fence: number; attempt: number; previous?: string | undefined }
  | { is: "skipped"; request: string; by: string; fence: number; result?: Json | undefined }
  | { is: "failed" | "lost"; request: string; code: string }
  | { is: "released"; request: string }
  /** A release has been sent, which may or may not have arrived. */
  | { is: "said"; request: string; outcome: OutcomeSaid; result?: string }
  | { is: "cancelled"; request: string }
  /** The hub has the session again, with every request up to this id; `retold` follows when it has said what it knows of them. */
  | { is: "resumed"; session: string; lastId: number }
  | { is: "retold"; session: string }
  /** The hub has closed the session's socket. */
  | { is: "dropped"; session: string }
  /** The hub no longer knows the session; without grace that is nobody's fault. */
  | { is: "gone"; session: string; graceMs?: number }
  /** From now on hubs may be given up by the others, whose sessions are then detached before they hear of it; until they are
   * settled again, and present. */
  | { is: "unsettled" }
  | { is: "settled" }
  /** A session has been attached since a step before this one: the fence of a grant that it asked for when it was. */
  | { is: "present"; session: string; fence: number }
  /** A hub is started; its steps have numbers from this one on, and the hub before has none of them [F1]. */
  | { is: "started"; order: number };

/** Who writes down what happens, or judges it at once. */
export type Recorder = { note(event: Event): void };
