// What content needs of a hub, as the smallest interface; the SDK's hub fits it. Knows no wire.
import type { HolderRow, Json } from "../../shared/protocol.ts";

/** The right to write one blob. */
export type ContentGrant = {
  readonly signal: AbortSignal;
  readonly fence: number;
  readonly attempt: number;
  /** Who failed before, and why [O2]. */
  readonly previous?: { node: string; error: { message: string; code?: string | undefined } } | undefined;
  progress(progress: { done?: number; total?: number; note?: string }): void;
};

/** Where a waiter stands, and behind whom. */
export type Waiting = { position: number; holders: readonly HolderRow[] };

/** How `once` is asked. */
export type OnceQuestion = {
  operation?: string;
  freshMs?: number;
  signal?: AbortSignal;
  onQueued?: (waiting: Waiting) => void;
};

/** What `once` answers: the work was done here, or someone else's success serves. */
export type OnceAnswer =
  | { readonly status: "done" }
  | { readonly status: "skipped"; readonly by: string; readonly fence: number; readonly result?: Json | undefined };

/** How a lock is asked for. */
export type LockQuestion = { operation?: string; signal?: AbortSignal; onQueued?: (waiting: Waiting) => void };

/** A lock that is held; it is released when it is disposed of, and says nothing of the work unless `done` has. */
export type ContentLock = AsyncDisposable & {
  readonly signal: AbortSignal;
  readonly fence: number;
  done(result: { bytes: number }): Promise<void>;
};

/** A hub, as content sees it. */
export type ContentHub = {
  once(
    resource: string,
    question: OnceQuestion,
    work: (grant: ContentGrant) => Promise<{ bytes: number }>,
  ): Promise<OnceAnswer>;
  lock(resource: string, question: LockQuestion): Promise<ContentLock>;
  /** Holds it together with all who only look: nobody writes or deletes it meanwhile [Q1]. */
  shared(resource: string, question: LockQuestion): Promise<ContentLock>;
};
