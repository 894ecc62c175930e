// One node's talk with a hub: carries out what the connection's state machine says, with a real socket, a real clock and
// real tokens, and hands messages to those they are about. Decides nothing.
import { assertNever, closeCodes } from "../shared/errors.ts";
import { decodeHubFrame, encode, type HubMessage, type HubMessageOf } from "../shared/protocol.ts";
import { Alarm } from "./alarm.ts";
import { BatonError } from "./baton-error.ts";
import type { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { brokenCode } from "./connection-state.ts";
import type { ConnectionEffect, ConnectionEvent, ConnectionSettings } from "./connection-state.ts";
import { Events, type Listeners } from "./events.ts";
import type { HubEvents } from "./hub-events.ts";
import { Outbox } from "./outbox.ts";
import { Requests, type Wire } from "./requests.ts";
import type { Session } from "./session.ts";
import { readToken, type TokenSource } from "./token.ts";
import { openSocket, type Socket, type WebSocketConstructor } from "./websocket.ts";

/** What a conversation is made of. */
export type ConversationParts = {
  /** Of the hub, or of hubs that share one book. */
  urls: readonly string[];
  token: TokenSource | undefined;
  webSocket: WebSocketConstructor;
  clock: Clock;
  settings: ConnectionSettings;
  listeners: Listeners<HubEvents>;
};

/** A conversation with one hub. */
export class Conversation implements Wire {
  readonly events: Events<HubEvents>;
  readonly requests: Requests;
  readonly #parts: ConversationParts;
  readonly #connection: Connection;
  readonly #alarm: Alarm;
  readonly #outbox = new Outbox((text) => this.#socket?.send(text));
  readonly #begun = Promise.withResolvers<void>();
  /** Settles when the first session is open; fails with the reason when there will be none. */
  readonly begun = this.#begun.promise;
  readonly #closed = Promise.withResolvers<void>();
  #socket: Socket | undefined;
  #effects: ConnectionEffect[] = [];
  #isApplying = false;
  #wasOpen = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.requests = new Requests(this, parts.settings);
    this.events = new Events(parts.listeners);
    this.#connection = new Connection(parts.settings);
    this.#alarm = new Alarm(parts.clock, (dueMs) => {
      this.#advance({ kind: "time", dueMs, isHolding: this.requests.isHolding });
    });
    this.begun.catch(() => {});
  }

  /** The session that is open, or that is to be resumed. */
  get session(): Session | undefined {
    return this.#connection.session;
  }

  start(): void {
    this.#advance({ kind: "start" });
  }

  /**
   * Says `bye` and ends; settles when the socket is closed. What awaits or holds something fails. A session that the hub
   * keeps without a socket is resumed for the `bye`, if that can be: else what it held would stay held [S4][S7].
   */
  async close(): Promise<void> {
    this.requests.stop(new BatonError("SESSION_ENDED", "the hub was closed by its user"));
    this.#advance({ kind: "stop" });
    await this.#closed.promise;
  }

  /** Gives up at once. */
  fail(error: BatonError): void {
    this.#advance({ kind: "fail", error });
  }

  /** The token that is to be used now. */
  token(): Promise<string | undefined> {
    return readToken(this.#parts.token, this.requests.bounds.tokenBytesMax);
  }

  nowMs(): number {
    return this.#parts.clock.nowMs();
  }

  after(afterMs: number, call: () => void): () => void {
    return this.#parts.clock.after(afterMs, call);
  }

  say(text: string): void {
    this.#outbox.put(text);
  }

  holdsSomething(): void {
    this.#setAlarm();
  }

  #advance(event: ConnectionEvent): void {
    this.#effects.push(...this.#connection.advance(event, this.nowMs()));
    if (this.#isApplying) return; // what is carried out may itself make things happen, which come after it
    this.#isApplying = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) this.#apply(effect);
    this.#isApplying = false;
    this.#setAlarm();
  }

  #apply(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case "askToken":
        return this.#askToken();
      case "dial":
        return this.#dial(effect.hub);
      case "send":
        return this.say(encode(effect.message));
      case "drop":
        this.#socket?.drop(effect.code);
        return this.#forgetSocket();
      case "begun":
        return this.#begin(effect.session, effect.lastId);
      case "disconnected":
        return this.events.emit("disconnected", { code: effect.code, reason: effect.reason, graceMs: effect.graceMs });
      case "detached":
        return this.requests.detached();
      case "ended":
        return this.requests.ended(new BatonError("SESSION_ENDED", `the session has ended: ${effect.reason}`));
      case "unsure":
        return this.requests.unsure();
      case "resting":
        return this.events.emit("retrying", { code: effect.code, reason: effect.reason, retryInMs: effect.retryInMs });
      case "leaving":
        return this.events.emit("leaving", { reconnectMs: effect.reconnectMs, graceMs: effect.graceMs });
      case "closed":
        return this.#end(effect.error);
      default:
        return assertNever(effect);
    }
  }

  #askToken(): void {
    if (typeof this.#parts.token === "function") {
      this.token().then(
        (token) => this.#advance({ kind: "token", token }),
        (error: unknown) => this.#advance({ kind: "tokenFailed", explanation: `no token: ${String(error)}` }),
      );
    } else if (this.#connection.state.kind === "preparing") {
      this.#advance({ kind: "token", token: this.#parts.token });
    }
  }

  #dial(hub: number): void {
    const { webSocket, urls } = this.#parts;
    try {
      this.#socket = openSocket(webSocket, urls[hub] ?? "", {
        opened: () => this.#advance({ kind: "opened" }),
        received: (text) => this.#received(text),
        closed: (code, reason) => this.#socketClosed(code, reason),
      });
    } catch (error) {
      this.#socketClosed(brokenCode, `no socket: ${String(error)}`);
    }
  }

  #socketClosed(code: number, reason: string): void {
    this.#forgetSocket();
    this.#advance({ kind: "closed", code, reason });
  }

  #forgetSocket(): void {
    this.#socket = undefined;
    this.#outbox.clear();
  }

  #received(text: string | undefined): void {
    this.#connection.heard(this.nowMs());
    const decoded = text === undefined ? undefined : decodeHubFrame(text);
    if (decoded === undefined) {
      this.#socket?.drop(closeCodes.PROTOCOL);
      return this.#socketClosed(brokenCode, "the hub sent a frame that is no JSON");
    }
    for (const one of decoded) {
      if ("fault" in one) this.events.emit("fault", one.fault);
      else this.#hear(one.message);
    }
  }

  #hear(message: HubMessage): void {
    switch (message.type) {
      case "granted":
      case "released":
      case "skipped":
      case "queued":
      case "failed":
      case "extended":
      case "lost":
      case "wanted":
      case "references":
      case "watching":
      case "changes":
        return this.requests.hear(message);
      case "welcome":
      case "authorized":
      case "ping":
      case "leaving":
        return this.#advance({ kind: "message", message });
      case "pong":
        this.requests.toldAll();
        return this.#advance({ kind: "message", message });
      case "error":
        return this.#refused(message);
      default:
        return assertNever(message);
    }
  }

  #refused({ id, code, message }: HubMessageOf<"error">): void {
    if (id !== undefined) return this.requests.refused(id, new BatonError(code, message));
    this.#advance({ kind: "complaint", explanation: message });
    this.events.emit("fault", { code, message });
  }

  #begin(session: Session, lastId: number | undefined): void {
    this.#outbox.unitsMax = session.bounds.frameBytesMax / 3;
    this.requests.begun(session, lastId);
    const name = !this.#wasOpen ? "connected" : lastId === undefined ? "renewed" : "resumed";
    this.#wasOpen = true;
    this.#begun.resolve();
    this.events.emit(name, { session: session.id, hub: session.hub });
    // What it said before, and is now asked to say again, comes before the bye.
    if (this.#connection.isStopping) queueMicrotask(() => this.#advance({ kind: "stop" }));
  }

  #end(error: BatonError | undefined): void {
    const reason = error ?? new BatonError("SESSION_ENDED", "the hub was closed by its user");
    this.#forgetSocket();
    this.requests.close(reason);
    this.#begun.reject(reason);
    this.#closed.resolve();
    this.events.emit("closed", { error });
  }

  #setAlarm(): void {
    this.#alarm.setFor(this.#connection.wakeAtMs(this.requests.isHolding));
  }
}
