// One caller: greeting → opening → open → closed. Turns texts into messages in a legal state, and what it is told into
// frames, one write a turn. Knows the protocol; no locks and no `ws`.
import { assertNever, closeCodes } from "../shared/errors.ts";
import type { Limits } from "../shared/limits.ts";
import {
  encode,
  type ClientMessage,
  type ClientMessageOf,
  type Decode,
  type Decoded,
  type Fault,
  type HubMessage,
} from "../shared/protocol.ts";
import type { Answer } from "./core/effect.ts";
import type { RequestMessage } from "./core/command.ts";
import { answerText } from "./answer-text.ts";
import type { Beating } from "./heartbeat.ts";
import { Outbox } from "./outbox.ts";
import { Pulse } from "./pulse.ts";

/** One connection as a session needs it. */
export type Connection = {
  /** Never used twice. */
  readonly id: string;
  send(text: string): void;
  /** Starts the closing handshake. */
  close(code: number, reason: string): void;
  /** What was sent and has not left the process, in bytes. */
  unsentBytes(): number;
  /** Stops and restarts reading. */
  pause(): void;
  resume(): void;
};

/** What a session asks of the hub. */
export type Host = {
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly decode: Decode<ClientMessage>;
  nowMs(): number;
  /** The number of the turn under way. */
  turn(): number;
  /** Has `takeHeldBack` and `flush` called at the end of this turn. */
  wakeAtTurnEnd(session: Session): void;
  /** Has `flush` called before all that were not granted anything. */
  flushFirst(session: Session): void;
  greet(session: Session, hello: ClientMessageOf<"hello">): void;
  ask(session: Session, message: RequestMessage): void;
  bye(session: Session): void;
  /** All that was told before the ping of that number has arrived [S9]. */
  acknowledge(session: Session, order: number): void;
  /** The number of the engine's last step. */
  order(): number;
  /** The session's connection is of no more use. */
  gone(session: Session): void;
};

type State =
  | { name: "greeting"; sinceMs: number }
  | { name: "opening" }
  | { name: "open"; session: string }
  | { name: "closed" };

// A ping at least every so many answers, so that what is kept for a resume stays short [S9].
const answersBetweenPings = 1_000;

/** One caller of the hub. */
export class Session implements Beating {
  readonly connection: Connection;
  readonly pulse: Pulse;
  readonly #host: Host;
  #state: State;
  readonly #outbox = new Outbox();
  #backlog: Decoded<ClientMessage>[] = [];
  #turn = -1;
  #handledThisTurn = 0;
  #isAwaited = false;
  #isFirst = false;
  #invalidInARow = 0;
  #answersSincePing = 0;

  constructor(connection: Connection, host: Host) {
    this.connection = connection;
    this.#host = host;
    const nowMs = host.nowMs();
    this.pulse = new Pulse(host.heartbeatMs, nowMs);
    this.#state = { name: "greeting", sinceMs: nowMs };
  }

  /** The id of the open session, if it is open. */
  get id(): string | undefined {
    return this.#state.name === "open" ? this.#state.session : undefined;
  }

  /** Since when no hello has come, in milliseconds; undefined once one has. */
  get silentSinceMs(): number | undefined {
    return this.#state.name === "greeting" ? this.#state.sinceMs : undefined;
  }

