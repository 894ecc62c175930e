// What a durable hub asks of the disk before it answers, by strace; and what is left when the power fails at any moment, with
// as much of what was not synced as the disk pleased.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../server/clock.ts";
import { sqliteBook } from "../../server/engine/sqlite-journal.ts";
import { defaultLimits as limits } from "../../shared/limits.ts";
import { dataFolder } from "../support/data-folder.ts";
import { startHubProcess } from "../support/hub.ts";
import { Disk } from "../support/power-cut.ts";
import { silentLog } from "../support/silent-log.ts";
import { type Call, callsIn, tracedCalls } from "../support/system-trace.ts";
import { connectWire } from "../support/wire.ts";
import { Chance } from "./chance.ts";

const requests = 120;
const cuts = 60 * Number(process.env["BATON_RUNS"] ?? 1);
const crashingHub = fileURLToPath(new URL("../support/crashing-hub.ts", import.meta.url));
const isTraceable = spawnSync("strace", ["-D", "-f", "-y", "-xx", "-o", "/dev/null", "true"]).status === 0;
const why = "strace is not there, or may not trace";

const root = mkdtempSync(join(tmpdir(), "baton-disk-"));
afterAll(() => rmSync(root, { recursive: true }));
// Both tests look at the same run.
let traced: ReturnType<typeof traceOfAHub> | undefined;

/** What a hub did while one node asked for one thing after another and released every other one of them. */
async function traceOfAHub(): Promise<{ folder: string; calls: Call[] }> {
  const [folder, file] = [join(root, "data"), join(root, "trace")];
  const strace = ["strace", "-D", "-f", "-y", "-xx", "-s", "1000000", "-o", file, "-e", `trace=${tracedCalls}`];
  const hub = await startHubProcess({
    wrapper: strace,
    program: crashingHub,
    // Never by itself; a checkpoint every few dozen batches.
    before: ["before-send", "0", "6000"],
    args: ["--engine", "durable", "--data", folder, "--heartbeat", "1m"],
  });
  const wire = await connectWire(hub.url);
  await wire.hello("a", { graceMs: 60_000 });
  for (let id = 1; id <= requests; id += 1) {
    await wire.granted(`r${id}`);
    if (id % 2 === 0) await wire.released(id, "success", { result: id });
  }
  hub.kill("SIGKILL");
  await hub.exited;
  wire.terminate();
  // The tracer writes the last line when all is over.
  while (!readFileSync(file, "latin1").includes("+++ killed by SIGKILL +++")) await sleep(20);
  return { folder, calls: callsIn(readFileSync(file, "latin1")) };
}

/** What the node was told by a call: the fence of each request that was granted, 0 when its release was acknowledged. */
function toldBy(call: Call): [id: number, fence: number][] {
  if (call.is !== "sent") return [];
  const text = call.bytes.toString("latin1");
  return [
    ...Array.from(text.matchAll(/"type":"granted","id":(\d+),"fence":(\d+)/g), ([, id, fence]): [number, number] => [
      Number(id),
      Number(fence),
    ]),
    ...Array.from(text.matchAll(/"type":"released","id":(\d+)/g), ([, id]): [number, number] => [Number(id), 0]),
  ];
}

test(
  "[B3] between the receipt of a command and its answer the disk is asked to keep it",
  { timeout: 60_000 },
  async (context) => {
    if (!isTraceable) return context.skip(why);
    const { folder, calls } = await (traced ??= traceOfAHub());
    let answers = 0;
    let isKept = false;
    for (const call of calls) {
      if (call.is === "received") isKept = false;
      if (call.is === "synced" && call.path === join(folder, "journal.db-wal")) isKept = true;
      const told = toldBy(call);
      answers += told.length;
      if (told.length > 0) expect(isKept, `before the answer to request ${told[0]?.[0]}`).toBe(true);
    }
    expect(answers).toBe(requests * 1.5);
  },
);

test("[B3] nothing that was told is lost to a power cut at any moment", { timeout: 120_000 }, async (context) => {
  if (!isTraceable) return context.skip(why);
  const { folder, calls } = await (traced ??= traceOfAHub());
  expect(calls.some((call) => call.is === "renamed")).toBe(true);
  const chance = new Chance();
  const moments = new Set([
    ...delicate(calls),
    ...Array.from({ length: cuts }, () => chance.integer(0, calls.length - 1)),
  ]);
  const disk = new Disk();
  const told = new Map<number, number>();
  for (const [place, call] of calls.entries()) {
    disk.follow(call);
    for (const [id, fence] of toldBy(call)) told.set(id, fence);
    if (!moments.has(place)) continue;
    for (const share of [0, chance.next(), 1]) {
      const left = dataFolder();
      disk.leave(folder, left, () => chance.next() < share);
      const session = await sessionIn(left);
      const found = [...told].map(([id, fence]) => [id, session?.requests.get(id)?.fence ?? 0, fence] as const);
      // A release that has arrived may be kept before it is answered.
      const lost = found.filter(([id, kept, fence]) => kept !== fence && !(kept === 0 && id % 2 === 0));
      expect(lost, `after call ${place} of ${calls.length}, seed ${chance.seed}`).toEqual([]);
      expect(session?.lastId ?? 0).toBeGreaterThanOrEqual(told.size);
    }
  }
  expect(told.size).toBe(requests);
});

/** The moments of the first start, and those around every change of a name. */
function delicate(calls: readonly Call[]): number[] {
  const start = calls.findIndex(({ is }) => is === "received");
  const names = calls.flatMap(({ is }, place) => (is === "renamed" || is === "removed" ? [place] : []));
  return [...Array(start).keys(), ...names.flatMap((place) => [-2, -1, 0, 1, 2, 3].map((step) => place + step))];
}

/** The one session of a folder, as a hub finds it that takes the folder up. */
async function sessionIn(folder: string) {
  const settings = { limits, lockDelayMs: 0, outcomeTtlMs: 0 };
  const book = sqliteBook({ folder, settings, recoveryGraceMs: 0, clock: systemClock, log: silentLog });
  await book
    .open(
      () => {},
      () => 0,
    )
    .close();
  return book.table.sessions.values().next().value;
}
