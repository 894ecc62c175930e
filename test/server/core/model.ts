// A second lock table, written from the rules page for clarity alone, that the core is compared with: sessions, and what a
// command means for them [S3]–[S11][H1]–[H3][B7]. Imports nothing of the hub.
import { ModelQueues } from "./model-queues.ts";
import {
  isAlone,
  type ModelCommand,
  type ModelCommandOf,
  type ModelMessage,
  type ModelSession,
  type Until,
} from "./model-records.ts";

/** The naive table. */
export class Model extends ModelQueues {
  #sessions: ModelSession[] = [];
  /** Who references what, in the order of their coming. */
  #references: { resource: string; node: string }[] = [];

  /** Carries out one command and returns what follows, as lines. */
  decide(command: ModelCommand, nowMs: number): string[] {
    this.order += 1;
    this.nowMs = nowMs;
    this.lines = [];
    this.#act(command);
    for (let session = this.overfull.shift(); session; session = this.overfull.shift()) {
      if (this.#sessions.includes(session)) this.#end(session, "flooded"); // [B1]
    }
    const busy = new Set(this.requests.map(({ resource }) => resource));
    this.failed = this.failed.filter(({ resource }) => busy.has(resource)); // [O5]
    return this.lines;
  }

  /** Whether any time has come that nothing was done about. */
  isOverdue(nowMs: number): boolean {
    const ofRequests = this.requests.map(({ until }) => until);
    const ofSessions = this.#sessions.map(({ grace }) => grace);
    const all = [...ofRequests, ...ofSessions, ...this.delays, ...this.successes];
    return all.some((until) => until !== undefined && until.untilMs <= nowMs);
  }

  /** The resources that there is anything to remember of [Q8]. */
  resources(): Set<string> {
    return new Set([...this.requests, ...this.delays, ...this.successes].map(({ resource }) => resource));
  }

  #act(command: ModelCommand): void {
    if (command.type === "begin") return this.#begin(command);
    if (command.type === "open") return this.#open(command);
    if (command.type === "resume") return this.#resume(command);
    if (command.type === "kick") return this.#kick(command);
    if (command.type === "revoke") return this.#revoke(command);
    if (command.type === "deadline") return this.#meet(command);
    if (command.type === "forget") {
      this.lines.push(this.successes.some(({ resource }) => resource === command.resource) ? "done" : "absent");
      return this.forget(command.resource);
    }
    const session = this.#sessions.find(({ socket }) => socket === command.socket);
    if (session === undefined) return; // [S8]
    if (command.type === "bye") return this.#end(session, "bye");
    if (command.type === "detach") return this.#detach(session, command.graceMs ?? 0);
    if (command.type === "acknowledge") {
      session.kept = session.kept.filter(({ order }) => order > command.order);
      return;
    }
    const { message, mustHold } = command;
    if (message.type === "refer" && mustHold && !this.#holdsAlone(session, message.resource)) {
      return this.say(session, message.id, "error FORBIDDEN");
    }
    this.#handle(session, message);
  }

