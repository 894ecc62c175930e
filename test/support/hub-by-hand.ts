// A hub with no network and no time of its own: sockets are objects that the test feeds and reads. Knows no `ws`.
import { memoryBook } from "../../server/engine/memory-journal.ts";
import type { HubFacts } from "../../server/admission.ts";
import { Hub } from "../../server/hub.ts";
import type { Session } from "../../server/session.ts";
import { defaultLimits, type Limits } from "../../shared/limits.ts";
import { decodeHubFrame, type ClientMessageInput, type HubMessage } from "../../shared/protocol.ts";
import { HandClock } from "./hand-clock.ts";

/** One socket of a test: what it was sent, frame by frame, and how it was closed. */
export class HandSocket {
  readonly frames: HubMessage[][] = [];
  readonly closes: number[] = [];
  isPaused = false;
  unsentBytes = 0;
  /** Called after each frame that it was sent. */
  onSend = () => {};
  #session: Session | undefined;

  constructor(hub: Hub, id: string) {
    this.#session = hub.connected({
      id,
      send: (text) => {
        const decoded = decodeHubFrame(text) ?? [];
        this.frames.push(decoded.flatMap((one) => ("message" in one ? one.message : [])));
        this.onSend();
      },
      close: (code) => this.closes.push(code),
      unsentBytes: () => this.unsentBytes,
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
    });
  }

  /** Sends one frame with these messages. */
  say(...messages: ClientMessageInput[]): void {
    this.#session?.receive(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  sayText(text: string | undefined): void {
    this.#session?.receive(text);
  }

  /** The socket takes all that it was sent. */
  drain(): void {
    this.unsentBytes = 0;
    this.#session?.drained();
  }

  drop(): void {
    this.#session?.disconnected();
  }

  /** All messages so far, and none of them a second time. */
  heard(): HubMessage[] {
    return this.frames.splice(0).flat();
  }
}

/** A hub and its clock. */
export class HubByHand {
  readonly clock = new HandClock();
  readonly hub: Hub;
  #sockets = 0;

  constructor(settings: Partial<Omit<HubFacts, "limits">> & { limits?: Partial<Limits> } = {}) {
    const limits = { ...defaultLimits, ...settings.limits };
    this.hub = new Hub({
      settings: { name: "hub", heartbeatMs: 5_000, graceMaxMs: 60_000, ...settings, limits },
      clock: this.clock,
      book: memoryBook({ limits, lockDelayMs: 0, outcomeTtlMs: 600_000 }, this.clock),
    });
  }

  /** A socket that has not said hello. */
  connect(): HandSocket {
    this.#sockets += 1;
    return new HandSocket(this.hub, String(this.#sockets));
  }

  /** The socket of a node that is welcome; what it heard so far is its welcome alone, and is given too. */
  node(node: string, hello: { graceMs?: number; resume?: { session: string; secret: string } } = {}) {
    const socket = this.connect();
    socket.say({ type: "hello", node, ...hello });
    this.clock.endTurn();
    const welcome = socket.frames[0]?.shift();
    if (welcome?.type !== "welcome") throw new Error(`not welcome: ${JSON.stringify(welcome)}`);
    return { socket, welcome };
  }
}
