// The durable engine keeps the engine's contract, and finds everything again after a crash.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { acquire, engineContract, open, started, type OpenBook } from "./contract.ts";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "baton-durable-"));
  folders.push(folder);
  return folder;
}

function bookIn(folder: string): OpenBook {
  return (settings, clock) => sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock, log: silentLog });
}

engineContract("durable", (settings, clock) => bookIn(newFolder())(settings, clock));

describe("the durable engine after a restart", () => {
  it("[B6] has detached those with grace, ended those without, and kept the order", async () => {
    const folder = newFolder();
    const before = started(bookIn(folder));
    open(before.engine, "gone");
    open(before.engine, ["a", "b"], 20_000);
    acquire(before.engine, "gone", 1);
    acquire(before.engine, "b", 1);
    acquire(before.engine, "a", 1);
    before.engine.commit();
    const fence = before.engine.table.order;
    await before.engine.close();

    const after = started(bookIn(folder), new HandClock());
    expect(after.engine.table.order).toBeGreaterThan(fence);
    expect([...after.engine.table.sessions.keys()]).toEqual(["a", "b"]);
    after.engine.propose({ type: "resume", socket: "a2", session: "a" });
    after.engine.commit();
    expect(after.answers()).toEqual(["a2 queued 1", "a2 granted 1"]);
    await after.engine.close();
  });

  it("counts what happens from now on, and nothing of what it reads back", async () => {
    const folder = newFolder();
    const before = started(bookIn(folder));
    open(before.engine, ["a"], 20_000);
    acquire(before.engine, "a", 1);
    before.engine.commit();
    expect(before.engine.table.tally).toMatchObject({ grants: 1, sessionsOpened: 1 });
    await before.engine.close();

    const after = started(bookIn(folder), new HandClock());
    expect(after.engine.table.tally).toMatchObject({ grants: 0, sessionsOpened: 0 });
    await after.engine.close();
  });

  it("one hub at a time has a folder", async () => {
    const folder = newFolder();
    const first = started(bookIn(folder));
    expect(() => started(bookIn(folder))).toThrow(/in use by another hub/);
    await first.engine.close();
    await started(bookIn(folder)).engine.close();
  });
});
