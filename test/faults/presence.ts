// When a session is known to have been attached, in the hub's own count of steps: a node that is back asks for a resource of
// its own, and the fence that it gets lies behind its return. Knows no request.

/** Who was there when. */
export class Presence {
  readonly #starts: number[] = [];
  readonly #returns = new Map<string, number[]>();

  /** A hub is started, whose steps have numbers from this one on: nobody is there. */
  started(order: number): void {
    this.#starts.push(order);
  }

  /** A session is there since before this step. */
  present(session: string, order: number): void {
    const returns = this.#returns.get(session) ?? [];
    returns.push(order);
    this.#returns.set(session, returns);
  }

  /** The hub has closed the socket of a session, at a step that nobody knows: of this run of the hub nothing is known. */
  dropped(session: string): void {
    const since = this.#starts.at(-1) ?? 0;
    const returns = this.#returns.get(session)?.filter((order) => order < since) ?? [];
    this.#returns.set(session, returns);
  }

  /** From now on nobody knows who is there, until he is there again. */
  unsettled(): void {
    this.#returns.clear();
  }

  /** Whether a session was there, for certain, when a step was taken. */
  isCertain(session: string, order: number): boolean {
    const back = this.#returns.get(session)?.findLast((back) => back < order);
    if (back === undefined) return false;
    return !this.#starts.some((start) => start > back && start <= order);
  }
}
