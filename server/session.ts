// One caller: greeting → opening → open → closed. Turns texts into messages in a legal state, and what it is told into
// frames, one write a turn. Knows the protocol; no locks and no `ws`.
import { assertNever, closeCodes } from "../shared/errors.ts";
import { encode, type ClientMessage, type Decoded, type Fault, type HubMessage } from "../shared/protocol.ts";
import type { Answer } from "./core/effect.ts";
import { answerText } from "./answer-text.ts";
import type { Beating } from "./heartbeat.ts";
import type { Connection, Host } from "./host.ts";
import { Inbox } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { Pulse } from "./pulse.ts";

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
  readonly #host: Host<Session>;
  #state: State;
  readonly #outbox = new Outbox();
  readonly #inbox: Inbox<Decoded<ClientMessage>>;
  #isAwaited = false;
  #isFirst = false;
  #invalidInARow = 0;
  #answersSincePing = 0;

  constructor(connection: Connection, host: Host<Session>) {
    this.connection = connection;
    this.#host = host;
    this.#inbox = new Inbox(host.limits.turnMessagesMax);
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
    this.pulse.begin(this.#host.nowMs());
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
    if (this.#inbox.isEmpty || this.#state.name === "opening") return;
    for (const one of this.#inbox.takeAll()) this.#take(one);
    if (this.#inbox.isEmpty) this.connection.resume();
  }

  /** Sends all that there is to say, in one frame unless it is longer than a frame may be. */
  flush(): void {
    this.#isAwaited = false;
    this.#isFirst = false;
    if (this.#answersSincePing >= answersBetweenPings) this.#ping();
    if (!this.#inbox.isEmpty && this.#state.name === "open") this.#wake();
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
    for (const one of this.#inbox.takeAll()) if ("message" in one) this.#handle(one.message);
    if (!this.#isClosed()) this.#end();
  }

  tooSilent(why: string): void {
    this.close(closeCodes.HELLO_TIMEOUT, why);
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
    this.#inbox.takeAll();
    this.#host.gone(this);
  }

  #take(one: Decoded<ClientMessage>): void {
    if (this.#state.name === "opening" || !this.#inbox.mayPass(this.#host.turn())) return this.#holdBack(one);
    if ("fault" in one) return this.#refuse(one.fault);
    this.#invalidInARow = 0;
    this.#handle(one.message);
  }

  #holdBack(one: Decoded<ClientMessage>): void {
    if (this.#inbox.isEmpty) this.connection.pause();
    this.#inbox.keep(one);
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
      case "refer":
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
