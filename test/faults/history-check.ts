// Whether a history breaks a rule: one pass over what the nodes said and heard. A hub may be killed at any moment and nodes
// come back whenever they like; what they were told once holds. Knows no hub.
import { assertNever } from "../../shared/errors.ts";
import type { Ask, Event, OutcomeSaid, Recorder } from "./history.ts";
import { Line } from "./line.ts";
import { Presence } from "./presence.ts";

type Final = Extract<Event, { is: "skipped" | "failed" | "released" | "lost" }>;

type Request = {
  readonly name: string;
  readonly session: string;
  readonly id: number;
  readonly node: string;
  readonly ask: Ask;
  readonly line: Line;
  /** Whether a success was acknowledged that must serve it: nobody but successes has touched the resource [O6]. */
  mustBeSkipped: boolean;
  position: number;
  fence: number | undefined;
  said: { outcome: OutcomeSaid; result: string | undefined } | undefined;
  /** The place of its cancel. */
  cancelledAt: number | undefined;
  final: Final | undefined;
};

type Session = {
  /** Those without a last answer. */
  readonly open: Set<Request>;
  /** The highest id of which anything was ever heard. */
  acknowledgedId: number;
  lastId: number;
  /** Those of which something was told since the session was resumed; undefined while nothing has to be. */
  told: Set<Request> | undefined;
  isGone: boolean;
};

/** What is wrong with a history in which everybody was given the time to be answered, a sentence each. */
export function violationsIn(events: readonly Event[]): string[] {
  const check = new HistoryCheck();
  for (const event of events) check.note(event);
  return check.end();
}

/** The check of a history that is not over. */
export class HistoryCheck implements Recorder {
  readonly violations: string[] = [];
  /** How many messages the nodes said of their requests, those that no hub would take left out. */
  said = 0;
  readonly #requests = new Map<string, Request>();
  readonly #sessions = new Map<string, Session>();
  readonly #lines = new Map<string, Line>();
  readonly #presence = new Presence();
  #place = 0;
  #isSettled = true;
  /** How many grants of sessions without grace were lost with a hub, through no fault of the holder's. */
  innocent = 0;

  note(event: Event): void {
    this.#place += 1;
    switch (event.is) {
      case "asked":
        return this.#ask(event);
      case "queued":
      case "granted":
      case "skipped":
      case "failed":
      case "lost":
      case "released":
        return this.#hear(event);
      case "said":
      case "cancelled":
        return this.#say(event);
      case "resumed":
        return this.#resume(event);
      case "retold":
        return this.#retold(event.session);
      case "gone":
        return this.#gone(event);
      case "unsettled":
      case "settled":
        return this.#settle(event.is === "settled");
      case "dropped":
        return this.#presence.dropped(event.session);
      case "present":
        return this.#presence.present(event.session, event.fence);
      case "started":
        return this.#presence.started(event.order);
      default:
        return assertNever(event);
    }
  }

  /** What is wrong, now that nothing more will come. */
  end(): string[] {
    for (const { name, session, final } of this.#requests.values()) {
      if (final === undefined && !this.#sessionOf(session).isGone) this.#complain(`${name} was never answered [S9]`);
    }
    return this.violations;
  }

  #ask({ request: name, node, ask }: Extract<Event, { is: "asked" }>): void {
    const [session = "", id = ""] = name.split("/");
    const line = this.#lines.get(ask.resource) ?? new Line(ask.resource, this.#presence);
    this.#lines.set(ask.resource, line);
    line.asked(name, ask, this.#place);
    const request: Request = {
      name,
      session,
      id: Number(id),
      node,
      ask,
      line,
      mustBeSkipped: this.#isSettled && line.isServed,
      position: Infinity,
      fence: undefined,
      said: undefined,
      cancelledAt: undefined,
      final: undefined,
    };
    this.#requests.set(name, request);
    this.said += 1;
    this.#sessionOf(session).open.add(request);
  }

  #hear(event: Extract<Event, { is: "queued" | "granted" | Final["is"] }>): void {
    const request = this.#requests.get(event.request);
    if (request === undefined) return this.#complain(`${event.request} is answered and was never asked`);
    const session = this.#sessionOf(request.session);
    // What a hub cannot take just now it has not received.
    const isRefused = event.is === "failed" && event.code === "UNAVAILABLE";
    if (isRefused) this.said -= 1;
    else session.acknowledgedId = Math.max(session.acknowledgedId, request.id);
    session.told?.add(request);
    const { final } = request;
    if (final !== undefined) {
      if (JSON.stringify(final) === JSON.stringify(event)) return;
      return this.#complain(`${request.name} is told ${event.is} after ${final.is} [S9]`);
    }
    switch (event.is) {
      case "queued":
        return this.#queued(request, event.position);
      case "granted":
        return this.#granted(request, event);
      case "skipped":
        this.#skipped(request, event);
        break;
      case "failed":
        if (!isRefused && (request.cancelledAt === undefined || event.code !== "CANCELLED"))
          this.#complain(`${request.name} failed: ${event.code}`);
        break;
      case "lost":
        this.#complain(`${request.name} is lost: ${event.code}`);
        break;
      case "released":
        this.#released(request);
        break;
      default:
        return assertNever(event);
    }
    request.final = event;
    request.line.left(request.name);
    session.open.delete(request);
  }

