// A disk that is full, and one that fails: the hub ends with one clear line before it tells anyone what it could not keep, and
// the next one has all that was told.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test, type TestContext } from "vitest";
import { runHub } from "../support/hub.ts";
import { Crowd } from "./crowd.ts";

const timeout = 60_000;

/** A folder that is a disk of its own, of so many KiB; skips the test where that cannot be had. */
function smallDisk(context: TestContext, kibibytes: number): { folder: string; grow: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "baton-small-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const size = `size=${kibibytes}k`;
  if (!run("mount", "-t", "tmpfs", "-o", size, "baton", folder)) context.skip("a disk can be mounted by root only");
  onTestFinished(() => void run("umount", folder));
  return { folder, grow: () => void run("mount", "-o", "remount,size=64m", folder) };
}

function run(command: string, ...words: string[]): boolean {
  return spawnSync(command, words).status === 0;
}

/** The one line that a hub has ended with. */
function lastWords(log: readonly string[]): string {
  const { level, msg, why }: Record<string, string> = JSON.parse(log.at(-1) ?? "{}");
  return `${level}: ${msg}: ${why}`;
}

describe("a disk that is full", () => {
  test("[B3] ends the hub, and costs nothing that was told", { timeout }, async (context) => {
    const { folder, grow } = smallDisk(context, 3_000);
    await using crowd = await Crowd.gather({ folder: join(folder, "data") });
    const hub = await crowd.start();
    expect((await hub.exited).code).toBe(1);
    expect(lastWords(hub.log())).toMatch(
      /^error: the hub ends: it can keep nothing more: .*journal\.db: database or disk is full: make room, then start the hub again$/,
    );
    expect(hub.errors()).toBe("");
    expect(crowd.check.violations).toEqual([]);

    grow();
    await crowd.start();
    expect(await crowd.end()).toEqual([]);
  });

  test("refuses a start with one line", async (context) => {
    const { folder } = smallDisk(context, 64);
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(folder, "other"), Buffer.alloc(44 * 1_024));
    const { code, stdout, stderr } = await runHub(["--port", "0", "--data", data]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^baton-hub: \S*data\S* .*(make room|look after the disk).*, then start the hub again\n$/);
  });
});

describe.each([
  ["an fsync", "fsync,fdatasync", "EIO"],
  ["a write", "pwrite64", "EIO"],
  ["a write, for want of room,", "pwrite64", "ENOSPC"],
])("a disk on which %s fails", (_, calls, error) => {
  test("[B3] ends the hub, and costs nothing that was told", { timeout }, async (context) => {
    await using crowd = await Crowd.gather();
    const hub = await crowd.start();
    const fault = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}`];
    const strace = spawn("strace", ["-f", "-p", String(hub.pid), ...fault, "-o", "/dev/null"], { stdio: "ignore" });
    onTestFinished(() => void strace.kill());
    await Promise.race([once(strace, "close").catch(() => {}), hub.exited]);
    // It ends because of the hub, or the hub goes on without it.
    const exit = await Promise.race([hub.exited, sleep(1_000)]);
    if (exit === undefined) context.skip("strace is not there, or may not trace");
    expect(exit?.code).toBe(1);
    expect(lastWords(hub.log())).toMatch(
      /^error: the hub ends: it can keep nothing more: .*, then start the hub again$/,
    );
    expect(crowd.check.violations).toEqual([]);

    await crowd.start();
    expect(await crowd.end()).toEqual([]);
  });
});
