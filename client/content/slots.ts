// How many things go on at once, and who waits for a place. Knows nothing of what goes on.

/** A place that was taken; giving it back twice gives it back once. */
export type Slot = { free(): void };

/** A fixed number of places, first come, first served. */
export class Slots {
  #places: number;
  readonly #waiters: (() => void)[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** Takes a place, as soon as there is one. */
  async take(): Promise<Slot> {
    if (this.#places > 0) this.#places -= 1;
    else await new Promise<void>((resolve) => this.#waiters.push(resolve));
    let taken = true;
    const free = (): void => {
      if (!taken) return;
      taken = false;
      const next = this.#waiters.shift();
      if (next === undefined) this.#places += 1;
      else next();
    };
    return { free };
  }
}
