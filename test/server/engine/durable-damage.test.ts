// Whatever becomes of the files of a folder while no hub runs, a hub that takes it up has everything that was acknowledged, or
// refuses: bits flipped and files cut at many places, files that are missing or of another day, formats that are not known.
// `BATON_RUNS=10` for ten times as many places.
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../../server/engine/engine.ts";
import { JournalError } from "../../../server/engine/journal.ts";
import { recoverWhole } from "../../../server/engine/recovery.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { bookFiles, crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { silentLog } from "../../support/silent-log.ts";
import { contentsOf } from "../../support/table-contents.ts";
import { acquire, open, release, started } from "./contract.ts";

const places = 60 * Number(process.env["BATON_RUNS"] ?? 1);

function startIn(folder: string, compactCharacters?: number) {
  return started((settings, clock) =>
    sqliteBook({
      folder,
      settings,
      recoveryGraceMs: 30_000,
      clock,
      log: silentLog,
      ...(compactCharacters !== undefined && { compactCharacters }),
    }),
  );
}

function work(engine: Engine, from: number, to: number): void {
  for (let id = from; id < to; id += 1) {
    acquire(engine, "a", id, { resource: `r${id}` });
    engine.commit();
    if (id % 2 === 0) release(engine, "a", id, { result: "x".repeat(300) });
    engine.commit();
  }
}

/** A folder that a killed hub has left: a checkpoint, rows in the database and rows that are in the log alone. */
async function folderOfAKilledHub(): Promise<string> {
  const folder = dataFolder();
  const { engine } = startIn(folder, 1);
  open(engine, ["a", "b"], 60_000);
  while (!existsSync(join(folder, "checkpoint.ndjson"))) await new Promise((resolve) => setImmediate(resolve));
  const compacted = await copyAfter(folder, engine, () => {});
  const written = await copyAfter(compacted, startIn(compacted).engine, (engine) => work(engine, 1, 40));
  return copyAfter(written, startIn(written).engine, (engine) => work(engine, 40, 46));
}

/** What a hub leaves that is killed when it has done something. */
async function copyAfter(folder: string, engine: Engine, act: (engine: Engine) => void): Promise<string> {
  engine.propose({ type: "resume", socket: "a", session: "a" });
  engine.commit();
  act(engine);
  const copy = crashedCopyOf(folder);
  await engine.close();
  return copy;
}

let left: Promise<Map<string, Buffer>> | undefined;

/** What a killed hub has left, made once: all that it is known to have, and its folder anew for each thing that is done to it. */
async function afterAKill() {
  left ??= folderOfAKilledHub().then(
    (folder) => new Map(bookFiles.map((name) => [name, readFileSync(join(folder, name))])),
  );
  const files = await left;
  const folder = dataFolder();
  const again = () => {
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
    return folder;
  };
  const contents = contentsOf(recoverWhole(again()).table);
  return { again, contents, bytesOf: (name: string) => files.get(name) ?? Buffer.alloc(0) };
}

/** Whether the folder is refused; throws when it is taken and is not what it is known to be. */
function isRefused(folder: string, contents: unknown[] | undefined): boolean {
  try {
    const { table } = recoverWhole(folder);
    if (contents !== undefined && !isDeepStrictEqual(contentsOf(table), contents))
      throw new Error("it was taken, and something is missing");
    return false;
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    expect(error.message).toMatch(
      /^\S.* (put back a copy of the whole folder|reads formats up to|look after the disk)/,
    );
    expect(error.message).not.toContain("\n");
    return true;
  }
}

