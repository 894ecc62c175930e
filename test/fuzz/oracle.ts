// What a hub must answer, by the naive model of its rules, for a run in which one thing is done after the other. Knows no hub:
// fences are the model's own, and times are left out of what is said.
import { defaultLimits } from "../../shared/limits.ts";
import { Model } from "../server/core/model.ts";
import type { ModelCommand, ModelRequest, ModelSettings } from "../server/core/model-records.ts";

/** Durations up to this have passed before the next thing is done; longer ones never pass. */
const shortMsMax = 1_000;

const settings: ModelSettings = { ...defaultLimits, lockDelayMs: 0, outcomeTtlMs: 600_000 };

/** One resource as it must be shown: the names of its first requests, such as `a1`. */
export type Picture = { holders: string[]; queue: string[]; isDelayed: boolean };

/** The model, and the short times that it has still to see pass. */
export class Oracle extends Model {
  constructor() {
    super(settings);
  }

  /** Carries out a command and all that short times bring after it; returns what is said to sockets, and admins are told. */
  follow(command: ModelCommand): string[] {
    const lines = this.decide(command, this.nowMs);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      lines.push(...this.decide(next.command, next.untilMs));
    }
    return lines;
  }

  picture(resource: string): Picture {
    const { listEntriesMax } = defaultLimits;
    const names = (state: ModelRequest["state"]) => this.those(resource, state).slice(0, listEntriesMax).map(nameOf);
    const isDelayed = this.delays.some((delay) => delay.resource === resource);
    return { holders: names("holding"), queue: names("waiting"), isDelayed };
  }

  /** The fences that hold a resource. */
  fencesOf(resource: string): number[] {
    return this.those(resource, "holding").map(({ fence }) => fence);
  }

  /** The ids of a node's live requests, those that hold first. */
  liveOf(node: string): number[] {
    const own = this.requests.filter(({ session }) => session.node === node);
    return own.sort((one, other) => other.fence - one.fence).map(({ id }) => id);
  }

  #next(): { command: ModelCommand; untilMs: number } | undefined {
    const isShort = (until: { afterMs: number } | undefined) => until !== undefined && until.afterMs <= shortMsMax;
    const request = this.requests.find(({ until }) => isShort(until));
    if (request?.until !== undefined) {
      const { armed, untilMs } = request.until;
      const of = request.state === "waiting" ? "wait" : "hold";
      return { command: { type: "deadline", of, session: request.session.name, id: request.id, armed }, untilMs };
    }
    const delay = this.delays.find(isShort);
    if (delay === undefined) return undefined;
    const { resource, armed, untilMs } = delay;
    return { command: { type: "deadline", of: "delay", resource, armed }, untilMs };
  }
}

function nameOf({ session, id }: ModelRequest): string {
  return `${session.node}${id}`;
}
