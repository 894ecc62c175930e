// A command that works on a store, told to end: what it does is stopped in good order, and the exit code says by what. Knows
// no command.
import { constants } from "node:os";

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal ended it. */
export class Interruption extends Error {
  readonly exitCode: number;

  /** @param rest what becomes of what was begun */
  constructor(signal: (typeof endingSignals)[number], rest: string) {
    super(`stopped by ${signal}; ${rest}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** A signal that aborts, with an Interruption, when the process is told to end; told a second time, it ends at once. */
export function interruptible(rest: string): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const stops = endingSignals.map((name) => {
    const stop = (): void => {
      const interruption = new Interruption(name, rest);
      if (controller.signal.aborted) process.exit(interruption.exitCode);
      controller.abort(interruption);
    };
    process.on(name, stop);
    return () => void process.off(name, stop);
  });
  return { signal: controller.signal, end: () => stops.forEach((stop) => stop()) };
}
