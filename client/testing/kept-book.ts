// A book that outlives its hub, as a durable engine's does, but in memory: a hub that is started again goes on with it.
// Knows no node.
import type { TableSettings } from "../../server/core/command.ts";
import { createTable, type LockTable } from "../../server/core/table.ts";
import type { Book, Journal } from "../../server/engine/journal.ts";
import type { TestClock } from "./test-clock.ts";

/** What stays of a hub that ended. */
export class KeptBook {
  readonly #settings: TableSettings;
  readonly #recoveryGraceMs: number;
  readonly #clock: TestClock;
  #table: LockTable | undefined;
  #orderMin = 0;

  constructor(settings: TableSettings, recoveryGraceMs: number, clock: TestClock) {
    this.#settings = settings;
    this.#recoveryGraceMs = recoveryGraceMs;
    this.#clock = clock;
  }

  /** The book for a hub that starts now [B6]. */
  open(): Book {
    // Time stands still in a test, and on a machine it does not: no two books start alike [F1].
    const order = Math.max(this.#clock.wallMicroseconds(), this.#orderMin);
    const recoveryGraceMs = this.#recoveryGraceMs;
    const settings = this.#settings;
    const beginning = { type: "begin", order, settings, recoveryGraceMs, isUndated: false } as const;
    const isNew = this.#table === undefined;
    this.#table ??= createTable(settings, order);
    return {
      table: this.#table,
      nowMs: this.#clock.nowMs(),
      beginning: isNew ? undefined : beginning,
      open: (hear): Journal => ({
        append: hear,
        whenHeard: (callback) => callback(),
        isOurs: () => true,
        isReachable: () => true,
        isCommitFree: true,
        survivesMs: recoveryGraceMs,
        close: () => Promise.resolve(),
      }),
    };
  }

  /** Nothing stays. */
  forget(): void {
    this.#orderMin = (this.#table?.order ?? 0) + 1;
    this.#table = undefined;
  }
}
