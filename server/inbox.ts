// What one socket has brought and is not handled yet: a turn takes so much of it, and the rest waits for the next, so that a
// flood slows the flooder [B1]. Knows no message.

/** Things in the order in which they came. */
export class Inbox<Thing> {
  readonly #perTurnMax: number;
  #turn = -1;
  #takenThisTurn = 0;
  #waiting: Thing[] = [];

  constructor(perTurnMax: number) {
    this.#perTurnMax = perTurnMax;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether a thing may be handled in that turn, at once; if so, it counts. */
  mayPass(turn: number): boolean {
    if (turn !== this.#turn) this.#takenThisTurn = 0;
    this.#turn = turn;
    if (this.#waiting.length > 0 || this.#takenThisTurn >= this.#perTurnMax) return false;
    this.#takenThisTurn += 1;
    return true;
  }

  /** Keeps a thing for later. */
  keep(thing: Thing): void {
    this.#waiting.push(thing);
  }

  /** Takes out all that waits. */
  takeAll(): Thing[] {
    return this.#waiting.splice(0);
  }
}
