// What a restart does to time and to fences: ages go on, waits start anew, and a fence never falls, whatever the wall clock
// says and whichever copy of the folder is there.
import { describe, expect, test } from "vitest";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import type { Engine } from "../../../server/engine/engine.ts";
import { crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { acquire, open, release, resume, started } from "./contract.ts";

const hour = 3_600_000;

function startIn(folder: string, clock: HandClock) {
  return started(
    (settings, clock) => sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock, log: silentLog }),
    clock,
  );
}

/** A folder in which `a` has succeeded with `r` ten seconds before the hub was killed. */
function folderWithOutcome(): { folder: string; clock: HandClock } {
  const [folder, clock] = [dataFolder(), new HandClock()];
  const { engine } = startIn(folder, clock);
  open(engine, ["a", "b"], 600_000);
  acquire(engine, "a", 1);
  release(engine, "a", 1);
  engine.commit();
  clock.pass(10_000);
  // Something is written, so that the last row is not as old as the outcome.
  acquire(engine, "b", 1, { waitMs: 0, resource: "s" });
  engine.commit();
  return { folder: crashedCopyOf(folder), clock };
}

/** Another run, with the clock of a new process and the wall clock moved; what `b` hears that asks for what is fresh. */
function askAfterRestart(folder: string, { wallMs = 0, bootMs = 0 }, freshMs: number): string[] {
  const clock = new HandClock();
  clock.pass(bootMs);
  clock.wallAheadMs = wallMs - bootMs;
  const { engine, answers } = startIn(folder, clock);
  clock.pass(0);
  resume(engine, "b");
  acquire(engine, "b/2", 2, { freshMs });
  engine.commit();
  return answers().filter((answer) => answer.startsWith("b/2") && / 2\b/.test(answer));
}

describe("[O6] the age of an outcome after a restart", () => {
  test("is what the clocks of the machine say", () => {
    const { folder } = folderWithOutcome();
    const later = { wallMs: 12_000, bootMs: 12_000 };
    expect(askAfterRestart(crashedCopyOf(folder), later, 12_000)).toEqual(["b/2 skipped 2"]);
    expect(askAfterRestart(folder, later, 11_999)).toEqual(["b/2 granted 2"]);
  });

  test("is the wall clock's when that has gone further, as it has while the machine was off", () => {
    const { folder } = folderWithOutcome();
    const later = { wallMs: 20_000, bootMs: 0 };
    expect(askAfterRestart(crashedCopyOf(folder), later, 20_000)).toEqual(["b/2 skipped 2"]);
    expect(askAfterRestart(folder, later, 19_999)).toEqual(["b/2 granted 2"]);
  });

  test("is the machine's when the wall clock was set back a little", () => {
    const { folder } = folderWithOutcome();
    const later = { wallMs: 11_000, bootMs: 30_000 };
    expect(askAfterRestart(crashedCopyOf(folder), later, 30_000)).toEqual(["b/2 skipped 2"]);
    expect(askAfterRestart(folder, later, 29_999)).toEqual(["b/2 granted 2"]);
  });

  test("is not known when the wall clock was set back behind it: it is forgotten", () => {
    const { folder } = folderWithOutcome();
    expect(askAfterRestart(folder, { wallMs: -hour, bootMs: 30_000 }, 24 * hour)).toEqual(["b/2 granted 2"]);
  });

  test("ends it when it has grown too old meanwhile", () => {
    const { folder } = folderWithOutcome();
    expect(askAfterRestart(folder, { wallMs: hour, bootMs: 0 }, 24 * hour)).toEqual(["b/2 granted 2"]);
  });

  test("is not changed by a jump of the wall clock while the hub runs [B4]", () => {
    const [folder, clock] = [dataFolder(), new HandClock()];
    const { engine, answers } = startIn(folder, clock);
    open(engine, ["a", "b"]);
    acquire(engine, "a", 1);
    release(engine, "a", 1);
    engine.commit();
    clock.wallAheadMs = hour;
    clock.pass(100);
    acquire(engine, "b", 1, { freshMs: 100 });
    engine.commit();
    expect(answers().at(-1)).toBe("b skipped 1");
  });
});

describe("[B6] after a restart", () => {
  test("a hold, a wait and a delay start anew, and grace is at least the recovery grace", () => {
    const [folder, before] = [dataFolder(), new HandClock()];
    const first = startIn(folder, before);
    open(first.engine, ["a", "b"], 1_000);
    acquire(first.engine, "a", 1, { holdMs: 1_000 });
    acquire(first.engine, "b", 1, { waitMs: 2_000 });
    acquire(first.engine, "b", 2, { resource: "s" });
    release(first.engine, "b", 2, { outcome: "failure", retryAfterMs: 500 });
    first.engine.commit();
    before.pass(400);
    const after = startIn(crashedCopyOf(folder), before);
    for (const node of ["a", "b"]) resume(after.engine, node);
    acquire(after.engine, "a/2", 2, { resource: "s" });
    after.engine.commit();
    after.answers();
    before.pass(499);
    expect(after.answers()).toEqual([]);
    before.pass(1);
    expect(after.answers()).toEqual(["a/2 granted 2"]);
    before.pass(499);
    expect(after.answers()).toEqual([]);
    before.pass(1);
    expect(after.answers()).toEqual(["a/2 lost 1 LOCK_EXPIRED", "b/2 granted 1"]);
  });

  test("a session with less has the recovery grace to come back, and then it has ended", () => {
    const [folder, clock] = [dataFolder(), new HandClock()];
    const first = startIn(folder, clock);
    open(first.engine, ["a", "b"], 1_000);
    acquire(first.engine, "a", 1);
    acquire(first.engine, "b", 1);
    first.engine.commit();
    const { engine, answers } = startIn(crashedCopyOf(folder), clock);
    resume(engine, "b");
    engine.commit();
    clock.pass(29_999);
    expect(answers()).toEqual(["b/2 queued 1"]);
    clock.pass(1);
    expect(answers()).toEqual(["b/2 granted 1"]);
  });
});

describe("[F1] a fence", () => {
  test("grows over restarts, crashes and hubs that did nothing", () => {
    const [folder, clock] = [dataFolder(), new HandClock()];
    let copy = folder;
    const fences: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      const { engine } = startIn(copy, clock);
      if (run !== 2) fences.push(grantOf(engine));
      copy = crashedCopyOf(copy);
    }
    expect(fences).toEqual([...new Set(fences)].sort((one, other) => one - other));
  });

  test("grows though an older copy of the folder was put back", () => {
    const [folder, clock] = [dataFolder(), new HandClock()];
    const { engine } = startIn(folder, clock);
    grantOf(engine);
    const old = crashedCopyOf(folder);
    const fences = Array.from({ length: 50 }, () => grantOf(engine));
    clock.pass(1);
    expect(grantOf(startIn(old, clock).engine)).toBeGreaterThan(fences.at(-1)!);
  });

  test("grows though the wall clock was set back before the restart", () => {
    const [folder, clock] = [dataFolder(), new HandClock()];
    const fence = grantOf(startIn(folder, clock).engine);
    clock.wallAheadMs = -1_000_000 * hour;
    expect(grantOf(startIn(crashedCopyOf(folder), clock).engine)).toBeGreaterThan(fence);
  });
});

/** The fence of a grant to a node of this run. */
function grantOf(engine: Engine): number {
  const node = `n${engine.table.order}`;
  open(engine, node);
  acquire(engine, node, 1, { resource: node });
  engine.commit();
  return engine.table.resources.get(node)?.holders.first?.fence ?? 0;
}
