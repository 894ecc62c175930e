// What one session is to be sent when the turn ends, as encoded messages. Knows no message and no socket.
import { frame } from "../shared/protocol.ts";

/** Encoded messages that wait for the end of the turn. */
export class Outbox {
  #told: string[] = [];
  #replies: string[] = [];

  /** Adds what the engine says. */
  tell(text: string): void {
    this.#told.push(text);
  }

  /** Adds what the session says by itself; it follows what the engine says of the same turn. */
  reply(text: string): void {
    this.#replies.push(text);
  }

  /** Empties the box into frames of at most `bytesMax`, in order; a message that is longer has a frame of its own. */
  take(bytesMax: number): string[] {
    const texts = this.#replies.length === 0 ? this.#told : [...this.#told, ...this.#replies];
    if (texts.length === 0) return texts;
    this.#told = [];
    if (this.#replies.length > 0) this.#replies = [];
    return texts.length === 1 ? texts : framesOf(texts, bytesMax);
  }
}

function framesOf(texts: readonly string[], bytesMax: number): string[] {
  // A UTF-16 unit is at most three bytes of UTF-8, so that nothing needs counting.
  const unitsMax = bytesMax / 3;
  let units = texts.length + 1;
  for (const text of texts) units += text.length;
  if (units <= unitsMax) return [frame(texts)];
  const frames: string[] = [];
  let first = 0;
  units = 0;
  for (const [index, text] of texts.entries()) {
    if (units > 0 && units + text.length + 2 > unitsMax) {
      frames.push(frame(texts.slice(first, index)));
      first = index;
      units = 0;
    }
    units += text.length + 1;
  }
  frames.push(frame(texts.slice(first)));
  return frames;
}
