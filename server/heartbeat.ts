// One wheel for the heartbeats of all sessions [S2]: each stands in one bucket and is beaten once a round, so that pings are
// spread over the round. Knows no message: what a beat is, the one who beats knows.
import type { Clock } from "./clock.ts";
import type { Pulse } from "./pulse.ts";

/** Who has a pulse. */
export type Beating = {
  readonly pulse: Pulse;
  /** A round has passed: time to ping. */
  beat(): void;
  /** Nothing has come for too long. */
  die(): void;
};

/** The wheel of all sessions. */
export type Heartbeat = {
  add(beating: Beating): void;
  remove(beating: Beating): void;
  /**
   * For how many milliseconds more nobody is to be judged by the clock: 0, unless the hub's own loop stood still for a
   * heartbeat or more, and what was sent meanwhile is still to be read [S2].
   */
  respiteMs(): number;
  stop(): void;
};

const bucketsMax = 50;
const tickMsMin = 10;

/** Starts a wheel that turns once every `heartbeatMs`. */
export function startHeartbeat(clock: Clock, heartbeatMs: number): Heartbeat {
  const count = Math.max(1, Math.min(bucketsMax, Math.floor(heartbeatMs / tickMsMin)));
  const tickMs = heartbeatMs / count;
  const buckets = Array.from({ length: count }, () => new Set<Beating>());
  const bucketOf = new Map<Beating, Set<Beating>>();
  const suspects = new Set<Beating>();
  let next = 0;
  let added = 0;
  let lastTickMs = clock.nowMs();
  let aliveSinceMs = -Infinity;
  let cancel = clock.after(tickMs, tick);

  function tick(): void {
    const nowMs = clock.nowMs();
    // What the others sent meanwhile is not read yet [S2].
    if (isStandstill(nowMs)) stoodStill(nowMs);
    lastTickMs = nowMs;
    cancel = clock.after(tickMs, tick);
    for (const beating of suspects) {
      if (beating.pulse.isDead(nowMs, aliveSinceMs)) beating.die();
      else if (!beating.pulse.isSuspect(nowMs)) suspects.delete(beating);
    }
    for (const beating of buckets[next] ?? []) beatOne(beating, nowMs);
    next = (next + 1) % count;
  }

  function isStandstill(nowMs: number): boolean {
    return nowMs - lastTickMs >= heartbeatMs + tickMs;
  }

  function stoodStill(nowMs: number): void {
    aliveSinceMs = nowMs;
    for (const beating of bucketOf.keys()) beatOne(beating, nowMs);
  }

  function beatOne(beating: Beating, nowMs: number): void {
    beating.beat();
    if (beating.pulse.isSuspect(nowMs)) suspects.add(beating);
  }

  return {
    add(beating) {
      const bucket = buckets[added++ % count];
      bucket?.add(beating);
      if (bucket !== undefined) bucketOf.set(beating, bucket);
    },
    remove(beating) {
      bucketOf.get(beating)?.delete(beating);
      bucketOf.delete(beating);
      suspects.delete(beating);
    },
    respiteMs() {
      const nowMs = clock.nowMs();
      // Timers that came due together run in no order that could be relied on: the tick may be yet to come.
      return isStandstill(nowMs) ? heartbeatMs : Math.max(0, aliveSinceMs + heartbeatMs - nowMs);
    },
    stop() {
      cancel();
    },
  };
}
