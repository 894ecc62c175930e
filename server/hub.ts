// The hub: session message → command → engine → effects → sessions. Knows everyone by interface; decides nothing about locks
// and reads no bytes.
import { assertNever, closeCodes } from "../shared/errors.ts";
import type { Limits } from "../shared/limits.ts";
import { clientDecoder, type ClientMessageOf, type Decode, type ClientMessage } from "../shared/protocol.ts";
import { admit, welcomeOf } from "./admission.ts";
import type { Clock } from "./clock.ts";
import type { Effect } from "./core/effect.ts";
import type { Command, RequestMessage } from "./core/command.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import type { Book } from "./engine/journal.ts";
import { startHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { Silence } from "./silence.ts";
import type { Connection, Host } from "./host.ts";
import { Session } from "./session.ts";
import { Tickets } from "./tickets.ts";
import { Turn } from "./turn.ts";

/** What a hub is told of its circumstances; durations in milliseconds. */
export type HubSettings = {
  readonly name: string;
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly graceMaxMs: number;
  readonly lockDelayMs: number;
};

type HubParts = { settings: HubSettings; clock: Clock; book: Book };

type Greeting = { hello: ClientMessageOf<"hello">; secret: string };

/** How an admin's command ended: done, nothing there to do it to, or what it named has changed. */
export type Answered = Extract<Effect, { type: "answered" }>["outcome"];

/** One hub over one engine. */
export class Hub implements Host<Session> {
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly decode: Decode<ClientMessage>;
  readonly engine: Engine;
  readonly #settings: HubSettings;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #heartbeat: Heartbeat;
  readonly #sessions = new Map<string, Session>();
  readonly #silence: Silence<Session>;
  /** What those said who are not welcome yet, and the secret that they will have. */
  readonly #greetings = new Map<string, Greeting>();
  readonly #tickets = new Tickets<Answered>();
  #isLeaving = false;

  constructor({ settings, clock, book }: HubParts) {
    this.#settings = settings;
    this.#clock = clock;
    this.limits = settings.limits;
    this.heartbeatMs = settings.heartbeatMs;
    this.decode = clientDecoder(settings.limits);
    const onEffects = (effects: Effect[]) => {
      for (const effect of effects) this.#carryOut(effect);
    };
    const onProposal = () => this.#turn.endSoon();
    const respiteMs = () => this.#heartbeat.respiteMs();
    this.engine = createEngine({ book, clock, onEffects, onProposal, respiteMs });
    this.#turn = new Turn(clock, () => this.engine.commit(), this.engine.isCommitFree);
    this.#silence = new Silence(clock, settings.limits);
    this.#heartbeat = startHeartbeat(clock, settings.heartbeatMs);
  }

  /** A socket has been accepted; returns where its frames and its end go. */
  connected(connection: Connection): Session {
    const session = new Session(connection, this);
    this.#sessions.set(connection.id, session);
    this.#silence.add(session);
    return session;
  }

  /** Whether new sockets are welcome. */
  get isOpen(): boolean {
    return !this.#isLeaving;
  }

  /** Takes a resource from its holders, or from the holder with that fence, by force [H2]. */
  revoke(resource: string, by: { actor: string; reason: string; fence?: number }): Promise<Answered> {
    return this.#tickets.issue((ticket) => this.#propose({ type: "revoke", resource, ...by, ticket }));
  }

  /** Forgets the remembered outcome of a resource [O8]. */
  forget(resource: string): Promise<Answered> {
    return this.#tickets.issue((ticket) => this.#propose({ type: "forget", resource, ticket }));
  }

  /** Says `leaving` to all and closes their sockets; sessions stay for as long as the engine outlives a restart [S13]. */
  leave(reconnectMs: number): void {
    this.#isLeaving = true;
    const graceMs = this.engine.survivesMs;
    // Who has just said hello is welcome; then all are detached, for what they are told now must be kept [B3].
    this.engine.commit();
    if (graceMs > 0) {
      for (const { connection } of this.#sessions.values()) this.engine.propose(this.#detaching(connection.id));
      this.engine.commit();
    }
    for (const session of this.#sessions.values()) {
      if (session.id !== undefined) session.announce({ type: "leaving", reconnectMs, graceMs });
      session.close(closeCodes.HUB_RESTARTING, "the hub is being stopped");
    }
  }

  /** Stops the wheel and the engine; every socket is gone by now. */
  async stop(): Promise<void> {
    this.engine.commit();
    await this.abandon();
  }

  /** Stops at once, as a crash would: what was not committed is gone. */
  async abandon(): Promise<void> {
    this.#heartbeat.stop();
    this.#silence.stop();
    await this.engine.close();
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  turn(): number {
    return this.#turn.number;
  }

  order(): number {
    return this.engine.table.order;
  }

  wakeAtTurnEnd(session: Session): void {
    this.#turn.await(session);
  }

  flushFirst(session: Session): void {
    this.#turn.flushFirst(session);
  }

  ask(session: Session, message: RequestMessage): void {
    this.#propose({ type: "message", socket: session.connection.id, message });
  }

  bye(session: Session): void {
    this.#propose({ type: "bye", socket: session.connection.id });
  }

  acknowledge(session: Session, order: number): void {
    const socket = session.connection.id;
    const oldest = this.engine.table.sessionOfSocket.get(socket)?.kept[0];
    if (oldest === undefined || oldest.order > order) return;
    this.#propose({ type: "acknowledge", socket, order });
  }

  greet(session: Session, hello: ClientMessageOf<"hello">): void {
    this.#silence.remove(session);
    if (this.#isLeaving) return session.close(closeCodes.HUB_RESTARTING, "the hub is being stopped");
    const socket = session.connection.id;
    const admission = admit(hello, socket, this.engine.table, this.#settings);
    if (admission === undefined) {
      return session.close(closeCodes.UNAUTHORIZED, "that secret does not resume that session");
    }
    this.#greetings.set(socket, { hello, secret: admission.secret });
    this.#propose(admission.command);
  }

  gone(session: Session): void {
    const socket = session.connection.id;
    this.#sessions.delete(socket);
    this.#silence.remove(session);
    this.#greetings.delete(socket);
    this.#heartbeat.remove(session);
    this.#propose(this.#detaching(socket));
  }

  #detaching(socket: string): Command {
    return { type: "detach", socket, graceMs: this.#isLeaving ? this.engine.survivesMs : 0 };
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "tell":
        return this.#sessions.get(effect.socket)?.tell(effect.answer);
      case "opened":
        return this.#welcome(effect, false, 0);
      case "resumed": {
        if (effect.replaced !== undefined) {
          const replaced = this.#sessions.get(effect.replaced);
          replaced?.close(closeCodes.SESSION_REPLACED, "the session has a new socket");
        }
        return this.#welcome(effect, true, effect.lastId);
      }
      case "denied":
        return this.#deny(effect);
      case "ended": {
        const session = effect.socket === undefined ? undefined : this.#sessions.get(effect.socket);
        const isFlood = effect.why === "flooded";
        return session?.close(isFlood ? closeCodes.SLOW_CONSUMER : closeCodes.BYE, `the session ended: ${effect.why}`);
      }
      case "answered":
        return this.#tickets.answer(effect.ticket, effect.outcome);
      default:
        return assertNever(effect);
    }
  }

  #welcome(effect: { socket: string; session: string; graceMs: number }, resumed: boolean, lastId: number): void {
    const caller = this.#sessions.get(effect.socket);
    const greeting = this.#greetings.get(effect.socket);
    if (caller === undefined || greeting === undefined) return;
    this.#greetings.delete(effect.socket);
    const { session, graceMs } = effect;
    caller.opened(session, welcomeOf(this.#settings, { session, secret: greeting.secret, resumed, lastId, graceMs }));
    this.#heartbeat.add(caller);
  }

  #deny({ socket, reason }: Extract<Effect, { type: "denied" }>): void {
    const session = this.#sessions.get(socket);
    switch (reason) {
      case "node in use":
        return session?.close(closeCodes.NODE_IN_USE, "the node has a session");
      case "too many sessions":
        return session?.close(closeCodes.TRY_AGAIN_LATER, "as many sessions as the hub allows");
      case "session gone":
        return session && this.#greetAnew(session);
      default:
        return assertNever(reason);
    }
  }

  /** The session ended in the moment in which it was to be resumed: a new one takes its place [S11]. */
  #greetAnew(session: Session): void {
    const greeting = this.#greetings.get(session.connection.id);
    if (greeting === undefined) return;
    const { resume: _, ...hello } = greeting.hello;
    this.greet(session, hello);
  }

  #propose(command: Command): void {
    this.engine.propose(command);
    this.#turn.endSoon();
  }
}
