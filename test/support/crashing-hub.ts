// A durable hub that kills itself, as SIGKILL does, at a named point of a batch, and compacts its journal as often as it is
// told: `node crashing-hub.ts POINT BATCH CHARACTERS [flags of baton-hub]`, where BATCH 0 is none. The points are where a
// journal meets its engine, so that the hub itself needs no door for it. Now and then it asks whether the next run would find
// the table that this one decides by, and ends when it would not.
import { isDeepStrictEqual } from "node:util";
import type { Batch, Book } from "../../server/engine/journal.ts";
import { recover } from "../../server/engine/sqlite-file.ts";
import { sqliteBook } from "../../server/engine/sqlite-journal.ts";
import { systemClock } from "../../server/clock.ts";
import { readConfig } from "../../server/config.ts";
import { createLogger } from "../../server/log.ts";
import { startHub } from "../../server/start.ts";
import { contentsOf } from "./table-contents.ts";

const batchesBetweenChecks = 50;

/** Where a batch can be when the hub is killed. */
export const crashPoints = ["before-commit", "after-commit", "before-send"] as const;
export type CrashPoint = (typeof crashPoints)[number];

if (import.meta.main) await main(process.argv.slice(2));

async function main([point, batch, characters, ...flags]: string[]): Promise<void> {
  const reading = readConfig(flags, {}, () => "");
  const crashPoint = crashPoints.find((known) => known === point);
  if (reading.do !== "start" || crashPoint === undefined)
    throw new Error(`usage: ${crashPoints.join("|")} BATCH CHARACTERS`);
  const { config } = reading;
  const { data: folder, limits, lockDelayMs, outcomeTtlMs, recoveryGraceMs } = config;
  const log = createLogger(config, process.stdout);
  const settings = { limits, lockDelayMs, outcomeTtlMs };
  const compactCharacters = Number(characters);
  const book = sqliteBook({ folder, settings, recoveryGraceMs, clock: systemClock, log, compactCharacters });
  const { url, httpUrl } = await startHub(config, log, () => crashing(book, crashPoint, Number(batch), folder));
  log.info({ url, httpUrl }, `the hub answers at ${httpUrl} and ${url}`);
}

/** A book whose journal kills the process at that point of its n-th batch. */
function crashing(book: Book, point: CrashPoint, last: number, folder: string): Book {
  let batches = 0;
  const crashAt = (here: CrashPoint) => {
    if (here === point && last > 0 && batches >= last) process.kill(process.pid, "SIGKILL");
  };
  return {
    ...book,
    open(hear, nowMs) {
      const journal = book.open((batch: Batch) => {
        crashAt("after-commit");
        hear(batch);
        // What follows from it stands in the sessions' outboxes, and goes out at the end of the turn.
        crashAt("before-send");
      }, nowMs);
      const append = journal.append.bind(journal);
      journal.append = (batch) => {
        batches += 1;
        crashAt("before-commit");
        append(batch);
        if (batches % batchesBetweenChecks === 1) checkReplay(book, folder);
      };
      return journal;
    },
  };
}

/** Throws when the folder comes to another table than the one that the hub decides by [B7]. */
function checkReplay({ table }: Book, folder: string): void {
  const found = contentsOf(recover(folder).table);
  const decidedBy = contentsOf(table);
  if (isDeepStrictEqual(found, decidedBy)) return;
  const place = decidedBy.findIndex((record, place) => !isDeepStrictEqual(record, found[place]));
  const [mine, theirs] = [decidedBy[place], found[place]].map((record) => JSON.stringify(record));
  throw new Error(`after step ${table.order} the hub has ${mine} and its folder ${theirs} [B7]`);
}
