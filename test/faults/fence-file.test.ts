// Processes that share a guard's file, and are killed at any moment.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { FenceGuard } from "../../client/fence/index.ts";
import type { FenceAnswer } from "./fence-writer.ts";

const program = fileURLToPath(new URL("./fence-writer.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "baton-fence-"));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Runs a writer to its end, or kills it after so many answers; gives what it was answered. */
async function answers(file: string, count: number, killedAfter = Infinity): Promise<FenceAnswer[]> {
  const child = spawn(process.execPath, [program, file, String(count)], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const heard: FenceAnswer[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    heard.push(JSON.parse(line));
    if (heard.length === killedAfter) child.kill("SIGKILL");
  });
  const code = await closed;
  running.delete(child);
  expect(code).toBe(killedAfter <= count ? null : 0);
  return heard;
}

test("[F2] no process is told yes after another was told yes to a higher fence, and no kill takes one back", async () => {
  const file = join(folder, "fences.db");
  const killed = async () => {
    const parts: FenceAnswer[] = [];
    for (const after of [1, 2, 3, 30, 31, 32]) parts.push(...(await answers(file, 100, after)));
    return parts;
  };
  const all = (await Promise.all([answers(file, 200), answers(file, 200), killed()])).flat();
  const yes = all.filter(({ isYes }) => isYes).toSorted((one, other) => one.toUs - other.toUs);
  const no = all.length - yes.length;
  const wrong = yes.filter(({ fence, fromUs }) => yes.some((other) => other.toUs < fromUs && other.fence > fence));
  console.log(
    `one file, 3 writers, 6 kills: ${yes.length} fences accepted, ${no} refused as stale, ${wrong.length} wrongly accepted`,
  );
  expect(wrong).toEqual([]);
  expect([yes.length > 100, no > 0]).toEqual([true, true]);
  using guard = new FenceGuard({ file });
  const highest = Math.max(...yes.map(({ fence }) => fence));
  expect(() => guard.check("shared", highest - 1)).toThrow("is stale");
}, 60_000);
