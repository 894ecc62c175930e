// What a connection does while its session is open: answers pings, asks for signs of life [S2][S12], renews its token.
// PURE, and a part of connection.ts.
import { assertNever } from "../shared/errors.ts";
import type { ConnectionEffect, Open, SessionMessage, Trail } from "./connection-state.ts";
import type { Session } from "./session.ts";

/** A new token is asked for when this share of the old one's time is over, and not more often than this. */
const tokenShare = 0.8;
const tokenPauseMsMin = 1_000;

/** The state of a session that was welcomed just now. */
export function openState(
  session: Session,
  tokenMs: number | undefined,
  { failures, refusals, hub }: Trail,
  nowMs: number,
): Open {
  const open: Open = {
    kind: "open",
    session,
    failures,
    refusals,
    hub,
    openedAtMs: nowMs,
    heardAtMs: nowMs,
    tokenExpiresAtMs: Infinity,
    renewAtMs: Infinity,
    reconnectMs: undefined,
  };
  tokenLasts(open, tokenMs, nowMs);
  return open;
}

/** The token is good for that many milliseconds more; undefined for ever. */
export function tokenLasts(open: Open, tokenMs: number | undefined, nowMs: number): void {
  open.tokenExpiresAtMs = nowMs + (tokenMs ?? Infinity);
  open.renewAtMs = nowMs + Math.max(tokenPauseMsMin, tokenShare * (tokenMs ?? Infinity));
}

/** The hub has said something about the session. */
export function hearInOpen(open: Open, message: SessionMessage, nowMs: number): ConnectionEffect[] {
  switch (message.type) {
    case "welcome":
      return [];
    case "authorized":
      tokenLasts(open, message.tokenExpiresInMs, nowMs);
      return [];
    case "ping": {
      open.session.pongSeen(message.seen);
      // After a pause the pings that came meanwhile are read first: an answer that is too late proves nothing.
      const isLate = nowMs >= open.session.sureUntilMs;
      open.session.pongSent(message.n, nowMs);
      const pong = { kind: "send", message: { type: "pong", n: message.n } } as const;
      return isLate ? [{ kind: "unsure" }, pong] : [pong];
    }
    case "pong":
      open.session.pingAnswered();
      return [];
    case "leaving":
      open.session.graceMs = message.graceMs;
      open.reconnectMs = message.reconnectMs;
      return [{ kind: "leaving", reconnectMs: message.reconnectMs, graceMs: message.graceMs }];
    default:
      return assertNever(message);
  }
}

/**
 * Whether nothing has come for two heartbeats. A process that stood still has not read what came meanwhile, so the hub gets
 * another heartbeat then.
 *
 * @param dueMs when this was to be looked at
 */
export function isSilent(open: Open, dueMs: number, nowMs: number): boolean {
  const { heartbeatMs } = open.session;
  if (nowMs - open.heardAtMs < 2 * heartbeatMs) return false;
  if (nowMs - dueMs < heartbeatMs) return true;
  open.heardAtMs = nowMs - heartbeatMs;
  return false;
}

/** The time has come to do something, perhaps. */
export function timeInOpen(open: Open, isHolding: boolean, nowMs: number): ConnectionEffect[] {
  const effects: ConnectionEffect[] = [];
  if (isHolding && nowMs >= open.session.pingAtMs) {
    open.session.pingSent(nowMs);
    effects.push({ kind: "send", message: { type: "ping" } });
  }
  if (nowMs >= open.renewAtMs) {
    open.renewAtMs = Infinity;
    effects.push({ kind: "askToken" });
  }
  return effects;
}

/** When there may be something to do, in milliseconds of the clock. */
export function wakeInOpenAtMs(open: Open, isHolding: boolean): number {
  const pingAtMs = isHolding ? open.session.pingAtMs : Infinity;
  return Math.min(open.heardAtMs + 2 * open.session.heartbeatMs, open.renewAtMs, pingAtMs);
}
