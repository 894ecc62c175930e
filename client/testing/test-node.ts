// One node of a test: its way to the hub, its sockets, and its own look at the test's time, each of which can be taken away.
// Knows no message and no lock.
import type { Clock } from "../clock.ts";
import type { WebSocketConstructor } from "../websocket.ts";
import { MemorySocket, type Accept } from "./memory-socket.ts";
import type { TestClock } from "./test-clock.ts";
import { Way } from "./way.ts";

/** A node's part of the world. */
export class TestNode {
  readonly webSocket: WebSocketConstructor;
  readonly clock: Clock;
  readonly #way: Way;
  #socket: MemorySocket | undefined;
  #isMute = false;
  #isFrozen = false;
  /** The calls of timers that came due while the node was frozen. */
  readonly #late = new Set<() => void>();

  constructor(time: TestClock, accept: Accept) {
    const way = new Way(() => time.stir());
    const dialled = (socket: MemorySocket) => {
      this.#socket = socket;
    };
    this.#way = way;
    this.webSocket = class extends MemorySocket {
      constructor() {
        super(way, accept);
        dialled(this);
      }
    };
    this.clock = {
      nowMs: () => time.nowMs(),
      after: (afterMs, call) => {
        const due = () => {
          time.stir();
          if (this.#isFrozen) this.#late.add(call);
          else call();
        };
        const cancel = time.after(afterMs, due);
        return () => {
          cancel();
          this.#late.delete(call);
        };
      },
    };
  }

  /** Its socket breaks, and both ends notice. */
  drop(): void {
    this.#socket?.break();
  }

  /** Nothing gets through, either way, and neither end notices. */
  mute(): void {
    this.#isMute = true;
    this.#way.shut();
  }

  /** What did not get through does. */
  unmute(): void {
    this.#isMute = false;
    this.#reopen();
  }

  /** As SIGSTOP does: it reads nothing, says nothing, and none of its timers runs. */
  freeze(): void {
    this.#isFrozen = true;
    this.#way.shut();
  }

  /** As SIGCONT does: it reads what came meanwhile, then the timers that came due run. */
  thaw(): void {
    this.#isFrozen = false;
    this.#reopen();
    this.#way.put(() => {
      for (const call of this.#late) {
        if (this.#isFrozen) return;
        this.#late.delete(call);
        call();
      }
    });
  }

  /** As SIGKILL does: its socket breaks, and it hears and does nothing any more. */
  kill(): void {
    this.freeze();
    this.#socket?.sever();
  }

  /** Tells it that its socket is over, whatever state it is in. */
  hangUp(): void {
    this.#socket?.hangUp();
  }

  #reopen(): void {
    if (!this.#isMute && !this.#isFrozen) this.#way.open();
  }
}
