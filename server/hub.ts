// The hub: session message → command → engine → effects → sessions. Knows everyone by interface; decides nothing about locks
// and reads no bytes.
import { assertNever, closeCodes } from "../shared/errors.ts";
import type { Limits, Refusals } from "../shared/limits.ts";
import type { FrameReader } from "../shared/frame-reader.ts";
import { clientReader, type ClientMessage, type ClientMessageOf } from "../shared/protocol.ts";
import { openGate, type Gate } from "./access.ts";
import type { HubFacts } from "./admission.ts";
import { Arrivals } from "./arrivals.ts";
import type { Clock } from "./clock.ts";
import type { Effect } from "./core/effect.ts";
import type { Command, RequestMessage } from "./core/command.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import type { Book } from "./engine/journal.ts";
import { dismiss } from "./dismissal.ts";
import { startHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { Reception } from "./reception.ts";
import { commandOf } from "./rights.ts";
import { Silence } from "./silence.ts";
import type { Connection, Host } from "./host.ts";
import { Session } from "./session.ts";
import { Tickets } from "./tickets.ts";
import { Turn } from "./turn.ts";
import { Watches } from "./watches.ts";

type HubParts = { settings: HubFacts; clock: Clock; book: Book; gate?: Gate };

/** How an admin's command ended: done, nothing there to do it to, what it named has changed, or the hub ended before it. */
export type Answered = Extract<Effect, { type: "answered" }>["outcome"] | "unknown";

// A kick is no bye: whoever goes by the code alone must not take it for an end that was asked for, and stay away.
const closeCodeOf = {
  bye: closeCodes.BYE,
  dropped: closeCodes.BYE,
  kicked: closeCodes.SESSION_ENDED,
  flooded: closeCodes.SLOW_CONSUMER,
};

/** One hub over one engine. */
export class Hub implements Host<Session> {
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly reader: FrameReader<ClientMessage>;
  readonly engine: Engine;
  readonly #clock: Clock;
  readonly turn: Turn;
  readonly #heartbeat: Heartbeat;
  readonly #sessions = new Map<string, Session>();
  readonly #silence: Silence<Session>;
  readonly reception: Reception<Session>;
  readonly #arrivals: Arrivals<Session>;
  readonly watches: Watches;
  readonly #tickets = new Tickets<Answered>();
  #isLeaving = false;

  /** @param gate who asks for tokens; nobody unless given */
  constructor({ settings, clock, book, gate = openGate }: HubParts) {
    this.#clock = clock;
    this.limits = settings.limits;
    this.heartbeatMs = settings.heartbeatMs;
    this.reader = clientReader(settings.limits);
    const onEffect = (effect: Effect) => this.#carryOut(effect);
    const onProposal = () => this.turn.endSoon();
    const respiteMs = () => this.#heartbeat.respiteMs();
    this.engine = createEngine({ book, clock, onEffect, onProposal, respiteMs });
    this.turn = new Turn(clock, () => this.engine.commit(), this.engine.isCommitFree, this.engine.table.tally.turns);
    this.reception = new Reception(gate, clock);
    this.#arrivals = new Arrivals({
      hub: settings,
      reception: this.reception,
      table: this.engine.table,
      isOpen: () => this.isOpen,
      present: this.#sessions,
      propose: (command) => this.#propose(command),
      welcomed: (session) => this.#heartbeat.add(session),
    });
    this.#silence = new Silence(clock, settings.limits, this.refusals);
    this.watches = new Watches(this.engine, clock, settings.limits);
    this.#heartbeat = startHeartbeat(clock, settings.heartbeatMs);
  }

  /** A socket has been accepted; returns where its frames and its end go. */
  connected(connection: Connection): Session {
    const session = new Session(connection, this);
    this.#sessions.set(connection.id, session);
    this.#silence.add(session);
    return session;
  }

  /** How often each bound was met since the hub started [B1]. */
  get refusals(): Refusals {
    return this.engine.table.refusals;
  }

  /** Whether new sockets are welcome: it is not being stopped, and can do what it is asked. */
  get isOpen(): boolean {
    return !this.#isLeaving && this.engine.isReachable();
  }

  /** Takes a resource from its holders, or from the holder with that fence, by force [H2]. */
  revoke(resource: string, by: { actor: string; reason: string; fence?: number }): Promise<Answered> {
    return this.#tickets.issue((ticket) => this.#propose({ type: "revoke", resource, ...by, ticket }));
  }

  /** Forgets the remembered outcome of a resource [O8]. */
  forget(resource: string, actor: string): Promise<Answered> {
    return this.#tickets.issue((ticket) => this.#propose({ type: "forget", resource, actor, ticket }));
  }

  /** Ends a session by force [S6]. */
  kick(session: string, by: { actor: string; reason?: string }): Promise<Answered> {
    return this.#tickets.issue((ticket) => this.#propose({ type: "kick", session, ...by, ticket }));
  }

  /**
   * Says `leaving` to all and closes their sockets; sessions stay for as long as the engine outlives a restart [S13]. An engine
   * that cannot keep that within `withinMs` is given up.
   */
  leave(reconnectMs: number, withinMs: number): void {
    this.#isLeaving = true;
    // Who has just said hello is welcome; then all are detached, for what they are told now must be kept [B3].
    this.engine.commit();
    if (this.engine.survivesMs > 0) {
      for (const { connection } of this.#sessions.values()) this.engine.propose(this.#detaching(connection.id));
      this.engine.commit();
    }
    const cancel = this.#clock.after(withinMs, () => this.#dismiss(reconnectMs, "lost"));
    this.engine.whenInEffect(() => {
      cancel();
      this.#dismiss(reconnectMs, "kept");
    });
  }

  /** Says `leaving` to all whom their grace lets come back, here or elsewhere, and closes every socket: the engine is lost. */
  forsake(reconnectMs: number): Promise<void> {
    this.#isLeaving = true;
    this.#dismiss(reconnectMs, "lost");
    return this.abandon();
  }

  #dismiss(reconnectMs: number, is: "kept" | "lost"): void {
    dismiss(this.#sessions.values(), this.engine, { reconnectMs, is });
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
    this.reception.stop();
    this.watches.stop();
    this.#tickets.end("unknown");
    await this.engine.close();
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  order(): number {
    return this.engine.table.order;
  }

  ask(session: Session, message: RequestMessage): void {
    this.turn.heard(session);
    const { type, id } = message;
    // What is said of a request stands, and is said again at a resume; what is new would wait for nobody knows what.
    if ((type === "acquire" || type === "refer") && !this.engine.isReachable()) {
      return session.announce({ type: "error", id, code: "UNAVAILABLE", message: "the engine cannot be reached" });
    }
    this.#propose(commandOf(session.connection.id, message, session.access, this.engine.table));
  }

  bye(session: Session): void {
    this.#propose({ type: "bye", socket: session.connection.id });
  }

  acknowledge(session: Session, order = 0): void {
    const socket = session.connection.id;
    const oldest = this.engine.table.sessionOfSocket.get(socket)?.kept[0];
    if (oldest === undefined || oldest.order > order) return;
    this.#propose({ type: "acknowledge", socket, order });
  }

  greet(session: Session, hello: ClientMessageOf<"hello">): void {
    this.#silence.remove(session);
    this.#arrivals.greet(session, hello);
  }

  owns(session: Session, id: number): boolean {
    return this.engine.table.sessionOfSocket.get(session.connection.id)?.requests.has(id) ?? false;
  }

  gone(session: Session): void {
    const socket = session.connection.id;
    this.#sessions.delete(socket);
    this.#silence.remove(session);
    const asked = this.#arrivals.remove(session);
    this.#heartbeat.remove(session);
    this.watches.remove(session);
    // Nobody knows the secret of a session that was never welcome. Whoever has none is no row in the engine's journal.
    if (asked === "open") this.bye(session);
    else if (asked || this.engine.table.sessionOfSocket.has(socket)) this.#propose(this.#detaching(socket));
  }

  #detaching(socket: string): Command {
    return { type: "detach", socket, graceMs: this.#isLeaving ? this.engine.survivesMs : 0 };
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "tell":
        return this.#sessions.get(effect.socket)?.tell(effect.answer);
      case "opened":
        return this.#arrivals.welcome(effect);
      case "resumed":
        this.#sessions.get(effect.replaced ?? "")?.close(closeCodes.SESSION_REPLACED, "the session has a new socket");
        return this.#arrivals.welcome(effect);
      case "denied":
        return this.#arrivals.deny(effect);
      case "ended": {
        const session = effect.socket === undefined ? undefined : this.#sessions.get(effect.socket);
        return session?.close(closeCodeOf[effect.why], `the session ended: ${effect.why}`);
      }
      case "watched":
        return this.watches.take(this.#sessions.get(effect.socket), effect.message);
      case "answered":
        return this.#tickets.answer(effect.ticket, effect.outcome);
      default:
        return assertNever(effect);
    }
  }

  #propose(command: Command): void {
    this.engine.propose(command);
    this.turn.endSoon();
  }
}