  #holdsAlone(session: ModelSession, resource: string): boolean {
    const holders = this.requests.filter((one) => one.resource === resource && one.state === "holding");
    return holders.some((one) => one.session === session && isAlone(one));
  }

  #handle(session: ModelSession, message: ModelMessage): void {
    const { id } = message;
    if (message.type === "acquire") return this.acquire(session, message);
    if (message.type === "refer") return this.#refer(session, message);
    if (message.type === "watch" || message.type === "unwatch") {
      throw new Error("the model is asked of no watch: of one the table knows the id alone");
    }
    const request = this.requests.find((request) => request.session === session && request.id === id);
    if (message.type === "cancel") {
      if (request?.state === "waiting") return this.leave(request, "CANCELLED");
      if (request?.state === "holding") return this.release(request, { outcome: "none", retry: true });
      if (id > session.lastId) this.say(session, id, "error LOCK_NOT_HELD");
      return;
    }
    if (request?.state !== "holding") return this.say(session, id, "error LOCK_NOT_HELD"); // [H3]
    if (message.type === "release") return this.release(request, message);
    if (message.type === "progress") {
      request.reported = message; // [H5]
      return;
    }
    request.until = this.in(message.holdMs); // [H1]
    this.say(session, id, `extended, hold ${message.holdMs} ms`);
  }

  #refer(session: ModelSession, { id, resource, action }: Extract<ModelMessage, { type: "refer" }>): void {
    const live = this.requests.find((request) => request.session === session && request.id === id);
    if (live) return this.sayState(live);
    if (id <= session.lastId) return this.say(session, id, "error DUPLICATE_ID"); // [S10]
    session.lastId = id;
    const { node } = session;
    const isOwn = (one: { resource: string; node: string }) => one.resource === resource && one.node === node;
    if (action === "add" && !this.#references.some(isOwn)) {
      const isTooMany = this.#references.length >= this.settings.referencesMax;
      if (isTooMany) return this.sayFinally(session, id, "failed TOO_MANY_REQUESTS"); // [B1]
      this.#references.push({ resource, node });
    }
    if (action === "drop") this.#references = this.#references.filter((one) => !isOwn(one));
    if (action === "clear") this.#references = this.#references.filter((one) => one.resource !== resource);
    const nodes = this.referrers(resource);
    this.sayFinally(session, id, `references ${nodes.length}: ${nodes.join(", ") || "nobody"}`);
  }

  /** The nodes that reference a resource, whether or not they have a session. */
  referrers(resource: string): string[] {
    return this.#references.filter((one) => one.resource === resource).map(({ node }) => node);
  }

  #open({ socket, session: name, node, graceMs }: ModelCommandOf<"open">): void {
    const isFull = this.#sessions.length >= this.settings.sessionsMax;
    const isInUse = this.#sessions.some((session) => session.node === node); // [S8]
    if (isFull) this.lines.push(`${node} denied: too many sessions`);
    else if (isInUse) this.lines.push(`${node} denied: node in use`);
    else {
      this.#sessions.push({ name, node, socket, graceMs, grace: undefined, lastId: 0, kept: [] });
      this.lines.push(`${node} opened`);
    }
  }

  /** [S8][S9]. */
  #resume({ socket, session: name }: ModelCommandOf<"resume">): void {
    const session = this.#sessions.find((session) => session.name === name);
    if (session === undefined) {
      this.lines.push(`${name.replace(/#.*/, "")} denied: session gone`); // [S11]
      return;
    }
    const replaced = session.socket === undefined ? "" : ` in place of ${session.socket}`;
    this.lines.push(`${session.node} resumed${replaced}, last id ${session.lastId}`);
    session.socket = socket;
    session.grace = undefined;
    const own = this.requests.filter((request) => request.session === session);
    for (const request of own) this.sayState(request);
    for (const { line } of session.kept) this.lines.push(line);
    for (const { resource } of own) this.serve(resource); // [S5]
  }

  #detach(session: ModelSession, givenMs: number): void {
    const graceMs = Math.max(session.graceMs, givenMs);
    if (graceMs === 0) return this.#end(session, "dropped"); // [S3]
    session.socket = undefined;
    session.grace = this.in(graceMs); // [S4]
    const own = this.requests.filter((request) => request.session === session);
    for (const { resource } of own) this.serve(resource); // [S5]
  }

  /** [S6][S7]. */
  #end(session: ModelSession, why: "bye" | "dropped" | "kicked" | "flooded"): void {
    this.lines.push(`${session.node} ended: ${why}${session.socket === undefined ? ", detached" : ""}`);
    this.#sessions = this.#sessions.filter((other) => other !== session);
    const own = this.requests.filter((request) => request.session === session);
    this.requests = this.requests.filter((request) => request.session !== session || request.state === "holding");
    for (const holder of own.filter(({ state }) => state === "holding")) {
      this.conclude(holder, { outcome: "failure", error: { message: "", code: "SESSION_ENDED" }, retry: true });
      if (why !== "bye") this.delay(holder.resource, this.settings.lockDelayMs);
    }
    for (const { resource } of own) this.serve(resource);
  }

  /** [B6]. */
  #begin({ order, recoveryGraceMs, isUndated }: ModelCommandOf<"begin">): void {
    this.order = Math.max(this.order, order);
    if (isUndated) this.successes = [];
    for (const until of [...this.requests.map(({ until }) => until), ...this.delays]) {
      if (until) until.untilMs = this.nowMs + until.afterMs;
    }
    const gone = this.#sessions.filter(({ socket, graceMs }) => socket !== undefined && graceMs === 0);
    for (const session of this.#sessions) {
      const before = session.grace ?? this.in(session.graceMs);
      const graceMs = Math.max(before.afterMs, recoveryGraceMs);
      session.socket = undefined;
      session.grace = this.in(graceMs);
    }
    for (const session of gone) this.#end(session, "dropped");
  }

  #kick(command: ModelCommandOf<"kick">): void {
    const session = this.#sessions.find(({ name }) => name === command.session);
    if (session) {
      const own = this.requests
        .filter((request) => request.session === session)
        .toSorted((one, other) => one.id - other.id);
      for (const { id, state } of own)
        this.say(session, id, `${state === "holding" ? "lost" : "failed"} SESSION_ENDED`);
      this.#end(session, "kicked");
    }
    this.lines.push(session ? "done" : "absent");
  }

  /** [H2]. */
  #revoke({ resource, fence }: ModelCommandOf<"revoke">): void {
    const holders = this.those(resource, "holding").filter((holder) => fence === undefined || holder.fence === fence);
    for (const holder of holders) {
      this.sayFinally(holder.session, holder.id, "lost LOCK_REVOKED");
      this.conclude(holder, { outcome: "none", retry: true });
    }
    const isEased = fence === undefined && holders.length === 0 && this.isDelayed(resource);
    if (isEased) this.delays = this.delays.filter((delay) => delay.resource !== resource);
    this.serve(resource);
    const refusal = fence === undefined || !this.resources().has(resource) ? "absent" : "changed";
    this.lines.push(holders.length > 0 || isEased ? "done" : refusal);
  }

  /** A time has come, for what it was set for or for nothing any more [B7]. */
  #meet(command: ModelCommandOf<"deadline">): void {
    const isMeant = (until: Until | undefined) => until?.armed === command.armed && until.untilMs <= this.nowMs;
    if (command.of === "delay") {
      this.delays = this.delays.filter((delay) => delay.resource !== command.resource || !isMeant(delay));
      return this.serve(command.resource);
    }
    if (command.of === "outcome") {
      this.successes = this.successes.filter((known) => known.resource !== command.resource || !isMeant(known));
      return;
    }
    const session = this.#sessions.find(({ name }) => name === command.session);
    if (session === undefined) return;
    if (command.of === "grace") return isMeant(session.grace) ? this.#end(session, "dropped") : undefined;
    const state = command.of === "wait" ? "waiting" : "holding";
    const request = this.requests.find((request) => request.session === session && request.id === command.id);
    if (request?.state !== state || !isMeant(request.until)) return;
    if (state === "waiting") return this.leave(request, "LOCK_TIMEOUT"); // [Q5]
    this.sayFinally(session, request.id, "lost LOCK_EXPIRED"); // [H1]
    this.conclude(request, { outcome: "failure", error: { message: "", code: "LOCK_EXPIRED" }, retry: true });
    this.serve(request.resource);
  }
}
