// The journal that keeps nothing: the order is the order of asking, and it ends with the process.
import type { Clock } from "../clock.ts";
import type { TableSettings } from "../core/command.ts";
import { createTable } from "../core/table.ts";
import type { Book } from "./journal.ts";

/** A book in which every batch is safe at once, and of which nothing survives; its fences start at the wall clock [F1]. */
export function memoryBook(settings: TableSettings, clock: Clock): Book {
  return {
    table: createTable(settings, clock.wallMicroseconds()),
    nowMs: clock.nowMs(),
    beginning: undefined,
    open: (hear) => ({
      append: hear,
      whenHeard: (callback) => callback(),
      isOurs: () => true,
      isReachable: () => true,
      survivesMs: 0,
      isCommitFree: true,
      close: () => Promise.resolve(),
    }),
  };
}
