// Finds the sockets whose message does not come to its end in time [B1], by looking at each now and then. Knows no byte.
import type { FrameEnds } from "./frame-ends.ts";

/** A socket that is watched. */
export type Watched = {
  readonly frames: FrameEnds;
  /** Whether the hub reads what it sends just now. */
  isRead(): boolean;
  cutOff(): void;
};

type Watch = { messages: number; unfinishedMs: number };

const tickMsMax = 1_000;

/** A watch over all sockets of a hub. */
export class FrameWatch {
  readonly #frameMsMax: number;
  readonly #watches = new Map<Watched, Watch>();
  readonly #timer: NodeJS.Timeout;

  constructor(frameMsMax: number) {
    this.#frameMsMax = frameMsMax;
    const tickMs = Math.max(1, Math.min(tickMsMax, Math.floor(frameMsMax / 4)));
    this.#timer = setInterval(() => this.#look(tickMs), tickMs);
    this.#timer.unref();
  }

  /** Watches a socket until it is taken off. */
  add(socket: Watched): void {
    this.#watches.set(socket, { messages: 0, unfinishedMs: 0 });
  }

  remove(socket: Watched): void {
    this.#watches.delete(socket);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(tickMs: number): void {
    for (const [socket, watch] of this.#watches) {
      const { isWhole, messages } = socket.frames;
      const isUnfinished = !isWhole && messages === watch.messages;
      watch.messages = messages;
      if (!isUnfinished) watch.unfinishedMs = 0;
      else if (socket.isRead()) watch.unfinishedMs += tickMs;
      if (watch.unfinishedMs >= this.#frameMsMax) socket.cutOff();
    }
  }
}
