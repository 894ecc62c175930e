// The one file that meets the machine's clock and timers. Time is monotonic, in milliseconds, and never the wall's [B4].
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Time as the hub sees it; tests move one by hand. */
export type Clock = {
  /** Milliseconds since some moment in the past; never goes back. */
  nowMs(): number;
  /** Calls back once after that many milliseconds; the returned function takes it back. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back when all that came with the read under way is handled. */
  afterRead(callback: () => void): void;
  /** Calls back when everything that has arrived on any socket by now is handled. */
  afterRound(callback: () => void): void;
  /** Microseconds since 1970 by the wall clock: where the fences of a new book start [F1], and never more than that. */
  wallMicroseconds(): number;
  /** Milliseconds since the machine was started, which another process of it reads alike. */
  sinceBootMs(): number;
};

/** Which machine this is, and which start of it, as `sinceBootMs` counts; where the system does not say, its name. */
export function machineNow(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return hostname();
  }
}

// Node fires a longer timer at once.
const timerMsMax = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), timerMsMax));
    return () => clearTimeout(timer);
  },
  afterRead(callback) {
    process.nextTick(callback);
  },
  afterRound(callback) {
    setImmediate(callback);
  },
  wallMicroseconds: () => Date.now() * 1_000,
  sinceBootMs: () => Number(process.hrtime.bigint() / 1_000_000n),
};
