// A WebSocket without a network: the SDK has one end of it and the hub the other. Knows no message.
import type { Connection } from "../../server/host.ts";
import { closeCodes } from "../../shared/errors.ts";
import type { PlatformSocket } from "../websocket.ts";
import type { Way } from "./way.ts";

/** Where the frames and the end of a socket go in the hub. */
type Receiver = { receive(text: string): void; drained(): void; disconnected(): void };

/** Lets a socket in; undefined while no hub is there. */
export type Accept = (connection: Omit<Connection, "id">) => Receiver | undefined;

type Listeners = {
  open: () => void;
  error: () => void;
  message: (event: { data: unknown }) => void;
  close: (event: { code: number; reason: string }) => void;
};

type State = { kind: "dialing" } | { kind: "open"; receiver: Receiver } | { kind: "closed" };

const brokenCode = 1006;

/** One socket, from the dialling on. */
export class MemorySocket implements PlatformSocket {
  readonly #way: Way;
  readonly #accept: Accept;
  readonly #listeners: Partial<Listeners> = {};
  #state: State = { kind: "dialing" };
  #unsentBytes = 0;

  constructor(way: Way, accept: Accept) {
    this.#way = way;
    this.#accept = accept;
    way.put(() => this.#dialled());
  }

  addEventListener<Type extends keyof Listeners>(type: Type, listener: Listeners[Type]): void {
    this.#listeners[type] = listener;
  }

  send(text: string): void {
    this.#way.put(() => {
      if (this.#state.kind === "open") this.#state.receiver.receive(text);
    });
  }

  /** The node has had enough of it. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "open") this.#way.put(() => state.receiver.disconnected());
  }

  terminate(): void {
    this.close();
  }

  /** It breaks: the hub sees it now, the node as soon as its way lets it; what is under way is lost. */
  break(): void {
    this.sever();
    this.#way.put(() => this.#tellClosed(brokenCode, "the connection broke"));
  }

  /** It breaks, and there is no node any more to see it. */
  sever(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "open") state.receiver.disconnected();
  }

  /** Tells the node at once that it is over for good, whether or not anything reaches it. */
  hangUp(): void {
    this.sever();
    this.#tellClosed(closeCodes.BYE, "the test hub is closed");
  }

  #dialled(): void {
    if (this.#state.kind !== "dialing") return;
    const receiver = this.#accept({
      send: (text) => this.#toNode(text),
      close: (code, reason) => this.#way.put(() => this.#closed(code, reason)),
      unsentBytes: () => this.#unsentBytes,
      // What comes too fast waits in the session: there is no network here that could hold it back.
      pause: () => {},
      resume: () => {},
    });
    if (receiver === undefined) return this.#closed(brokenCode, "there is no hub");
    this.#state = { kind: "open", receiver };
    this.#listeners.open?.();
  }

  #toNode(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#unsentBytes += bytes;
    this.#way.put(() => {
      this.#unsentBytes -= bytes;
      if (this.#state.kind !== "open") return;
      this.#listeners.message?.({ data: text });
      if (this.#unsentBytes === 0 && this.#state.kind === "open") this.#state.receiver.drained();
    });
  }

  #closed(code: number, reason: string): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.#tellClosed(code, reason);
  }

  #tellClosed(code: number, reason: string): void {
    this.#listeners.close?.({ code, reason });
  }
}
