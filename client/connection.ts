// The caller's side of a session as a state machine: what happens goes in, what should happen comes out. PURE: time,
// chance and sockets are arguments. Knows nothing of requests and locks.
import { assertNever, closeCodes } from "../shared/errors.ts";
import type { HubMessageOf } from "../shared/protocol.ts";
import type { BatonError } from "./baton-error.ts";
import {
  brokenCode,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionSettings,
  type ConnectionState,
  type Open,
  type SessionMessage,
  type Trail,
} from "./connection-state.ts";
import { hearInOpen, isSilent, openState, timeInOpen, tokenLasts, wakeInOpenAtMs } from "./open-state.ts";
import { closed, newTrail, parted, refused, resting, type SocketEnd, type Step } from "./parting.ts";
import { Session } from "./session.ts";
import { client } from "./version.ts";

/** How long a `bye` may take, and the hub to close after it. */
const byeMsMax = 2_000;
/** Why no socket was opened, where the platform does not tell. */
const unreached =
  "the hub cannot be reached, or refuses the name it is called by or the page's origin, as its log then says";

/** One node's way to a hub, over as many sockets and sessions as it takes. */
export class Connection {
  readonly #settings: ConnectionSettings;
  #state: ConnectionState = { kind: "idle" };
  /** Once the user is done: until when the `bye` may take to arrive. */
  #stopByMs = Infinity;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Where it stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The session that is open, or that is to be resumed. */
  get session(): Session | undefined {
    if (this.#state.kind === "open") return this.#state.session;
    return "trail" in this.#state ? this.#state.trail.session : undefined;
  }

  /** Whether the user is done. */
  get isStopping(): boolean {
    return this.#stopByMs < Infinity;
  }

  /** Something has come from the hub [S2]. */
  heard(nowMs: number): void {
    if (this.#state.kind === "open") this.#state.heardAtMs = nowMs;
  }

  /** When it wants to be told the time, in milliseconds of the clock; Infinity for never. */
  wakeAtMs(isHolding: boolean): number {
    const state = this.#state;
    const lastMs = Math.min(isHolding ? (this.session?.sureUntilMs ?? Infinity) : Infinity, this.#stopByMs);
    switch (state.kind) {
      case "idle":
      case "closed":
        return Infinity;
      case "preparing":
      case "closing":
        return lastMs;
      case "dialing":
      case "greeting":
      case "resting":
        return Math.min(state.untilMs, lastMs);
      case "open":
        return Math.min(wakeInOpenAtMs(state, isHolding), lastMs);
      default:
        return assertNever(state);
    }
  }

  /** Takes in what has happened, and says what should happen, in order. */
  advance(event: ConnectionEvent, nowMs: number): ConnectionEffect[] {
    switch (event.kind) {
      case "start":
        return this.#state.kind === "idle" ? this.#prepare(newTrail(undefined, this.#settings)) : [];
      case "token":
        return this.#tokenCame(event.token, nowMs);
      case "tokenFailed":
        return this.#tokenFailed(event.explanation, nowMs);
      case "opened":
        return this.#greet(nowMs);
      case "message":
        return this.#message(event.message, nowMs);
      case "complaint":
        if (this.#state.kind === "greeting") this.#state.complaint = event.explanation;
        return [];
      case "closed":
        return this.#socketGone(event, nowMs);
      case "time":
        return this.#time(event.dueMs, event.isHolding, nowMs);
      case "stop":
        return this.#stop(nowMs);
      case "fail":
        return this.#abandon(event.error);
      default:
        return assertNever(event);
    }
  }

  #prepare(trail: Trail): ConnectionEffect[] {
    this.#state = { kind: "preparing", trail };
    return [{ kind: "askToken" }];
  }

  #tokenCame(token: string | undefined, nowMs: number): ConnectionEffect[] {
    const state = this.#state;
    if (state.kind === "preparing") {
      this.#state = { kind: "dialing", trail: state.trail, token, untilMs: nowMs + this.#settings.greetingMsMax };
      return [{ kind: "dial", hub: state.trail.hub }];
    }
    if (state.kind !== "open" || token === undefined) return [];
    return [{ kind: "send", message: { type: "authorize", token } }];
  }

  #tokenFailed(explanation: string, nowMs: number): ConnectionEffect[] {
    const state = this.#state;
    if (state.kind === "preparing")
      return this.#take(resting(state.trail, { code: undefined, reason: explanation }, this.#settings, nowMs));
    if (state.kind === "open") tokenLasts(state, state.tokenExpiresAtMs - nowMs, nowMs);
    return [];
  }

  #greet(nowMs: number): ConnectionEffect[] {
    const state = this.#state;
    if (state.kind !== "dialing") return [];
    const { trail, token, untilMs } = state;
    const { node, graceMs, labels } = this.#settings;
    const resume = trail.session?.credentials;
    this.#state = { kind: "greeting", trail, helloAtMs: nowMs, untilMs, complaint: undefined };
    return [{ kind: "send", message: { type: "hello", node, token, resume, graceMs, client, labels } }];
  }

