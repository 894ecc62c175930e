// One node's way to the hub, in memory: what is put on it arrives a moment later, in order, or not before it is open again.
// Knows nothing of what arrives.

/** A way that can be shut. */
export class Way {
  readonly #stir: () => void;
  #onTheWay: (() => void)[] = [];
  #isShut = false;
  #isMoving = false;

  /** @param stir is told that something will arrive */
  constructor(stir: () => void) {
    this.#stir = stir;
  }

  /** Has it arrive. */
  put(arrive: () => void): void {
    this.#onTheWay.push(arrive);
    this.#move();
  }

  /** From now on nothing arrives. */
  shut(): void {
    this.#isShut = true;
  }

  /** What could not arrive does. */
  open(): void {
    this.#isShut = false;
    this.#move();
  }

  #move(): void {
    if (this.#isMoving || this.#isShut) return;
    this.#isMoving = true;
    this.#stir();
    queueMicrotask(() => {
      this.#isMoving = false;
      const arriving = this.#onTheWay;
      this.#onTheWay = [];
      while (!this.#isShut && arriving.length > 0) arriving.shift()?.();
      this.#onTheWay = [...arriving, ...this.#onTheWay];
    });
  }
}
