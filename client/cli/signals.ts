// What a signal to `baton run` does: while it waits, it ends the waiting; once the command runs, it goes on to that.
// Knows no hub.
import { constants } from "node:os";
import { assertNever } from "../../shared/errors.ts";
import { type PassedSignal, passedSignals, type ProcessGroup } from "./process-group.ts";

type State =
  | { kind: "waiting"; cancel: AbortController }
  | { kind: "cancelled"; by: PassedSignal }
  | { kind: "running"; group: ProcessGroup };

// The others are meant for the command, which is not there yet.
const cancelling: ReadonlySet<string> = new Set(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);

/** The signals of one run, from before the hub is asked until the command has ended. */
export class Signals implements Disposable {
  /** Aborts when a signal ends the waiting. */
  readonly cancelled: AbortSignal;
  #state: State;
  readonly #hear = (signal: PassedSignal): void => this.#heard(signal);

  constructor() {
    const cancel = new AbortController();
    this.cancelled = cancel.signal;
    this.#state = { kind: "waiting", cancel };
    for (const signal of passedSignals) process.on(signal, this.#hear);
  }

  /** The signal that ended the waiting, if one did. */
  get cancelledBy(): PassedSignal | undefined {
    return this.#state.kind === "cancelled" ? this.#state.by : undefined;
  }

  /** From now on they go to that group. */
  passTo(group: ProcessGroup): void {
    this.#state = { kind: "running", group };
  }

  /** Leaves them to the system again. */
  [Symbol.dispose](): void {
    for (const signal of passedSignals) process.off(signal, this.#hear);
  }

  #heard(signal: PassedSignal): void {
    const state = this.#state;
    switch (state.kind) {
      case "waiting":
        if (!cancelling.has(signal)) return;
        this.#state = { kind: "cancelled", by: signal };
        return state.cancel.abort();
      case "cancelled":
        // A second one does not wait for the hub to hear of the first; the socket's end says the same [S3].
        return cancelling.has(signal) ? process.exit(exitCodeFor(signal)) : undefined;
      case "running":
        return state.group.pass(signal);
      default:
        return assertNever(state);
    }
  }
}

/** What a shell says of a process that a signal ended. */
export function exitCodeFor(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
