// Promises for what the engine will answer: a command carries a ticket, and its answer comes back under it. Knows no command.

/** Tickets that are out. */
export class Tickets<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  // Those of several hubs may meet in one journal: each begins somewhere of its own.
  #last = Math.floor(Math.random() * 2 ** 48);
  #end: { answer: Answer } | undefined;

  /** Gives out a ticket, to be proposed by `use`, and resolves with its answer. */
  issue(use: (ticket: number) => void): Promise<Answer> {
    if (this.#end !== undefined) return Promise.resolve(this.#end.answer);
    this.#last += 1;
    const ticket = this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      use(ticket);
    });
  }

  /** Takes a ticket back with its answer. */
  answer(ticket: number, answer: Answer): void {
    this.#waiting.get(ticket)?.(answer);
    this.#waiting.delete(ticket);
  }

  /** Gives all tickets that are out, and all that are asked for from now on, the same answer. */
  end(answer: Answer): void {
    this.#end = { answer };
    for (const resolve of this.#waiting.values()) resolve(answer);
    this.#waiting.clear();
  }
}
