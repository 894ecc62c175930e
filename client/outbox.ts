// What is to be said to the hub in one turn, in as few frames as will carry it. Knows no message.
import { frame } from "../shared/protocol.ts";

/** Texts of messages that wait for the end of the turn. */
export class Outbox {
  readonly #send: (text: string) => void;
  #texts: string[] = [];
  #isFlushing = false;
  /** UTF-16 units that a frame may have. A unit is at most three bytes of UTF-8, so that nothing needs counting. */
  unitsMax = 0;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** Says it when the code that runs now has ended, with all that was put here by then. */
  put(text: string): void {
    this.#texts.push(text);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.flush());
  }

  /** Says at once what is here. */
  flush(): void {
    this.#isFlushing = false;
    const texts = this.#texts;
    if (texts.length === 0) return;
    this.#texts = [];
    let first = 0;
    let units = 0;
    for (const [index, text] of texts.entries()) {
      if (units > 0 && units + text.length + 2 > this.unitsMax) {
        this.#send(frame(texts.slice(first, index)));
        first = index;
        units = 0;
      }
      units += text.length + 1;
    }
    this.#send(frame(first === 0 ? texts : texts.slice(first)));
  }

  /** Forgets what was not said. */
  clear(): void {
    this.#texts = [];
  }
}
