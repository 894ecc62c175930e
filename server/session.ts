// One caller: greeting → opening → open → closed. Turns texts into messages in a legal state, and what it is told into
// frames, one write a turn. Knows the protocol; no locks and no `ws`.
import { assertNever, closeCodes } from "../shared/errors.ts";
import { countRefusal } from "../shared/limits.ts";
import type { Fault, Part } from "../shared/frame-reader.ts";
import { encode, type ClientMessage, type HubMessage } from "../shared/protocol.ts";
import type { Access } from "./access.ts";
import type { Answer } from "./core/effect.ts";
import { answerText } from "./answer-text.ts";
import type { Beating } from "./heartbeat.ts";
import type { Connection, Host } from "./host.ts";
import { Inbox } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { answersBetweenPings, Pulse } from "./pulse.ts";
import { refusalOf } from "./rights.ts";

type State =
  | { name: "greeting"; sinceMs: number }
  | { name: "opening" }
  | { name: "open"; session: string }
  | { name: "closed" };

/** One caller of the hub. */
export class Session implements Beating {
  readonly connection: Connection;
  readonly pulse: Pulse;
  /** What the caller may do; undefined until its token was looked at, and until then nothing that it says counts. */
  access: Access | undefined;
  readonly #host: Host<Session>;
  #state: State;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox<Part<ClientMessage>>;
  #isHeldBack = false;
  #isAwaited = false;
  #invalidInARow = 0;
  #answersSincePing = 0;

