// Waiting, as a value, so that tests move the time by hand. Knows nothing of what is waited for.
import { setTimeout as sleep } from "node:timers/promises";

/** Waits that many milliseconds; throws what the signal says when it is aborted first. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits in real time. */
export const pause: Pause = async (ms, signal) => {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
};
