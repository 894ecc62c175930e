// How many things go on at once, and who waits for a place. Knows nothing of what goes on.

/** A place that was taken; giving it back twice gives it back once. */
export type Slot = {
  free(): void;
  /** Takes it again if it was given back: at once, though all be taken; whoever waits for a place then waits for longer. */
  retake(): void;
};

/** A fixed number of places, first come, first served. */
export class Slots {
  /** Below 0 when more were retaken than there are. */
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
    return {
      free: () => {
        if (taken) this.#give();
        taken = false;
      },
      retake: () => {
        if (!taken) this.#places -= 1;
        taken = true;
      },
    };
  }

  #give(): void {
    this.#places += 1;
    if (this.#places <= 0) return;
    const next = this.#waiters.shift();
    if (next === undefined) return;
    this.#places -= 1;
    next();
  }
}
