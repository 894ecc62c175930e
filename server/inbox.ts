// What one socket has brought and is not handled yet: a turn takes so much of it, and the rest waits for the next, so that a
// flood slows the flooder [B1]. Knows no message.

/** Things in the order in which they came. */
export class Inbox<Thing> {
  readonly #perTurnMax: number;
  #turn = -1;
  #takenThisTurn = 0;
  #waiting: Thing[] = [];
  #next = 0;

  constructor(perTurnMax: number) {
    this.#perTurnMax = perTurnMax;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  /** Adds things at the end. */
  add(things: Thing[]): void {
    if (this.isEmpty) {
      this.#waiting = things;
      this.#next = 0;
    } else for (const thing of things) this.#waiting.push(thing);
  }

  /** Whether the first of them may be handled in that turn; if so, it counts. */
  mayTake(turn: number): boolean {
    if (this.isEmpty) return false;
    if (turn !== this.#turn) this.#takenThisTurn = 0;
    this.#turn = turn;
    if (this.#takenThisTurn >= this.#perTurnMax) return false;
    this.#takenThisTurn += 1;
    return true;
  }

  /** Takes out what waits longest; undefined when nothing does. */
  take(): Thing | undefined {
    const thing = this.#waiting[this.#next];
    this.#next += 1;
    if (this.#next >= this.#waiting.length) this.clear();
    return thing;
  }

  /** Takes out all that waits. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}
