// One grant from the inside: whether it is still held, and who hears of its end. Knows no message and no connection.
import type { Failure, Mode, Progress } from "../shared/protocol.ts";
import type { BatonError } from "./baton-error.ts";

/** What a grant is, as the hub told it. */
export type Grant = {
  resource: string;
  operation: string;
  mode: Mode;
  /** The session that holds it. */
  session: string;
  fence: number;
  /** The how-manieth try at this operation this is [O5]. */
  attempt: number;
  /** Who failed before, and with what error [O2]. */
  previous: { node: string; error: Failure } | undefined;
};

/** How a failure is told: whether the next in line may try [O3], and after how many milliseconds [O2]. */
export type FailOptions = { retry?: boolean | undefined; retryAfterMs?: number | undefined };

/** What a hold needs of the request behind it. */
export type Holder = {
  /** Loses the hold if its time is over by the clock [S12][H1]. */
  look(): void;
  /** Releases with success; throws when the result cannot be said, and still holds then. */
  succeed(result: unknown): Promise<void>;
  fail(error: unknown, options: FailOptions): Promise<void>;
  giveBack(): Promise<void>;
  extend(holdMs: number): Promise<void>;
  progress(progress: Progress): void;
};

/** Whether a grant is held. */
export type HoldState =
  | { kind: "held" }
  /** The hub is told, or was. */
  | { kind: "released"; said: Promise<void>; isSuccess: boolean }
  | { kind: "lost"; error: BatonError };

/** A grant while it lasts. */
export class Hold {
  readonly grant: Grant;
  readonly holder: Holder;
  #state: HoldState = { kind: "held" };
  // Made when they are asked for: most holds live for a moment.
  #abort: AbortController | undefined;
  #over: PromiseWithResolvers<BatonError | undefined> | undefined;
  #listener: ((error: BatonError) => void) | undefined;

  constructor(grant: Grant, holder: Holder) {
    this.grant = grant;
    this.holder = holder;
  }

  /** As it is by the clock. */
  get state(): HoldState {
    if (this.#state.kind === "held") this.holder.look();
    return this.#state;
  }

  /** Aborts when the hold is lost or interrupted. */
  get signal(): AbortSignal {
    const state = this.state;
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (state.kind === "lost") this.#abort.abort(state.error);
    }
    return this.#abort.signal;
  }

  /** Tells why it was lost; undefined once it was released. Never rejects. */
  get lost(): Promise<BatonError | undefined> {
    const state = this.state;
    if (this.#over === undefined) {
      this.#over = Promise.withResolvers();
      if (state.kind !== "held") this.#over.resolve(state.kind === "lost" ? state.error : undefined);
    }
    return this.#over.promise;
  }

  /** It was given up; the hub is being told. */
  released(said: Promise<void>, isSuccess: boolean): void {
    this.#state = { kind: "released", said, isSuccess };
    this.#over?.resolve(undefined);
  }

  /** The hub has taken it back, or nobody can be sure of it any more. */
  lose(error: BatonError): void {
    if (this.#state.kind !== "held") return;
    this.#state = { kind: "lost", error };
    this.#over?.resolve(error);
    this.#listener?.(error);
    this.#abort?.abort(error);
  }

  /** Has the work stop although it is still held. */
  interrupt(reason: unknown): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** Calls when it is lost, at once if it is. There is one such call. */
  onLost(listener: (error: BatonError) => void): void {
    const state = this.state;
    if (state.kind === "lost") listener(state.error);
    else this.#listener = listener;
  }
}
