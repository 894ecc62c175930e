// One thing that was asked of the hub under an id of its own, as the book of requests sees it. Knows not what it is.
import type { RequestMessage } from "./asking.ts";
import type { BatonError } from "./baton-error.ts";

/** What was asked, from the asking to its end, over as many sessions as it takes. */
export type Call = {
  /** Its id in the session; 0 until it was asked. */
  readonly id: number;
  /** Whether all that is left is to hear that it is over. */
  readonly isLeaving: boolean;
  /** Asks for it on the open connection, under a new id. */
  ask(id: number): void;
  /** No connection is open. */
  away(): void;
  /** The session goes on [S9], and the hub has received all up to that id. */
  resumed(lastId: number): void;
  /** The hub has nothing of it, though it has received it [S9]; whether this is to be asked again. */
  unknown(): boolean;
  /** The session is gone; this is over, or to be asked again in the next one. */
  ended(error: BatonError): void;
  /** The session may be gone [S12]. */
  unsure(error: BatonError): void;
  /** Nothing more will be heard of it. */
  close(error: BatonError): void;
  /** The hub has said something about it. */
  hear(message: RequestMessage): void;
  /** The hub has refused what was said about it, and nothing has changed there; whether this is to be asked again later. */
  refused(error: BatonError): boolean;
};
