// What one socket has brought and is not handled yet, as texts until their time has come: a turn takes so much of it, and the
// rest waits for the next, so that a flood slows the flooder [B1]. Knows no message.

/** The parts of frames, in the order in which they came. A frame that has no parts is one part, `undefined`. */
export class Inbox<Part> {
  readonly #split: (frame: string) => readonly Part[] | undefined;
  readonly #perTurnMax: number;
  #turn = -1;
  #takenThisTurn = 0;
  #parts: readonly (Part | undefined)[] = [];
  #next = 0;
  /** Frames that are not read yet; `undefined` for one that is not text. */
  #frames: (string | undefined)[] = [];

  constructor(split: (frame: string) => readonly Part[] | undefined, perTurnMax: number) {
    this.#split = split;
    this.#perTurnMax = perTurnMax;
  }

  get isEmpty(): boolean {
    return this.#next === this.#parts.length && this.#frames.length === 0;
  }

  /** Adds a frame at the end; `undefined` for one that is not text. */
  add(frame: string | undefined): void {
    if (this.isEmpty) this.#open(frame);
    else this.#frames.push(frame);
  }

  /** Whether the first part may be handled in that turn; if so, it counts. */
  mayTake(turn: number): boolean {
    if (this.isEmpty) return false;
    if (turn !== this.#turn) this.#takenThisTurn = 0;
    this.#turn = turn;
    if (this.#takenThisTurn >= this.#perTurnMax) return false;
    this.#takenThisTurn += 1;
    return true;
  }

  /** Takes out the part that waits longest; undefined when none does, and for a frame without parts. */
  take(): Part | undefined {
    if (this.#next === this.#parts.length && this.#frames.length > 0) this.#open(this.#frames.shift());
    const part = this.#parts[this.#next];
    this.#next += 1;
    if (this.#next >= this.#parts.length) this.#close();
    return part;
  }

  /** Takes out all that waits. */
  clear(): void {
    this.#close();
    this.#frames = [];
  }

  #open(frame: string | undefined): void {
    this.#parts = (frame === undefined ? undefined : this.#split(frame)) ?? [undefined];
    this.#next = 0;
  }

  #close(): void {
    this.#parts = [];
    this.#next = 0;
  }
}
