// A node that asks, works, says how it went and asks again, over hubs that are killed: it resumes its session by the letter of
// [S9] and writes down all that it says and hears. Judges nothing.
import { WebSocket } from "ws";
import { type ClientMessageInput, decodeHubFrame, type HubMessage, subprotocol } from "../../shared/protocol.ts";
import { assertNever, closeCodes } from "../../shared/errors.ts";
import type { Ask, OutcomeSaid, Recorder } from "./history.ts";

/** A piece of work: what to ask for, how long to work on it, how to end, and whether to take the request back before. */
export type Work = { ask: Ask; outcome: OutcomeSaid; workMs: number; cancelMs?: number | undefined };

type Parts = {
  name: string;
  /** Where the hub is at this moment. */
  url: () => string;
  history: Recorder;
  /** The next piece of work, undefined when there is none left. */
  next: () => Work | undefined;
  /** How many requests it has at once. */
  requests?: number;
  graceMs: number;
  /** Whether there are other hubs that go on when its own is down. */
  hasOthers?: boolean;
  /** How long it waits at least before it connects again. */
  retryMs?: number;
};

type Live = { id: number; work: Work; state: "asking" | "working" | "ending"; isCancelled: boolean };

type Answer = Exclude<Extract<HubMessage, { id: number }>, { type: "error" }>;

