// The monotonic time of this process [B4], in milliseconds, and calls that come later. Knows nothing of who waits.

/** A clock; tests bring one that they move by hand. */
export type Clock = {
  /** Milliseconds since some moment; never goes back. */
  nowMs(): number;
  /** Calls once, `afterMs` from now; the answer takes it back. */
  after(afterMs: number, call: () => void): () => void;
};

// Node fires a longer timer at once.
const timerMsMax = 2 ** 31 - 1;

/** The clock of the platform; a call that is further away than its timers reach comes early. */
export const platformClock: Clock = {
  nowMs: () => performance.now(),
  after: (afterMs, call) => {
    const timer = setTimeout(call, Math.min(Math.max(0, afterMs), timerMsMax));
    return () => clearTimeout(timer);
  },
};
