// The bench as people run it, rounds too short to tell anything: it runs, against the real hub, and tells figures.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
// Far beyond what it takes: this test never fails on time, however busy the machine is.
const timeout = 300_000;
const main = fileURLToPath(new URL("./main.ts", import.meta.url));

it("runs the benches that are named, and tells each figure beside its limit", { timeout }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const file = join(folder, "figures.json");
  const { stdout } = await run(process.execPath, [
    main,
    "p1",
    "P3",
    "--rounds",
    "1",
    "--round-ms",
    "50",
    "--json",
    file,
  ]);
  const { figures } = JSON.parse(await readFile(file, "utf8"));
  await rm(folder, { recursive: true });
  expect(figures.map(({ id }: { id: string }) => id)).toEqual(["P1", "P1", "P3", "P3", "P3", "P3"]);
  for (const { what, value, beside } of figures) {
    expect(stdout).toContain(what);
    expect(value.median).toBeGreaterThan(0);
    expect(beside.ratio.median).toBeGreaterThan(0);
  }
});

it("refuses a bench that does not exist, and tells those that do", { timeout }, async () => {
  await expect(run(process.execPath, [main, "P99"])).rejects.toMatchObject({
    code: 64,
    stderr: expect.stringContaining("P1, P1b, P2, P3"),
  });
});