/** One node; `finished` resolves when there is no work left and everything it asked for was answered. */
export class FaultNode {
  readonly finished: Promise<void>;
  readonly #finish: () => void;
  readonly #parts: Parts;
  readonly #live = new Map<number, Live>();
  #name: string;
  #session: { session: string; secret: string } | undefined;
  #socket: WebSocket | undefined;
  #isReady = false;
  #isOver = false;
  #lastId = 0;
  /** The request that shows since when the session is there. */
  #sign = 0;
  #whenSigned: (() => void)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#name = parts.name;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
    this.#connect();
  }

  /** Asks for more when there is more. */
  fill(): void {
    const { next, requests = 3 } = this.#parts;
    while (this.#isReady && this.#live.size < requests) {
      const work = next();
      if (work === undefined) break;
      const live = this.#ask(work);
      if (work.cancelMs !== undefined) setTimeout(() => this.#cancel(live), work.cancelMs);
    }
    if (this.#isReady && this.#live.size === 0) this.#leave();
  }

  /** Shows anew that its session is there; resolves when that is written down, after as many connections as it takes. */
  sign(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    if (this.#isReady) this.#askSign();
    return new Promise((resolve) => this.#whenSigned.push(resolve));
  }

  /** Ends it where it stands. */
  stop(): void {
    this.#isOver = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#isOver) return;
    const socket = new WebSocket(this.#parts.url(), subprotocol, { perMessageDeflate: false, handshakeTimeout: 5_000 });
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("open", () => {
      const { graceMs } = this.#parts;
      this.#send({ type: "hello", node: this.#name, graceMs, ...(this.#session && { resume: this.#session }) });
    });
    socket.on("message", (data) => {
      const decoded = decodeHubFrame(Buffer.isBuffer(data) ? data.toString() : "");
      for (const one of decoded ?? []) if ("message" in one) this.#hear(one.message);
    });
    socket.on("close", (code) => this.#closed(code));
  }

  #closed(code: number): void {
    this.#isReady = false;
    this.#socket = undefined;
    // Told again after a resume, it is of a time before the session was away.
    this.#sign = 0;
    if (this.#isOver) return;
    const isHubDown = code === 1006 || code === closeCodes.HUB_RESTARTING;
    const { hasOthers = false, graceMs } = this.#parts;
    if (this.#session !== undefined && (hasOthers || !isHubDown)) {
      this.#parts.history.note({ is: "dropped", session: this.#session.session });
    }
    // Without grace no answer is kept: what a session held is given up with its socket.
    if (hasOthers && graceMs === 0 && this.#session !== undefined) this.#giveUp(this.#session.session);
    // A hub was killed between its opening of the session and the welcome: nobody knows the secret.
    if (code === closeCodes.NODE_IN_USE && this.#session === undefined) this.#name += "'";
    const { retryMs = 50 } = this.#parts;
    setTimeout(() => this.#connect(), retryMs * (1 + Math.random()));
  }

  #hear(message: HubMessage): void {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "ping":
        return this.#send({ type: "pong", n: message.n });
      case "pong":
        return this.#retold();
      case "leaving":
        return;
      case "queued":
      case "granted":
      case "skipped":
      case "failed":
      case "released":
      case "lost":
        return this.#answer(message);
      case "error":
        if (message.code === "UNAVAILABLE" && message.id !== undefined) {
          this.#answer({ ...message, type: "failed", id: message.id });
          // Another hub can.
          return this.#socket?.terminate();
        }
        // A cancel has crossed the refusal.
        if (message.code === "LOCK_NOT_HELD" && !this.#live.has(message.id ?? 0)) return;
        throw new Error(`nobody expects ${JSON.stringify(message)}`);
      default:
        throw new Error(`nobody expects ${JSON.stringify(message)}`);
    }
  }

  #welcome({ session, secret, resumed, lastId }: Extract<HubMessage, { type: "welcome" }>): void {
    const { history } = this.#parts;
    const former = this.#session;
    if (former !== undefined && !resumed) this.#giveUp(former.session);
    this.#session = { session, secret };
    if (resumed) history.note({ is: "resumed", session, lastId });
    for (const { id, work } of this.#live.values()) {
      if (id > lastId) this.#send({ type: "acquire", id, ...work.ask });
    }
    // Answers come in order: when this one is there, so is all that the hub has to say of the others.
    this.#send({ type: "ping" });
  }

  #giveUp(session: string): void {
    const { history, graceMs, hasOthers = false } = this.#parts;
    history.note({ is: "gone", session, ...(hasOthers && { graceMs }) });
    this.#live.clear();
    this.#session = undefined;
  }

  #retold(): void {
    const { session = "" } = this.#session ?? {};
    this.#parts.history.note({ is: "retold", session });
    this.#isReady = true;
    // What was said and is not answered did not arrive.
    for (const live of this.#live.values()) {
      if (live.isCancelled) this.#send({ type: "cancel", id: live.id });
      else if (live.state === "ending") this.#release(live);
    }
    this.#askSign();
    this.fill();
  }

  #askSign(): void {
    const ask = { resource: `of ${this.#name}`, operation: "run", mode: "exclusive" } as const;
    this.#sign = this.#ask({ ask, outcome: "none", workMs: 0 }).id;
  }

  #answer(message: Answer): void {
    const request = this.#nameOf(message.id);
    const live = this.#live.get(message.id);
    const { history } = this.#parts;
    switch (message.type) {
      case "queued":
        history.note({ is: "queued", request, position: message.position });
        return;
      case "granted": {
        const { fence, attempt, previous } = message;
        history.note({ is: "granted", request, fence, attempt, previous: previous?.node });
        return live && this.#granted(live, fence);
      }
      case "skipped":
        history.note({ is: "skipped", request, by: message.by, fence: message.fence, result: message.result });
        break;
      case "failed":
      case "lost":
        history.note({ is: message.type, request, code: message.code });
        break;
      case "released":
        history.note({ is: "released", request });
        break;
      case "extended":
      case "wanted":
      case "references":
      case "watching":
      case "changes":
        throw new Error(`nobody asked for ${message.type}`);
      default:
        return assertNever(message);
    }
    this.#live.delete(message.id);
    this.fill();
  }

  #granted(live: Live, fence: number): void {
    if (live.id === this.#sign) {
      this.#parts.history.note({ is: "present", session: this.#session?.session ?? "", fence });
      for (const resolve of this.#whenSigned.splice(0)) resolve();
    }
    if (live.state !== "asking" || live.isCancelled) return;
    live.state = "working";
    setTimeout(() => {
      live.state = "ending";
      this.#release(live);
    }, live.work.workMs);
  }

  #ask(work: Work): Live {
    this.#lastId += 1;
    const live: Live = { id: this.#lastId, work, state: "asking", isCancelled: false };
    this.#live.set(live.id, live);
    this.#parts.history.note({ is: "asked", request: this.#nameOf(live.id), node: this.#name, ask: work.ask });
    this.#send({ type: "acquire", id: live.id, ...work.ask });
    return live;
  }

  #release(live: Live): void {
    if (!this.#isReady || !this.#live.has(live.id)) return;
    const { id, work } = live;
    const { outcome } = work;
    const request = this.#nameOf(id);
    switch (outcome) {
      case "success":
        this.#parts.history.note({ is: "said", request, outcome, result: request });
        return this.#send({ type: "release", id, outcome, result: request });
      case "failure":
        this.#parts.history.note({ is: "said", request, outcome });
        return this.#send({ type: "release", id, outcome, error: { message: request } });
      case "none":
        this.#parts.history.note({ is: "said", request, outcome });
        return this.#send({ type: "release", id, outcome });
      default:
        return assertNever(outcome);
    }
  }

  #cancel(live: Live): void {
    if (!this.#isReady || live.state !== "asking" || !this.#live.has(live.id)) return;
    live.isCancelled = true;
    this.#parts.history.note({ is: "cancelled", request: this.#nameOf(live.id) });
    this.#send({ type: "cancel", id: live.id });
  }

  #leave(): void {
    this.#isOver = true;
    this.#send({ type: "bye" });
    this.#finish();
  }

  #nameOf(id: number): string {
    return `${this.#session?.session ?? "?"}/${id}`;
  }

  #send(message: ClientMessageInput): void {
    this.#socket?.send(JSON.stringify(message));
  }
}
