// The calls that are to be asked as soon as they can be: when a session is open, and when a hub that could not take them may
// again. Knows not what is asked.
import { fullJitterMs, type Backoff } from "./backoff.ts";
import type { Call } from "./call.ts";

/** What the pauses are made of; `random` gives a number from 0 up to 1. */
export type Pauses = { readonly backoff: Backoff; readonly random: () => number };

/** The number of the connection that is open, 0 while there is none, and the time. */
type Line = { readonly connection: number; after(afterMs: number, call: () => void): () => void };

/** Calls in the order in which they are to be asked. */
export class Unsent {
  readonly #pauses: Pauses;
  readonly #line: Line;
  readonly #ask: (call: Call) => void;
  #calls = new Set<Call>();
  /** Pauses in a row after which the hub had taken nothing. */
  #pausesInVain = 0;
  #endPause: (() => void) | undefined;

  constructor(pauses: Pauses, line: Line, ask: (call: Call) => void) {
    this.#pauses = pauses;
    this.#line = line;
    this.#ask = ask;
  }

  add(call: Call): void {
    this.#calls.add(call);
  }

  addFirst(calls: readonly Call[]): void {
    this.#calls = new Set([...calls, ...this.#calls]);
  }

  /** The hub could not take it just now: asks again after a pause, one for all such calls, and longer each time. */
  addForLater(call: Call): void {
    this.#calls.add(call);
    const { backoff, random } = this.#pauses;
    this.#endPause ??= this.#line.after(fullJitterMs(this.#pausesInVain, backoff, random), () => {
      this.#endPause = undefined;
      this.#pausesInVain += 1;
      // Else the next session asks, as soon as it is open.
      if (this.#line.connection > 0) this.askAll();
    });
    call.away();
  }

  /** The hub has taken something. */
  taken(): void {
    this.#pausesInVain = 0;
  }

  delete(call: Call): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#stopPause();
  }

  askAll(): void {
    this.#stopPause();
    const calls = this.#calls;
    this.#calls = new Set();
    for (const call of calls) this.#ask(call);
  }

  [Symbol.iterator](): Iterator<Call> {
    return this.#calls.values();
  }

  #stopPause(): void {
    this.#endPause?.();
    this.#endPause = undefined;
  }
}
