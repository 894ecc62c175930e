// What SQLite would drop from a log without a word, and what it may: a commit that a crash has torn, and nothing more. The
// mark of these folders is that of the hub's start, as it is when the whole machine has crashed.
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { recoverWhole } from "../../../server/engine/recovery.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { checkWal } from "../../../server/engine/wal-check.ts";
import { crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { silentLog } from "../../support/silent-log.ts";
import { open, started } from "./contract.ts";

const frameBytes = 24 + 4096;
const sessions = 8;

/** A folder with a commit for each of eight sessions in its log, and the mark that it began with. */
function folderWithOldMark(): { folder: string; wal: string; bytes: Buffer } {
  const folder = dataFolder();
  const { engine } = started((settings, clock) =>
    sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock, log: silentLog }),
  );
  const mark = join(dataFolder(), "mark");
  copyFileSync(join(folder, "journal.mark"), mark);
  for (let place = 0; place < sessions; place += 1) open(engine, `n${place}`, 60_000);
  const copy = crashedCopyOf(folder);
  copyFileSync(mark, join(copy, "journal.mark"));
  const wal = join(copy, "journal.db-wal");
  return { folder: copy, wal, bytes: readFileSync(wal) };
}

function flip(bytes: Buffer, at: number): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
}

test("a log that is whole is taken whole", () => {
  const { folder } = folderWithOldMark();
  expect(recoverWhole(folder).table.sessions.size).toBe(sessions);
});

test("the commit that a crash has torn was told to nobody: the log is taken without it", () => {
  const { folder, wal, bytes } = folderWithOldMark();
  truncateSync(wal, bytes.length - 100);
  expect(recoverWhole(folder).table.sessions.size).toBe(sessions - 1);
  flip(bytes, bytes.length - 100);
  writeFileSync(wal, bytes);
  expect(recoverWhole(folder).table.sessions.size).toBe(sessions - 1);
});

test("a bit that has flipped before that is a refusal, wherever it is", () => {
  const { folder, wal, bytes } = folderWithOldMark();
  for (let at = 32; at < bytes.length - 2 * frameBytes; at += 500) {
    flip(bytes, at);
    writeFileSync(wal, bytes);
    expect(() => recoverWhole(folder), `bit at ${at}`).toThrow(
      /journal\.db-wal is damaged: \d+ commits stand behind a frame that is not as it was written/,
    );
    flip(bytes, at);
  }
});

test("a log whose header is not as it was written is a refusal", () => {
  const { folder, wal, bytes } = folderWithOldMark();
  for (let at = 0; at < 32; at += 1) {
    flip(bytes, at);
    writeFileSync(wal, bytes);
    expect(() => recoverWhole(folder), `bit at ${at}`).toThrow(/journal\.db-wal is damaged: its header is not as/);
    flip(bytes, at);
  }
});

test("what an earlier round has left behind the end is no part of the log", () => {
  const folder = dataFolder();
  const path = join(folder, "some.db");
  using database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE one (text)");
  for (let round = 1; round < 20; round += 1) database.exec("INSERT INTO one VALUES ('before')");
  database.exec("PRAGMA wal_checkpoint(RESTART); INSERT INTO one VALUES ('after')");
  checkWal(`${path}-wal`);
  expect(readFileSync(`${path}-wal`).length).toBeGreaterThan(10 * frameBytes);
});

test("no log, and one that ends in its header, is no damage by itself", () => {
  const folder = dataFolder();
  checkWal(join(folder, "none"));
  writeFileSync(join(folder, "short"), Buffer.alloc(31));
  checkWal(join(folder, "short"));
});
