// The turns of a hub: all that arrives in one goes to the engine as one batch, and then each session gets one write. A turn
// is what one read of a socket brought or, when reads follow each other closely, what all sockets had. Knows no message.
import type { Clock } from "./clock.ts";
import { addSpan, type Spread } from "./core/tally.ts";
import { Floods } from "./floods.ts";

/** One who is to be heard and answered at the end of a turn. */
export type Speaker = {
  /** Handles what it had to leave for this turn, or so many messages of it. */
  takeHeldBack(messagesMax?: number): void;
  /** Sends what there is to say. */
  flush(): void;
};

// A write takes some 10 µs, so that news for ten thousand leaves room for others every few milliseconds.
const flushesMax = 512;

// A lone message is answered 15 % sooner at the end of its read than at the end of the event loop's round. Reads that are
// closer together than this, or than the turn before took if it was long, are many sockets at once, and share a turn.
const closeMs = 0.025;
const longMs = 0.5;

// When what came took longer to read than this, there was too much of it from too many: each may bring so much less to the next
// turn, but never less than what one who does not flood has to say.
const readMsMax = 2;
const messagesMin = 8;

// As long takes one socket's share of a turn, of plain messages: with more of them in it everybody else would wait for longer.
const heldBackMsMax = 0.5;

// Those who flood rest for so many times as long as they took: they have an eighth of the hub's time. One of them handles so few
// messages at once that whoever comes meanwhile waits for some 0.2 ms.
const restShare = 7;
const floodMessagesMax = 64;
// What took longer was none of theirs.
const restMsMax = 50;

/** The turn under way and those who wait for its end. */
export class Turn {
  readonly #clock: Clock;
  readonly #commit: () => void;
  readonly #isCommitFree: boolean;
  readonly #grants: Spread;
  #number = 0;
  #begunMs = 0;
  #endedMs = -Infinity;
  #tookMs = 0;
  /** Whether its end is to come, or under way, and whether there is to be another one after that. */
  #state: "idle" | "due" | "ending" | "ending, one more due" = "idle";
  #isCommitting = false;
  #awaiting: Speaker[] = [];
  /** Those who have brought more than one turn takes, the one who waits longest first. */
  readonly #heldBack = new Set<Speaker>();
  /** Those of them who flood. */
  readonly #flooding = new Set<Speaker>();
  readonly #floods = new Floods<Speaker>();
  #isResting = false;
  /** How much of the usual share of a turn each may bring to it. */
  #share = 1;
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
    if (this.#state === "ending") this.#state = "ending, one more due";
    if (this.#state !== "idle") return;
    this.#state = "due";
    this.#begunMs = this.#clock.nowMs();
    if (this.#isCommitFree && this.#isLone(this.#begunMs)) this.#clock.afterRead(this.#end);
    else this.#clock.afterRound(this.#end);
  }

  /** Has a speaker handle what it had to leave, in a turn to come. */
  holdBack(speaker: Speaker): void {
    const nowMs = this.#clock.nowMs();
    this.#floods.waits(speaker, nowMs);
    const isFlood = this.#floods.isFlood(speaker, nowMs);
    const [line, other] = isFlood ? [this.#flooding, this.#heldBack] : [this.#heldBack, this.#flooding];
    other.delete(speaker);
    line.add(speaker);
    if (!isFlood || !this.#isResting) this.endSoon();
  }

  /** How many messages a speaker may handle as they come, of so many at most: none while it floods. */
  messagesMax(speaker: Speaker, most: number): number {
    if (this.#isResting && this.#floods.isFlood(speaker, this.#clock.nowMs())) return 0;
    if (this.#share < 1 && this.#isLone(this.#clock.nowMs())) this.#share = 1;
    return this.#share === 1 ? most : Math.max(messagesMin, Math.floor(most * this.#share));
  }

  /** Somebody asks for something: those who flood are to leave it time. */
  heard(speaker: Speaker): void {
    if (this.#heldBack.size + this.#flooding.size > 0) this.#floods.heard(speaker, this.#begunMs);
  }

  /** Has a speaker called at the end of the turn. */
  await(speaker: Speaker): void {
    this.#awaiting.push(speaker);
    // What a commit makes them say still belongs to the turn that ends.
    if (!this.#isCommitting) this.endSoon();
  }

  /** Has a speaker flushed before all others: a hand-off waits for nobody's news. */
  flushFirst(speaker: Speaker): void {
    if (this.#first.at(-1) !== speaker) this.#first.push(speaker);
  }

  readonly #end = (): void => {
    const begunMs = this.#begunMs;
    this.#share = Math.min(1, readMsMax / (this.#clock.nowMs() - begunMs));
    this.#settle();
    // Those who brought too much come after all others, in a turn of their own.
    if (this.#heldBack.size > 0) this.#letGoOn(this.#heldBack);
    if (this.#hasFloodsDue) {
      this.#letGoOn(this.#flooding, floodMessagesMax);
      this.#rest(this.#clock.nowMs() - this.#begunMs);
    }
    this.#endedMs = this.#clock.nowMs();
    this.#tookMs = this.#endedMs - begunMs;
    const isDue = this.#state !== "ending" || this.#late.length > 0 || this.#heldBack.size > 0 || this.#hasFloodsDue;
    this.#state = "idle";
    // What is left over for another turn lets others be read first: it follows this one closely.
    if (isDue) this.endSoon();
  };

  /** Whether what comes now has nothing to do with the turn before. */
  #isLone(nowMs: number): boolean {
    return nowMs - this.#endedMs >= (this.#tookMs > longMs ? this.#tookMs : closeMs);
  }

  get #hasFloodsDue(): boolean {
    return this.#flooding.size > 0 && !this.#isResting;
  }

  /** Has those who flood wait as their share asks for. */
  #rest(tookMs: number): void {
    this.#isResting = true;
    this.#clock.after(Math.min(restMsMax, restShare * tookMs), () => {
      this.#isResting = false;
      if (this.#flooding.size > 0) this.endSoon();
    });
  }

  /** Lets those who were held back go on in a turn of their own, each once, until it has taken long. */
  #letGoOn(line: Set<Speaker>, messagesMax?: number): void {
    this.#state = "due";
    this.#begunMs = this.#clock.nowMs();
    let nowMs = this.#begunMs;
    let count = line.size;
    for (const speaker of line) {
      line.delete(speaker);
      this.#floods.goesOn(speaker, nowMs);
      speaker.takeHeldBack(messagesMax);
      count -= 1;
      nowMs = this.#clock.nowMs();
      if (count === 0 || nowMs - this.#begunMs > heldBackMsMax) break;
    }
    this.#settle();
  }

  /** Has the engine answer what was proposed in this turn, and everybody sent what there is to say. */
  #settle(): void {
    this.#state = "ending";
    this.#number += 1;
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
    if (first.length > 0) addSpan(this.#grants, this.#clock.nowMs() - this.#begunMs, first.length);
    for (const speaker of others) speaker.flush();
  }
}