describe("a folder is taken up with all that was acknowledged, or refused,", () => {
  test.each(bookFiles)("when any one bit of %s is flipped", async (name) => {
    const { contents, again, bytesOf } = await afterAKill();
    const bytes = bytesOf(name);
    let refused = 0;
    for (let place = 0; place < places; place += 1) {
      const flipped = Buffer.from(bytes);
      const at = Math.floor((place * bytes.length) / places);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (place % 8)), at);
      const folder = again();
      writeFileSync(join(folder, name), flipped);
      if (isRefused(folder, contents)) refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
  });

  test.each(bookFiles)("when %s ends anywhere", async (name) => {
    const { contents, again, bytesOf } = await afterAKill();
    const { length } = bytesOf(name);
    for (let place = 0; place < places; place += 1) {
      const folder = again();
      truncateSync(join(folder, name), Math.floor((place * length) / places));
      isRefused(folder, contents);
    }
  });

  test.each(bookFiles)("when a sector of %s is empty", async (name) => {
    const { contents, again, bytesOf } = await afterAKill();
    const bytes = bytesOf(name);
    for (let at = 0; at < bytes.length; at += 512) {
      const emptied = Buffer.from(bytes).fill(0, at, Math.min(at + 512, bytes.length));
      const folder = again();
      writeFileSync(join(folder, name), emptied);
      isRefused(folder, contents);
    }
  });

  test("when files are of different days", async () => {
    const { again } = await afterAKill();
    const folder = again();
    const later = crashedCopyOf(folder);
    const checkpoint = readFileSync(join(folder, "checkpoint.ndjson"));
    const { engine } = startIn(later, 1);
    while (checkpoint.equals(readFileSync(join(later, "checkpoint.ndjson")))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const newest = await copyAfter(later, engine, () => work(engine, 46, 60));
    const contentsLater = contentsOf(recoverWhole(newest).table);
    const { order } = recoverWhole(folder).table;
    for (const choice of Array.from({ length: 2 ** bookFiles.length }, (_, number) => number)) {
      const mixed = dataFolder();
      for (const [place, name] of bookFiles.entries()) {
        const from = (choice >> place) % 2 === 0 ? folder : newest;
        if (existsSync(join(from, name))) copyFileSync(join(from, name), join(mixed, name));
      }
      const isMarkLate = readFileSync(join(mixed, "journal.mark")).equals(readFileSync(join(newest, "journal.mark")));
      if (isMarkLate) isRefused(mixed, contentsLater);
      else if (!isRefused(mixed, undefined)) expect(recoverWhole(mixed).table.order).toBeGreaterThanOrEqual(order);
    }
  });
});

describe("a folder is refused", () => {
  test.each(bookFiles)("without %s, and nothing in it is changed", async (name) => {
    const { contents, again } = await afterAKill();
    const folder = again();
    rmSync(join(folder, name));
    const before = texts(folder);
    expect(() => startIn(folder)).toThrow(JournalError);
    expect(texts(folder)).toEqual(before);
    expect(isRefused(again(), contents)).toBe(false);
  });

  test.each([0, 26])(
    "with %d bytes of nothing as its mark, which is where the machine may stop before a first batch",
    async (bytes) => {
      const [folder, empty] = [(await afterAKill()).again(), dataFolder()];
      for (const each of [folder, empty]) writeFileSync(join(each, "journal.mark"), Buffer.alloc(bytes));
      expect(() => startIn(folder)).toThrow(/journal\.mark is damaged: it is missing, or empty/);
      await startIn(empty).engine.close();
    },
  );

  test("when its journal has a newer format", async () => {
    const folder = (await afterAKill()).again();
    using database = new DatabaseSync(join(folder, "journal.db"));
    database.exec("PRAGMA user_version = 2");
    expect(() => startIn(folder)).toThrow(
      /journal\.db has format 2, made by a newer Baton; this one reads formats up to 1$/,
    );
  });

  test("when its checkpoint has a newer format", async () => {
    const folder = (await afterAKill()).again();
    const path = join(folder, "checkpoint.ndjson");
    writeFileSync(path, String(readFileSync(path)).replace('"format":1', '"format":2'));
    expect(() => startIn(folder)).toThrow(/checkpoint\.ndjson has format 2, made by a newer Baton; .* up to 1$/);
  });

  test("when a batch was changed, by whatever has rights to the file", async () => {
    const folder = (await afterAKill()).again();
    using database = new DatabaseSync(join(folder, "journal.db"));
    database.exec("UPDATE batch SET commands = replace(commands, 'r1', 'r2')");
    expect(() => startIn(folder)).toThrow(/journal\.db is damaged: the batch of step \d+ is not as it was written/);
  });

  test("when a batch in the middle is missing", async () => {
    const folder = (await afterAKill()).again();
    using database = new DatabaseSync(join(folder, "journal.db"));
    database.exec("DELETE FROM batch WHERE first = (SELECT max(first) - 1 FROM batch)");
    expect(() => startIn(folder)).toThrow(/journal\.db is damaged: the steps after \d+ are missing/);
  });

  test("when another program's file stands in its place", () => {
    const folder = dataFolder();
    writeFileSync(join(folder, "journal.db"), "no database at all ".repeat(100));
    expect(() => startIn(folder)).toThrow(/journal\.db: file is not a database: it is damaged, or/);
  });

  test("again when it was refused before, and taken when it was put right", async () => {
    const { contents, again } = await afterAKill();
    const folder = again();
    truncateSync(join(folder, "journal.db-wal"), 5_000);
    expect(() => startIn(folder)).toThrow(JournalError);
    expect(() => startIn(folder)).toThrow(JournalError);
    expect(isRefused(again(), contents)).toBe(false);
    await startIn(folder).engine.close();
  });
});

function texts(folder: string): string[] {
  const files = bookFiles.filter((name) => existsSync(join(folder, name)));
  return files.map((name) => readFileSync(join(folder, name), "latin1")).filter((text) => text !== "");
}
