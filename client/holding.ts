// The time in which a request holds: how long it is sure, what it extends and reports. Knows no request and no connection.
import { encode, type Progress } from "../shared/protocol.ts";
import { BatonError } from "./baton-error.ts";
import { checkDuration, checkProgress, type Bounds } from "./bounds.ts";
import { failureFarewell, farewell, handled, successFarewell, type Farewell } from "./farewell.ts";
import { Hold, type FailOptions, type Grant, type Holder } from "./hold.ts";

/** What whoever holds, or wants to, needs of the session. */
export type Line = {
  /** The number of the connection that is open; 0 while there is none. */
  readonly connection: number;
  readonly bounds: Bounds;
  /** Until when what is held is surely held [S12]. */
  readonly sureUntilMs: number;
  nowMs(): number;
  after(afterMs: number, call: () => void): () => void;
  /** Says it on the open connection. */
  say(text: string): void;
  /** The hub has received what was said then. */
  proven(saidAtMs: number): void;
  /** One hold more, or one less. */
  holds(change: 1 | -1): void;
};

/** What a holding needs of its request. */
export type Leaver = {
  /** Says the last word; settles when the hub has heard it. */
  leave(farewell: Farewell): Promise<void>;
  /** Loses the hold, and says so. */
  unsure(error: BatonError): void;
};

type Extension = ReturnType<typeof handled> & { holdMs: number; saidAtMs: number };

/** A grant and what its holder says while it has it. */
export class Holding implements Holder {
  readonly hold: Hold;
  readonly #id: number;
  readonly #line: Line;
  readonly #leaver: Leaver;
  /** When the hold ends by the hub's word [H1]. */
  #untilMs = Infinity;
  #unwatch: (() => void) | undefined;
  #extensions: Extension[] = [];

  /** @param holdMs the hub's bound on this hold, from now */
  constructor(id: number, grant: Grant, holdMs: number | undefined, line: Line, leaver: Leaver) {
    this.hold = new Hold(grant, this);
    this.#id = id;
    this.#line = line;
    this.#leaver = leaver;
    line.holds(1);
    if (holdMs !== undefined) this.#holdUntil(line.nowMs() + holdMs);
  }

  look(): void {
    const nowMs = this.#line.nowMs();
    if (nowMs >= this.#untilMs) this.#leaver.unsure(expired());
    else if (nowMs >= this.#line.sureUntilMs) this.#leaver.unsure(unsureError());
  }

  succeed(result: unknown): Promise<void> {
    return this.#leaver.leave(successFarewell(this.#id, result, this.#line.bounds));
  }

  fail(error: unknown, options: FailOptions): Promise<void> {
    return this.#leaver.leave(failureFarewell(this.#id, error, options, this.#line.bounds));
  }

  giveBack(): Promise<void> {
    return this.#leaver.leave(farewell({ type: "release", id: this.#id, outcome: "none" }));
  }

  extend(holdMs: number): Promise<void> {
    checkDuration("holdMs", holdMs);
    const extension = { ...handled(), holdMs, saidAtMs: 0 };
    this.#extensions.push(extension);
    if (this.#line.connection > 0) this.#say(extension);
    return extension.promise;
  }

  progress(progress: Progress): void {
    checkProgress(progress, this.#line.bounds);
    const { done, total, note } = progress;
    // Of no use to anybody later on: the next one will say more.
    if (this.#line.connection > 0) this.#line.say(encode({ type: "progress", id: this.#id, done, total, note }));
  }

  /** The hub has said after a resume that it is still held: what may not have arrived is said again. */
  toldAgain(holdMs: number | undefined): void {
    if (holdMs !== undefined) this.#holdUntil(this.#line.nowMs() + holdMs);
    for (const extension of this.#extensions) this.#say(extension);
  }

  /** The hub has done as the oldest extension asks. */
  extended(): void {
    const extension = this.#extensions.shift();
    if (extension === undefined) return;
    this.#line.proven(extension.saidAtMs);
    this.#holdUntil(extension.saidAtMs + extension.holdMs);
    extension.resolve();
  }

  /** The hub has refused something; what, it does not say. */
  refused(error: BatonError): void {
    this.#extensions.shift()?.reject(error);
  }

  /** It holds no more, and its holder is told why. */
  lose(error: BatonError): void {
    this.end(error);
    this.hold.lose(error);
  }

  /** It holds no more. */
  end(error?: BatonError): void {
    this.#line.holds(-1);
    this.#unwatch?.();
    if (this.#extensions.length === 0) return;
    const reason = error ?? new BatonError("LOCK_NOT_HELD", "it was released before the hub had answered");
    for (const extension of this.#extensions) extension.reject(reason);
    this.#extensions = [];
  }

  #say(extension: Extension): void {
    extension.saidAtMs = this.#line.nowMs();
    this.#line.say(encode({ type: "extend", id: this.#id, holdMs: extension.holdMs }));
  }

  #holdUntil(untilMs: number): void {
    this.#untilMs = untilMs;
    this.#unwatch?.();
    this.#unwatch = this.#line.after(untilMs - this.#line.nowMs(), () => void this.hold.state);
  }
}

/** Why what is held must be let go of when its time is over by the own clock [S12]. */
export function unsureError(): BatonError {
  return new BatonError("SESSION_ENDED", "the hub was not heard for so long that it may have granted to another");
}

function expired(): BatonError {
  return new BatonError("LOCK_EXPIRED", "holdMs has passed without an extend");
}
