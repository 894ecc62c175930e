// Finds the sockets whose frame does not come to its end in time [B1]. `ws` does not say when a frame begins, so this looks,
// now and then, whether bytes came and no message: what it misses, the heartbeat finds [S2]. Knows no frame.

/** A socket that is watched. */
export type Watched = {
  /** Bytes received since it was opened. */
  bytesRead(): number;
  cutOff(): void;
};

/** Tells the watch that a whole message, or a control frame, has come. */
export type Heard = () => void;

type Watch = { readonly socket: Watched; heard: boolean; bytes: number; unfinishedMs: number };

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
  add(socket: Watched): Heard {
    const watch = { socket, heard: false, bytes: socket.bytesRead(), unfinishedMs: 0 };
    this.#watches.set(socket, watch);
    return () => {
      watch.heard = true;
    };
  }

  remove(socket: Watched): void {
    this.#watches.delete(socket);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(tickMs: number): void {
    for (const watch of this.#watches.values()) {
      const bytes = watch.socket.bytesRead();
      if (watch.heard || bytes === watch.bytes) {
        watch.heard = false;
        watch.bytes = bytes;
        watch.unfinishedMs = 0;
        continue;
      }
      watch.unfinishedMs += tickMs;
      if (watch.unfinishedMs >= this.#frameMsMax) watch.socket.cutOff();
    }
  }
}