  /** A frame has come; `undefined` stands for one that is not text. */
  receive(text: string | undefined): void {
    if (this.#state.name === "closed") return;
    const decoded = text === undefined ? undefined : this.#host.decode(text);
    if (decoded === undefined) {
      const why = text === undefined ? "frames are text" : "a frame is JSON";
      return this.#refuseProtocol(`${why}: one object, or an array of them`);
    }
    for (const one of decoded) this.#take(one);
  }

  /** The hub has opened, or resumed, the session: it is welcome. */
  opened(session: string, welcome: HubMessage): void {
    this.#state = { name: "open", session };
    this.#outbox.tell(encode(welcome));
    this.#wake();
  }

  /** Tells the caller what became of a request. */
  tell(answer: Answer): void {
    this.#outbox.tell(answerText(answer));
    this.#answersSincePing += 1;
    this.#wake();
    if (answer.type !== "granted" || this.#isFirst) return;
    this.#isFirst = true;
    this.#host.flushFirst(this);
  }

  /** Tells the caller something of the hub's own. */
  announce(message: HubMessage): void {
    this.#outbox.reply(encode(message));
    this.#wake();
  }

  /** Handles what was held back, as much as one turn allows. */
  takeHeldBack(): void {
    if (this.#backlog.length === 0 || this.#state.name === "opening") return;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const one of backlog) this.#take(one);
    if (this.#backlog.length === 0) this.connection.resume();
  }

  /** Sends all that there is to say, in one frame unless it is longer than a frame may be. */
  flush(): void {
    this.#isAwaited = false;
    this.#isFirst = false;
    if (this.#answersSincePing >= answersBetweenPings) this.#ping();
    if (this.#backlog.length > 0 && this.#state.name === "open") this.#wake();
    if (this.#isClosed()) return;
    const frames = this.#outbox.take(this.#host.limits.frameBytesMax);
    if (frames.length === 0) return;
    for (const text of frames) this.connection.send(text);
    if (this.connection.unsentBytes() > this.#host.limits.unsentBytesMax) {
      this.close(closeCodes.SLOW_CONSUMER, "too many bytes unsent");
    }
  }

  /** Closes the connection after what was told so far. */
  close(code: number, reason: string): void {
    if (this.#isClosed()) return;
    if (code !== closeCodes.SLOW_CONSUMER) this.flush();
    if (this.#isClosed()) return;
    this.#end();
    this.connection.close(code, reason);
  }

  /** The connection is gone; what it brought before that still counts. */
  disconnected(): void {
    if (this.#isClosed()) return;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const one of backlog) if ("message" in one) this.#handle(one.message);
    if (!this.#isClosed()) this.#end();
  }

  beat(): void {
    this.#ping();
    this.#wake();
  }

  die(): void {
    this.close(closeCodes.SILENT, "no pong for three heartbeats");
  }

  #isClosed(): boolean {
    return this.#state.name === "closed";
  }

  #end(): void {
    this.#state = { name: "closed" };
    this.#backlog = [];
    this.#host.gone(this);
  }

  #take(one: Decoded<ClientMessage>): void {
    const turn = this.#host.turn();
    if (turn !== this.#turn) this.#handledThisTurn = 0;
    this.#turn = turn;
    const isFull = this.#handledThisTurn >= this.#host.limits.turnMessagesMax;
    if (isFull || this.#backlog.length > 0 || this.#state.name === "opening") return this.#holdBack(one);
    this.#handledThisTurn += 1;
    if ("fault" in one) return this.#refuse(one.fault);
    this.#invalidInARow = 0;
    this.#handle(one.message);
  }

  /** A flood slows the flooder: the rest has its turn after the others [B1]. */
  #holdBack(one: Decoded<ClientMessage>): void {
    if (this.#backlog.length === 0) this.connection.pause();
    this.#backlog.push(one);
    this.#wake();
  }

  #handle(message: ClientMessage): void {
    switch (this.#state.name) {
      case "closed":
        return;
      case "greeting": {
        if (message.type !== "hello") return this.#refuseProtocol("the first message is hello");
        this.#state = { name: "opening" };
        return this.#host.greet(this, message);
      }
      case "opening":
      case "open":
        return this.#handleOpen(message);
      default:
        return assertNever(this.#state);
    }
  }

  #handleOpen(message: ClientMessage): void {
    switch (message.type) {
      case "acquire":
      case "release":
      case "cancel":
      case "extend":
      case "progress":
        return this.#host.ask(this, message);
      case "pong":
        return this.#pong(message.n);
      case "ping":
        return this.announce({ type: "pong" });
      case "bye":
        return this.#host.bye(this);
      case "hello":
        return this.#refuseProtocol("hello is said once");
      case "authorize":
        return this.announce({ type: "authorized" });
      case "refer":
      case "watch":
      case "unwatch": {
        const explanation = `this hub does not know ${message.type} yet`;
        return this.announce({ type: "error", id: message.id, code: "UNAVAILABLE", message: explanation });
      }
      default:
        return assertNever(message);
    }
  }

  #refuse({ code, message, id }: Fault): void {
    if (this.#state.name === "greeting") return this.#refuseProtocol(message, code);
    this.announce({ type: "error", code, message, ...(id !== undefined && { id }) });
    this.#invalidInARow += 1;
    if (this.#invalidInARow < this.#host.limits.invalidMessagesMax) return;
    this.close(closeCodes.PROTOCOL, `${this.#invalidInARow} invalid messages in a row`);
  }

  #refuseProtocol(message: string, code: Fault["code"] = "INVALID_MESSAGE"): void {
    this.#outbox.reply(encode({ type: "error", code, message }));
    this.close(closeCodes.PROTOCOL, "not this protocol");
  }

  #ping(): void {
    this.#answersSincePing = 0;
    this.#outbox.tell(this.pulse.ping(this.#host.order()));
  }

  #pong(n: number): void {
    const order = this.pulse.pong(n, this.#host.nowMs());
    if (order !== undefined) this.#host.acknowledge(this, order);
  }

  #wake(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#host.wakeAtTurnEnd(this);
  }
}
