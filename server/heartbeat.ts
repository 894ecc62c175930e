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
  let aliveSinceMs = lastTickMs;
  let cancel = clock.after(tickMs, tick);

  function tick(): void {
    const nowMs = clock.nowMs();
    // The hub's own loop stood still: what the others sent meanwhile is not read yet [S2].
    if (nowMs - lastTickMs >= heartbeatMs + tickMs) stoodStill(nowMs);
    lastTickMs = nowMs;
    cancel = clock.after(tickMs, tick);
    for (const beating of suspects) {
      if (beating.pulse.isDead(nowMs, aliveSinceMs)) beating.die();
      else if (!beating.pulse.isSuspect(nowMs)) suspects.delete(beating);
    }
    for (const beating of buckets[next] ?? []) beatOne(beating, nowMs);
    next = (next + 1) % count;
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
    stop() {
      cancel();
    },
  };
}