  constructor(connection: Connection, host: Host<Session>) {
    this.connection = connection;
    this.#host = host;
    this.#outbox = new Outbox(host.limits.frameBytesMax);
    this.#inbox = new Inbox(host.reader.split, host.limits.turnMessagesMax);
    this.pulse = new Pulse(host.heartbeatMs, host.nowMs());
    this.#state = { name: "greeting", sinceMs: host.nowMs() };
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
    this.#inbox.add(text);
    const { turn, limits } = this.#host;
    if (!this.#isHeldBack) this.takeHeldBack(turn.messagesMax(this, limits.turnMessagesMax));
  }

  /** The hub has opened, or resumed, the session: it is welcome. */
  opened(session: string, welcome: HubMessage): void {
    this.#state = { name: "open", session };
    this.pulse.hear(this.#host.nowMs());
    this.#outbox.tell(encode(welcome));
    this.#wake();
    if (this.#isHeldBack) this.#host.turn.holdBack(this);
  }

  /** Tells the caller what became of a request. */
  tell(answer: Answer): void {
    this.#outbox.tell(answerText(answer));
    this.#answersSincePing += 1;
    this.#wake();
    if (answer.type === "granted") this.#host.turn.flushFirst(this);
  }

  /** Tells the caller something of the hub's own. */
  announce(message: HubMessage): void {
    this.#outbox.reply(encode(message));
    this.#wake();
  }

  /** Sends at once what a watch is to see, after all that was told before. */
  show(text: string): void {
    this.#outbox.reply(text);
    this.flush();
  }

  /** Handles what has come, as much as one turn allows and `messagesMax` at most; while there is more, nothing more is read. */
  takeHeldBack(messagesMax = Infinity): void {
    const { turn, refusals, limits } = this.#host;
    while (this.#mayHandle && this.#inbox.mayTake(turn.number, messagesMax)) this.#take(this.#inbox.take());
    const isHeldBack = !this.#inbox.isEmpty;
    if (isHeldBack && this.#mayHandle) turn.holdBack(this);
    if (isHeldBack === this.#isHeldBack) return;
    this.#isHeldBack = isHeldBack;
    if (!isHeldBack) return this.connection.resume();
    if (this.#mayHandle && messagesMax >= limits.turnMessagesMax) countRefusal(refusals, "turnMessagesMax");
    this.connection.pause();
  }

  /** Sends what there is to say, in one frame unless it is longer than a frame may be, as far as the socket takes it. */
  flush(): void {
    this.#isAwaited = false;
    if (this.#answersSincePing >= answersBetweenPings) this.#ping();
    if (this.#is("closed")) return;
    this.#outbox.empty(this.connection);
    if (this.#isHeldBack && this.#mayHandle) this.#host.turn.holdBack(this);
  }

  /** All that was sent has left the process: one who reads, however slowly, is there and is sent the rest. */
  drained(): void {
    if (this.#is("closed") || this.#outbox.units === 0) return;
    this.pulse.hear(this.#host.nowMs());
    this.flush();
  }

  /** Closes the connection after what was told so far. */
  close(code: number, reason: string): void {
    if (this.#is("closed")) return;
    this.#outbox.pay(Infinity);
    if (code !== closeCodes.SLOW_CONSUMER) this.#outbox.empty(this.connection, Infinity);
    this.#end();
    this.connection.close(code, reason);
  }

  /** The connection is gone; what it brought before that still counts. */
  disconnected(): void {
    while (!this.#inbox.isEmpty) {
      const one = this.#host.reader.read(this.#inbox.take());
      if ("message" in one) this.#handle(one.message);
    }
    if (!this.#is("closed")) this.#end();
  }

  tooSilent(why: string): void {
    this.close(closeCodes.HELLO_TIMEOUT, why);
  }

  beat(): void {
    this.#ping();
    this.#wake();
  }

  die(): void {
    // What it said lies unread by the hub's own choice; where nobody is, there is soon nothing more to read.
    if (this.#isHeldBack && this.#mayHandle) return this.pulse.hear(this.#host.nowMs());
    if (this.connection.unsentBytes() === 0) return this.close(closeCodes.SILENT, "no pong for three heartbeats");
    countRefusal(this.#host.refusals, "unsentBytesMax");
    this.close(closeCodes.SLOW_CONSUMER, "nothing read for three heartbeats");
  }

  /** Whether there is any use in handling what it says: it is not, while its token is looked at or it does not read. */
  get #mayHandle(): boolean {
    return !this.#is("opening") && this.#outbox.units <= this.#host.limits.unsentBytesMax;
  }

  #is(name: State["name"]): boolean {
    return this.#state.name === name;
  }

  #end(): void {
    this.#state = { name: "closed" };
    this.#inbox.clear();
    this.takeHeldBack();
    this.#host.gone(this);
  }

  #take(part: Part<ClientMessage> | undefined): void {
    if (part === undefined) return this.#refuseProtocol("a frame is text: one JSON object, or an array of them");
    const one = this.#host.reader.read(part);
    if ("fault" in one) return this.#refuse(one.fault);
    this.#invalidInARow = 0;
    this.#handle(one.message);
  }

  #handle(message: ClientMessage): void {
    switch (this.#state.name) {
      case "closed":
        return;
      case "greeting":
        if (message.type !== "hello") return this.#refuseProtocol("the first message is hello");
        this.#state = { name: "opening" };
        return this.#host.greet(this, message);
      case "opening":
      case "open":
        return this.#handleOpen(message);
      default:
        return assertNever(this.#state);
    }
  }

  #handleOpen(message: ClientMessage): void {
    if (this.access === undefined) return;
    const refusal = refusalOf(message, this, this.#host);
    if (refusal !== undefined) return this.announce(refusal);
    switch (message.type) {
      case "acquire":
      case "release":
      case "cancel":
      case "extend":
      case "progress":
      case "refer":
      case "watch":
      case "unwatch":
        return this.#host.ask(this, message);
      case "pong":
        return this.#host.acknowledge(this, this.pulse.pong(message.n, this.#host.nowMs()));
      case "ping":
        return this.#outbox.owe(encode({ type: "pong" }), this.#host.engine, () => this.#wake());
      case "bye":
        return this.#host.bye(this);
      case "hello":
        return this.#refuseProtocol("hello is said once");
      case "authorize":
        return this.#host.reception.renew(this, message.token);
      default:
        return assertNever(message);
    }
  }

  #refuse({ code, message, id, bound }: Fault): void {
    if (bound !== undefined) countRefusal(this.#host.refusals, bound);
    if (this.#state.name === "greeting") return this.#refuseProtocol(message, code);
    this.announce({ type: "error", code, message, ...(id !== undefined && { id }) });
    if (++this.#invalidInARow < this.#host.limits.invalidMessagesMax) return;
    countRefusal(this.#host.refusals, "invalidMessagesMax");
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

  #wake(): void {
    if (!this.#isAwaited) this.#host.turn.await(this);
    this.#isAwaited = true;
  }
}