  #queued(request: Request, position: number): void {
    const { name, line } = request;
    if (request.fence !== undefined) this.#complain(`${name} waits again after it was granted [S4]`);
    if (position > request.position) this.#complain(`${name} is put back from ${request.position} to ${position} [S4]`);
    request.position = position;
    line.queued(name, this.#place);
  }

  #granted(request: Request, { fence, attempt, previous }: Extract<Event, { is: "granted" }>): void {
    const { name, session, ask, line, cancelledAt } = request;
    if (request.fence !== undefined) {
      if (request.fence !== fence) this.#complain(`${name} has fence ${fence}, and had ${request.fence} [F1]`);
      // What it has said of its end meanwhile did not arrive.
      if (cancelledAt === undefined) for (const what of line.holds(name)) this.#complain(what);
      return;
    }
    request.fence = fence;
    if (request.mustBeSkipped) this.#complain(`${name} is granted though a success was acknowledged [O6]`);
    const isFailureKnown = previous !== undefined && line.hasFailed(ask.operation, previous);
    if (attempt > 1 && !isFailureKnown) this.#complain(`${name} is attempt ${attempt} and nobody has failed [O5]`);
    for (const what of line.granted({ name, session, fence, cancelledAt }, this.#place)) this.#complain(what);
  }

  #skipped({ name, ask, line }: Request, { by, fence, result }: Extract<Event, { is: "skipped" }>): void {
    const success = line.successAt(fence);
    const isSaid = success?.operation === ask.operation && success.node === by && success.result === result;
    if (!isSaid || ask.mode !== "once") this.#complain(`${name} is skipped by a success that nobody said [O9]`);
  }

  #released({ name, said, cancelledAt, line }: Request): void {
    if (said === undefined && cancelledAt === undefined)
      return this.#complain(`${name} is released, which nobody said`);
    if (said?.outcome === "success") line.acknowledged();
  }

  #say(event: Extract<Event, { is: "said" | "cancelled" }>): void {
    const request = this.#requests.get(event.request);
    this.said += 1;
    if (request === undefined) return;
    const { name, node, ask, line, fence } = request;
    if (event.is === "cancelled") request.cancelledAt ??= this.#place;
    else {
      const { outcome, result = "" } = event;
      request.said = { outcome, result };
      if (fence !== undefined) line.said(outcome, { operation: ask.operation, node, fence, result });
    }
    line.ended(name);
  }

  #resume({ session: name, lastId }: Extract<Event, { is: "resumed" }>): void {
    const session = this.#sessionOf(name);
    if (lastId < session.acknowledgedId) {
      this.#complain(`${name}/${session.acknowledgedId} was answered, and the hub has none above ${lastId} [S9]`);
    }
    session.told = new Set();
    session.lastId = lastId;
  }

  #retold(name: string): void {
    const session = this.#sessionOf(name);
    for (const request of session.open) {
      const isSilent = request.id <= session.lastId && session.told?.has(request) === false;
      if (isSilent) this.#complain(`${request.name} is not told of after a resume [S9]`);
    }
    session.told = undefined;
  }

  #gone({ session: name, graceMs }: Extract<Event, { is: "gone" }>): void {
    const session = this.#sessionOf(name);
    session.isGone = true;
    if (graceMs !== 0) return this.#complain(`session ${name} is gone, and its grace is not over [B6]`);
    for (const { name, line, fence } of session.open) {
      if (fence !== undefined) this.innocent += 1;
      line.left(name);
    }
  }

  /** When every hub was away at once, what was remembered is forgotten, and who was there is not known. */
  #settle(isSettled: boolean): void {
    this.#isSettled = isSettled;
    this.#presence.unsettled();
    for (const line of this.#lines.values()) line.forgotten();
    for (const { open } of this.#sessions.values()) for (const request of open) request.mustBeSkipped = false;
  }

  #sessionOf(name: string): Session {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { open: new Set(), acknowledgedId: 0, lastId: 0, told: undefined, isGone: false };
      this.#sessions.set(name, session);
    }
    return session;
  }

  #complain(what: string): void {
    this.violations.push(`event ${this.#place}: ${what}`);
  }
}