  #message(message: SessionMessage, nowMs: number): ConnectionEffect[] {
    const state = this.#state;
    if (state.kind === "greeting" && message.type === "welcome") {
      return this.#welcomed(state.trail, message, state.helloAtMs, nowMs);
    }
    return state.kind === "open" ? hearInOpen(state, message, nowMs) : [];
  }

  #welcomed(trail: Trail, welcome: HubMessageOf<"welcome">, helloAtMs: number, nowMs: number): ConnectionEffect[] {
    const before = trail.session;
    const session = new Session(welcome, helloAtMs);
    this.#state = openState(session, welcome.tokenExpiresInMs, trail, nowMs);
    const hadGrace = before !== undefined && before.graceMs > 0;
    if (hadGrace && welcome.resumed) return [{ kind: "begun", session, lastId: welcome.lastId }];
    // What a session without grace held was given up with its socket: one that the hub had not missed yet is used as a new one.
    const begun = { kind: "begun", session, lastId: undefined } as const;
    return hadGrace ? [{ kind: "ended", reason: "the hub no longer knows it" }, begun] : [begun];
  }

  #socketGone({ code, reason }: SocketEnd, nowMs: number): ConnectionEffect[] {
    const [state, settings] = [this.#state, this.#settings];
    switch (state.kind) {
      case "dialing":
        return this.#take(refused(state.trail, { code, reason: reason || unreached }, settings, nowMs));
      case "greeting":
        return this.#take(
          refused(state.trail, { code, reason: state.complaint ?? (reason || "no welcome") }, settings, nowMs),
        );
      case "open":
        return this.#take(parted(state, { code, reason: reason || "the connection broke" }, settings, nowMs));
      case "closing":
        // Whether the bye has arrived, nobody knows: what the session holds would stay held for its grace [S4].
        if (code === closeCodes.BYE || state.session.graceMs === 0) return this.#take(closed(undefined));
        return this.#prepare(newTrail(state.session, settings));
      case "idle":
      case "preparing":
      case "resting":
      case "closed":
        return [];
      default:
        return assertNever(state);
    }
  }

  #time(dueMs: number, isHolding: boolean, nowMs: number): ConnectionEffect[] {
    const isUnsure = isHolding && nowMs >= (this.session?.sureUntilMs ?? Infinity);
    const effects = nowMs >= this.#stopByMs ? this.#abandon(undefined) : this.#timeInState(dueMs, isHolding, nowMs);
    return isUnsure ? [{ kind: "unsure" }, ...effects] : effects;
  }

  #timeInState(dueMs: number, isHolding: boolean, nowMs: number): ConnectionEffect[] {
    const state = this.#state;
    switch (state.kind) {
      case "idle":
      case "preparing":
      case "closing":
      case "closed":
        return [];
      case "dialing":
      case "greeting": {
        if (nowMs < state.untilMs) return [];
        const end = { code: brokenCode, reason: `no welcome within ${this.#settings.greetingMsMax} ms` };
        return [...this.#dropSocket(), ...this.#take(resting(state.trail, end, this.#settings, nowMs))];
      }
      case "open":
        return isSilent(state, dueMs, nowMs) ? this.#silent(state, nowMs) : timeInOpen(state, isHolding, nowMs);
      case "resting":
        return nowMs < state.untilMs ? [] : this.#prepare(state.trail);
      default:
        return assertNever(state);
    }
  }

  #silent(open: Open, nowMs: number): ConnectionEffect[] {
    const end = { code: brokenCode, reason: `nothing came for ${2 * open.session.heartbeatMs} ms` };
    return [...this.#dropSocket(closeCodes.SILENT), ...this.#take(parted(open, end, this.#settings, nowMs))];
  }

  #stop(nowMs: number): ConnectionEffect[] {
    const { session, isStopping } = this;
    this.#stopByMs = Math.min(this.#stopByMs, nowMs + byeMsMax);
    if (this.#state.kind === "open") {
      this.#state = { kind: "closing", session: this.#state.session };
      return [{ kind: "send", message: { type: "bye" } }];
    }
    if (isStopping) return [];
    // A session that the hub keeps is ended by coming back to it, if one try is enough [S7].
    if (session === undefined || session.graceMs === 0) return this.#abandon(undefined);
    return this.#state.kind === "resting" ? this.#prepare(this.#state.trail) : [];
  }

  #abandon(error: BatonError | undefined): ConnectionEffect[] {
    return this.#state.kind === "closed" ? [] : [...this.#dropSocket(), ...this.#take(closed(error))];
  }

  #dropSocket(code: number = closeCodes.BYE): ConnectionEffect[] {
    const { kind } = this.#state;
    const hasSocket = kind === "dialing" || kind === "greeting" || kind === "open" || kind === "closing";
    return hasSocket ? [{ kind: "drop", code }] : [];
  }

  #take({ state, effects }: Step): ConnectionEffect[] {
    if (this.isStopping && state.kind === "resting") return this.#take(closed(undefined));
    this.#state = state;
    return effects;
  }
}
