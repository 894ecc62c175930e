// What a book comes to when it is taken up again is what it was, whatever was done to it: by its rows alone, by a checkpoint
// and the rows after it, and by both more than once [B7]. `BATON_RUNS=1000` for more runs.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Command } from "../../../server/core/command.ts";
import { step } from "../../../server/core/lock-table.ts";
import type { LockTable } from "../../../server/core/table.ts";
import { writeCheckpoint } from "../../../server/engine/checkpoint.ts";
import { recoverWhole } from "../../../server/engine/recovery.ts";
import { recover } from "../../../server/engine/sqlite-file.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import { contentsOf, crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { graces, intents, settings } from "../core/intents.ts";
import { ModelledTable } from "../core/modelled-table.ts";

const runs = Number(process.env["BATON_RUNS"] ?? 20);

type Asked = { command: Command; nowMs: number };
const askedOf = new WeakMap<object, Asked[]>();

/** Keeps what is asked of a table that is checked against its model, from the first nodes on that its making lets in. */
class RecordedTable extends ModelledTable {
  get asked(): Asked[] {
    const asked = askedOf.get(this) ?? [];
    askedOf.set(this, asked);
    return asked;
  }

  override step(command: Command): string[] {
    this.asked.push({ command, nowMs: this.nowMs });
    return super.step(command);
  }
}

test(
  "[B7] a book comes to the same table whenever it is taken up, with and without a checkpoint",
  { timeout: 60_000 + runs * 500 },
  async () => {
    const batches = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(settings, graces, intents, batches, async (settings, graces, intents, sizes) => {
        const recorded = new RecordedTable(settings, graces);
        for (const intent of intents) recorded.follow(intent);
        const folder = dataFolder();
        const { table, append, close } = openJournal(folder, settings);
        for (const [place, { commands, nowMs }] of batchesOf(recorded.asked, sizes).entries()) {
          append(commands, nowMs);
          if (place % 7 === 3) writeCheckpoint(folder, recover(folder).table);
        }
        expect(sizesOf(table)).toEqual(sizesOf(recorded.table));
        expect(contentsOf(recoverWhole(crashedCopyOf(folder)).table)).toEqual(contentsOf(table));
        await close();
        expect(contentsOf(recoverWhole(folder).table)).toEqual(contentsOf(table));
      }),
      { numRuns: runs },
    );
  },
);

/** A journal whose listener decides as an engine does, at the times that the test gives. */
function openJournal(folder: string, tableSettings: { lockDelayMs: number; outcomeTtlMs: number }) {
  const { lockDelayMs, outcomeTtlMs, ...bounds } = tableSettings;
  const settings = { lockDelayMs, outcomeTtlMs, limits: { ...limits, ...bounds } };
  const clock = new HandClock();
  // The book's first step is the first of all, as that of the table that was recorded.
  clock.wallAheadMs = -clock.wallMicroseconds() / 1_000;
  const book = sqliteBook({ folder, settings, recoveryGraceMs: 30, clock, log: silentLog });
  const { table }: { table: LockTable } = book;
  const journal = book.open(({ commands, nowMs }) => {
    for (const command of commands) step(table, command, nowMs);
  });
  if (book.beginning !== undefined) journal.append({ commands: [book.beginning], nowMs: 0 });
  const append = (commands: Command[], nowMs: number) => journal.append({ commands: commands.map(afterBegin), nowMs });
  return { table, append, close: () => journal.close() };
}

/** Deadlines are not among them: the recorded table has taken out those that had come and were not carried out yet. */
function sizesOf({ sessions, resources, holding, waiting }: LockTable) {
  return { sessions: sessions.size, resources: resources.size, holding, waiting };
}

/** A command of a book that has begun with a step more than the table that was recorded. */
function afterBegin(command: Command): Command {
  switch (command.type) {
    case "deadline":
      return { ...command, armed: command.armed + 1 };
    case "begin":
    case "acknowledge":
      return { ...command, order: command.order + 1 };
    case "revoke":
      return command.fence === undefined ? command : { ...command, fence: command.fence + 1 };
    default:
      return command;
  }
}

/** Commands of one time in batches of these sizes, over and over. */
function batchesOf(asked: readonly Asked[], sizes: readonly number[]) {
  const batches: { commands: Command[]; nowMs: number }[] = [];
  for (const { command, nowMs } of asked) {
    const last = batches.at(-1);
    const sizeMax = sizes[batches.length % sizes.length] ?? 1;
    if (last === undefined || last.nowMs !== nowMs || last.commands.length >= sizeMax) {
      batches.push({ commands: [command], nowMs });
    } else last.commands.push(command);
  }
  return batches;
}
