// What the end of a socket leads to: another try after a pause, or the end [S3][S4]. PURE, and a part of connection.ts.
import { closeCodes, terminalCloseCodes } from "../shared/errors.ts";
import { aboutMs, fullJitterMs } from "./backoff.ts";
import { closeError, type BatonError } from "./baton-error.ts";
import type { ConnectionEffect, ConnectionSettings, ConnectionState, Open, Trail } from "./connection-state.ts";
import type { Session } from "./session.ts";

/** Where a connection stands next, and what should happen. */
export type Step = { state: ConnectionState; effects: ConnectionEffect[] };

/** How a socket ended. */
export type SocketEnd = { code: number; reason: string };

/** Why a try has come to nothing; without a code when there was no socket. */
export type Setback = { code: number | undefined; reason: string };

/** What there is to carry when nothing was tried: nodes begin at any of the hubs, so that each has its share. */
export function newTrail(session: Session | undefined, { hubs, random }: ConnectionSettings): Trail {
  return { session, failures: 0, refusals: 0, hub: Math.floor(random() * hubs) };
}

/** A socket has ended before a session was open. */
export function refused(trail: Trail, end: SocketEnd, settings: ConnectionSettings, nowMs: number): Step {
  if (terminalCloseCodes.has(end.code)) return closed(closeError(end.code, end.reason));
  if (end.code !== closeCodes.UNAUTHORIZED) return resting({ ...trail, refusals: 0 }, end, settings, nowMs);
  if (trail.refusals === 0) return resting({ ...trail, refusals: 1 }, end, settings, nowMs);
  if (trail.session === undefined) return closed(closeError(end.code, end.reason));
  // A resume with a wrong secret is refused with the same code as a wrong token [S11].
  const { state, effects } = resting({ ...trail, session: undefined }, end, settings, nowMs);
  return { state, effects: [{ kind: "ended", reason: end.reason }, ...effects] };
}

/** The socket of an open session has ended. */
export function parted(open: Open, end: SocketEnd, settings: ConnectionSettings, nowMs: number): Step {
  if (terminalCloseCodes.has(end.code)) return closed(closeError(end.code, end.reason));
  const { session, reconnectMs, hub } = open;
  const { graceMs } = session;
  const hasLasted = nowMs - open.openedAtMs >= session.heartbeatMs;
  const isRefused = end.code === closeCodes.UNAUTHORIZED;
  // A token that is welcome and turned away at once, each time, is no better than one that is never welcome.
  if (isRefused && !hasLasted && open.refusals > 0) return closed(closeError(end.code, end.reason));
  const trail = { session, failures: hasLasted ? 0 : open.failures, refusals: isRefused ? 1 : 0, hub };
  const saidMs = reconnectMs === undefined ? undefined : awayMs(reconnectMs, settings);
  const { state, effects } = resting(trail, end, settings, nowMs, saidMs);
  const fate = graceMs > 0 ? ({ kind: "detached" } as const) : ({ kind: "ended", reason: end.reason } as const);
  return { state, effects: [{ kind: "disconnected", ...end, graceMs }, fate, ...effects] };
}

/** How long to stay away from a hub that leaves: another one is there already, and they spread over that time. */
function awayMs(reconnectMs: number, { hubs, random }: ConnectionSettings): number {
  return hubs > 1 ? reconnectMs * random() : aboutMs(reconnectMs, random);
}

/**
 * Nothing to do until the next try, which goes to the next hub; the waits grow when all have been tried.
 *
 * @param saidMs how long the hub asked to stay away
 */
export function resting(
  trail: Trail,
  setback: Setback,
  { backoff, random, hubs }: ConnectionSettings,
  nowMs: number,
  saidMs?: number,
): Step {
  const retryInMs = saidMs ?? fullJitterMs(Math.floor(trail.failures / hubs), backoff, random);
  const next = { ...trail, failures: trail.failures + 1, hub: (trail.hub + 1) % hubs };
  return {
    state: { kind: "resting", trail: next, untilMs: nowMs + retryInMs },
    effects: [{ kind: "resting", ...setback, retryInMs }],
  };
}

/** It is over. */
export function closed(error: BatonError | undefined): Step {
  return { state: { kind: "closed" }, effects: [{ kind: "closed", error }] };
}
