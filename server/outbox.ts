// What one session is to be sent, as encoded messages, until its socket takes them. Knows no message.
import { frame } from "../shared/protocol.ts";
import type { Connection } from "./host.ts";

// As much is given to a socket ahead of what it takes: enough to keep any line busy, and more than a stream of Node's takes
// without saying `drain` later.
const aheadBytesMax = 128 * 1024;

// What a text takes in memory beside its letters, about: a thousand short ones are as heavy as a long one.
const unitsBeside = 24;

const nothing: readonly string[] = [];

/** Encoded messages that are still to be sent. */
export class Outbox {
  #told: string[] = [];
  #replies: string[] = [];
  #owed: string[] = [];
  /** What is on its way out, in order, and how many of these have gone. */
  #leaving = nothing;
  #gone = 0;
  #units = 0;
  readonly #unitsMax: number;

  /** @param frameBytesMax of one frame, unless a single message is longer */
  constructor(frameBytesMax: number) {
    // A UTF-16 unit is at most three bytes of UTF-8, so that nothing needs counting.
    this.#unitsMax = frameBytesMax / 3;
  }

  /** How much there is to be sent, in UTF-16 units and what its texts take beside. */
  get units(): number {
    return this.#units;
  }

  /** Adds what the engine says. */
  tell(text: string): void {
    this.#told.push(text);
    this.#units += text.length + unitsBeside;
  }

  /** Adds what the session says by itself; it follows what the engine says of the same turn. */
  reply(text: string): void {
    this.#replies.push(text);
    this.#units += text.length + unitsBeside;
  }

  /** Adds a reply that follows the answers to all that was asked before it, and says when it may go. */
  owe(text: string, engine: { whenInEffect(callback: () => void): void }, wake: () => void): void {
    this.#owed.push(text);
    engine.whenInEffect(() => {
      this.pay(1);
      wake();
    });
  }

  /** Lets the oldest of the owed replies go, as many as that. */
  pay(count: number): void {
    for (const text of this.#owed.splice(0, count)) this.reply(text);
  }

  /** Sends it, frame by frame, until all is sent or more bytes than `aheadMax` wait for the socket to take them. */
  empty(connection: Pick<Connection, "send" | "unsentBytes">, aheadMax = aheadBytesMax): void {
    while (this.#units > 0 && connection.unsentBytes() <= aheadMax) connection.send(this.#next());
  }

  /** Texts share what they have in common until they are joined: the next frame is joined when it can go. */
  #next(): string {
    if (this.#leaving.length === 0) this.#gather();
    const start = this.#gone;
    let units = 1;
    for (let text = this.#leaving[start]; text !== undefined; text = this.#leaving[this.#gone]) {
      if (this.#gone > start && units + text.length + 1 > this.#unitsMax) break;
      units += text.length + 1;
      this.#gone += 1;
    }
    const isAll = this.#gone - start === this.#leaving.length;
    const texts = isAll ? this.#leaving : this.#leaving.slice(start, this.#gone);
    this.#units -= units - 1 + texts.length * (unitsBeside - 1);
    if (this.#gone === this.#leaving.length) {
      this.#leaving = nothing;
      this.#gone = 0;
    }
    return frame(texts);
  }

  #gather(): void {
    this.#leaving = this.#replies.length === 0 ? this.#told : [...this.#told, ...this.#replies];
    this.#told = [];
    if (this.#replies.length > 0) this.#replies = [];
  }
}
