// What one socket has brought and is not handled yet, as texts until their time has come: a turn takes so much of it, and the
// rest waits for the next, so that a flood slows the flooder [B1]. Knows no message.
import type { Parts } from "../shared/frame-reader.ts";

/** The parts of frames, in the order in which they came. A frame that has no parts is one part, `undefined`. */
export class Inbox<Part> {
  readonly #split: (frame: string, from: number) => Parts<Part> | undefined;
  readonly #perTurnMax: number;
  #turn = -1;
  #takenThisTurn = 0;
  /** What is read and not taken, from the next one on. */
  #parts: readonly (Part | undefined)[] = [];
  #next = 0;
  /** The frame of those parts, and where those after them begin in it; -1 when there are none. */
  #frame = "";
  #from = -1;
  /** Frames that are not read yet; `undefined` for one that is not text. */
  #frames: (string | undefined)[] = [];

  /** `split` gives the parts of a frame from a place on, and where the next begin: -1 when there are none. */
  constructor(split: (frame: string, from: number) => Parts<Part> | undefined, perTurnMax: number) {
    this.#split = split;
    this.#perTurnMax = perTurnMax;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0 && this.#from < 0 && this.#frames.length === 0;
  }

  /** Adds a frame at the end; `undefined` for one that is not text. */
  add(frame: string | undefined): void {
    if (this.isEmpty) this.#read(frame, 0);
    else this.#frames.push(frame);
  }

  /** Whether the first part may be handled in that turn, of which `most` may be; if so, it counts. */
  mayTake(turn: number, most = this.#perTurnMax): boolean {
    if (this.isEmpty) return false;
    if (turn !== this.#turn) this.#takenThisTurn = 0;
    this.#turn = turn;
    if (this.#takenThisTurn >= Math.min(most, this.#perTurnMax)) return false;
    this.#takenThisTurn += 1;
    return true;
  }

  /** Takes out the part that waits longest; undefined when none does, and for a frame without parts. */
  take(): Part | undefined {
    if (this.#parts.length === 0) {
      if (this.#from >= 0) this.#read(this.#frame, this.#from);
      else if (this.#frames.length > 0) this.#read(this.#frames.shift(), 0);
    }
    const part = this.#parts[this.#next];
    this.#next += 1;
    if (this.#next >= this.#parts.length) [this.#parts, this.#next] = [[], 0];
    return part;
  }

  /** Takes out all that waits. */
  clear(): void {
    this.#hold("", { parts: [], next: -1 });
    this.#frames = [];
  }

  #read(frame: string | undefined, from: number): void {
    const some = frame === undefined ? undefined : this.#split(frame, from);
    this.#hold(frame ?? "", some ?? { parts: [undefined], next: -1 });
  }

  #hold(frame: string, { parts, next }: Parts<Part | undefined>): void {
    this.#parts = parts;
    this.#next = 0;
    this.#frame = next < 0 ? "" : frame;
    this.#from = next;
  }
}
