// A disk that is full, and one that fails: the hub ends with one clear line before it tells anyone what it could not keep, and
// the next one has all that was told.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, type TestContext, vi } from "vitest";
import { dataFolder } from "../support/data-folder.ts";
import { type HubProcess, runHub, startHubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";
import { Crowd } from "./crowd.ts";

const timeout = 60_000;
const crashingHub = fileURLToPath(new URL("../support/crashing-hub.ts", import.meta.url));

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

const failures = [
  ["an fsync", "fsync,fdatasync", "EIO"],
  ["a write", "pwrite64", "EIO"],
  ["a write, for want of room,", "pwrite64", "ENOSPC"],
] as const;

/**
 * From now on those calls of a hub fail, and what it sends is written down; skips the test where that cannot be had.
 * @returns what it has sent to its sockets since the first call that failed
 */
async function failDisk(context: TestContext, hub: HubProcess, calls: string, error: string): Promise<() => string[]> {
  const file = join(mkdtempSync(join(tmpdir(), "baton-trace-")), "trace");
  const fault = ["-e", `trace=${calls},write,writev,sendto,sendmsg`, "-e", `inject=${calls}:error=${error}`];
  const strace = spawn("strace", ["-f", "-y", "-p", String(hub.pid), ...fault, "-o", file]);
  onTestFinished(() => {
    hub.kill("SIGKILL");
    strace.kill();
    rmSync(dirname(file), { recursive: true });
  });
  const failed = once(strace, "close").catch(() => {});
  const said = await Promise.race([once(strace.stderr, "data"), failed]);
  if (!String(said).includes("attached")) context.skip("strace is not there, or may not trace");
  return () => {
    const lines = readFileSync(file, "latin1").split("\n");
    const first = lines.findIndex((line) => line.endsWith("(INJECTED)"));
    expect(first).toBeGreaterThanOrEqual(0);
    // Its stdout is 1.
    return lines.slice(first).filter((line) => /^\d+ +\w+\((?!1<)\d+<(socket|TCP)/.test(line));
  };
}

/** A hub has ended by itself, and said why in one line. */
async function expectFailStop(hub: HubProcess): Promise<void> {
  expect((await hub.exited).code).toBe(1);
  expect(lastWords(hub.log())).toMatch(/^error: the hub ends: it can keep nothing more: .*, then start the hub again$/);
  expect(hub.errors()).toBe("");
}

describe.each(failures)("a disk on which %s fails", (_, calls, error) => {
  test(
    "[B3] ends a busy hub before it says anything more, and costs nothing that was told",
    { timeout },
    async (context) => {
      await using crowd = await Crowd.gather();
      const hub = await crowd.start();
      const sentAfter = await failDisk(context, hub, calls, error);
      await expectFailStop(hub);
      expect(sentAfter()).toEqual([]);
      expect(crowd.check.violations).toEqual([]);

      await crowd.start();
      expect(await crowd.end()).toEqual([]);
    },
  );

  test.for(["when a time has come", "when it is being stopped"])(
    "[B3] ends a quiet hub %s, before it says anything",
    { timeout },
    async (when, context) => {
      const hub = await startHubProcess({ args: ["--engine", "durable", "--data", dataFolder(), "--heartbeat", "1m"] });
      const wire = await connectWire(hub.url);
      await wire.hello("a");
      await wire.granted("r", { holdMs: 1_000 });
      const sentAfter = await failDisk(context, hub, calls, error);
      if (when === "when it is being stopped") hub.kill("SIGTERM");
      await expectFailStop(hub);
      expect(sentAfter()).toEqual([]);
      expect((await wire.closed).code).toBe(1006);
    },
  );
});

test("[B3] a disk that takes no checkpoint costs nothing, and the hub goes on", { timeout }, async (context) => {
  await using crowd = await Crowd.gather();
  // Compacts its journal all the time.
  const hub = await crowd.start(crashingHub, "before-send", "0", "20000");
  await failDisk(context, hub, "rename", "EIO");
  await hub.logged("no checkpoint could be made; the journal grows on");
  const { said } = crowd.check;
  await vi.waitFor(() => expect(crowd.check.said).toBeGreaterThan(said + 200), { timeout: 20_000 });
  hub.kill("SIGKILL");
  expect((await hub.exited).signal, hub.errors()).toBe("SIGKILL");
  expect(crowd.check.violations).toEqual([]);

  await crowd.start();
  expect(await crowd.end()).toEqual([]);
});
