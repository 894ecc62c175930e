// Promises for what the engine will answer: a command carries a ticket, and its answer comes back under it. Knows no command.

/** Tickets that are out. */
export class Tickets<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  /** Gives out a ticket, to be proposed by `use`, and resolves with its answer. */
  issue(use: (ticket: number) => void): Promise<Answer> {
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
}
