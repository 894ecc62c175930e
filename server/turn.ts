// The turns of a hub: all that arrives in one goes to the engine as one batch, and then each session gets one write. A turn
// is what one read of a socket brought or, when reads follow each other closely, what all sockets had. Knows no message.
import type { Clock } from "./clock.ts";
import type { Pace } from "./inbox.ts";
import { addSpan, type Spread } from "./core/tally.ts";

/** One who is to be heard and answered at the end of a turn. */
export type Speaker = {
  /** Handles what it had to leave for this turn. */
  takeHeldBack(): void;
  /** Sends what there is to say. */
  flush(): void;
};

// A write takes some 10 µs, so that news for ten thousand leaves room for others every few milliseconds.
const flushesMax = 512;

// A lone message is answered 15 % sooner at the end of its read than at the end of the event loop's round. Reads that are
// closer together than this are many sockets at once, and share a turn.
const closeMs = 0.025;

// As long takes a socket's share of a turn when it is of plain messages; who has more, or sends what is slow to read, waits.
const turnMsMax = 0.5;

/** The turn under way and those who wait for its end. */
export class Turn implements Pace {
  readonly #clock: Clock;
  readonly #commit: () => void;
  readonly #isCommitFree: boolean;
  readonly #grants: Spread;
  #number = 0;
  #begunMs = 0;
  #endedMs = -Infinity;
  #isEnding = false;
  #isCommitting = false;
  #awaiting: Speaker[] = [];
  /** Those who have brought more than one turn takes, the one who waits longest first. */
  readonly #heldBack = new Set<Speaker>();
  #first: Speaker[] = [];
  /** Those whose write did not fit into an earlier turn. */
  #late: Speaker[] = [];

  /** `commit` gives what was proposed in a turn to the engine; when it is not free, turns are as few as can be. `grants` counts
   * how long it takes until those who are granted something are written to. */
  constructor(clock: Clock, commit: () => void, isCommitFree: boolean, grants: Spread) {
    this.#grants = grants;
    this.#clock = clock;
    this.#isCommitFree = isCommitFree;
    this.#commit = commit;
  }

  /** Counts the turns. */
  get number(): number {
    return this.#number;
  }

  /** Has the turn end when all that is to be in it is read. */
  endSoon(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#begunMs = this.#clock.nowMs();
    if (this.#isCommitFree && this.#begunMs - this.#endedMs >= closeMs) this.#clock.afterRead(this.#end);
    else this.#clock.afterRound(this.#end);
  }

  isLong(): boolean {
    return this.#clock.nowMs() - this.#begunMs > turnMsMax;
  }

  /** Has a speaker handle what it had to leave, in a turn to come. */
  holdBack(speaker: Speaker): void {
    this.#heldBack.add(speaker);
    this.endSoon();
  }

  /** Has a speaker called at the end of the turn. */
  await(speaker: Speaker): void {
    this.#awaiting.push(speaker);
    // What a commit makes them say still belongs to the turn that ends.
    if (!this.#isCommitting) this.endSoon();
  }

  /** Has a speaker flushed before all others: a hand-off waits for nobody's news. */
  flushFirst(speaker: Speaker): void {
    this.#first.push(speaker);
  }

  readonly #end = (): void => {
    const begunMs = this.#begunMs;
    // What is left over for another turn lets others be read first.
    this.#endedMs = Infinity;
    this.#number += 1;
    this.#takeHeldBack();
    this.#isEnding = false;
    this.#isCommitting = true;
    this.#commit();
    this.#isCommitting = false;
    const [first, others] = [
      this.#first,
      this.#late.length === 0 ? this.#awaiting : [...this.#late, ...this.#awaiting],
    ];
    this.#first = [];
    this.#awaiting = [];
    this.#late = others.length > flushesMax ? others.splice(flushesMax) : [];
    for (const speaker of first) speaker.flush();
    if (first.length > 0) addSpan(this.#grants, this.#clock.nowMs() - begunMs, first.length);
    for (const speaker of others) speaker.flush();
    this.#endedMs = this.#clock.nowMs();
    if (this.#late.length > 0 || this.#heldBack.size > 0) this.endSoon();
  };

  /** Lets those who were held back go on, each once, until the turn is long. */
  #takeHeldBack(): void {
    this.#begunMs = this.#clock.nowMs();
    let count = this.#heldBack.size;
    for (const speaker of this.#heldBack) {
      this.#heldBack.delete(speaker);
      speaker.takeHeldBack();
      count -= 1;
      if (count === 0 || this.isLong()) return;
    }
  }
}
