// The last line of a test run, by real runs on small files.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const reporter = fileURLToPath(new URL("../../scripts/totals-reporter.ts", import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-totals-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The last line and the exit code of a run over these files. */
function run(files: Record<string, string>): { last: string | undefined; code: number | null } {
  const { lines, code } = linesOf(files);
  return { last: lines.at(-1), code };
}

function linesOf(files: Record<string, string>): { lines: string[]; code: number | null } {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const args = [vitest, "run", "--root", folder, "--globals", "--reporter=default", `--reporter=${reporter}`];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { lines: stdout.trimEnd().split("\n"), code: status };
}

const passes = "test('a', () => {}); test('b', () => {});";

test("counts tests, not files", () => {
  expect(run({ "a.test.js": passes, "b.test.js": passes })).toEqual({ last: "4 passed, 0 failed", code: 0 });
});

test("names those that were skipped, when there are any", () => {
  const skips = "test.skipIf(true)('c', () => {}); test('d', ({ skip }) => skip('why'));";
  expect(run({ "a.test.js": `${passes}${skips}` })).toEqual({ last: "2 passed, 0 failed, 2 skipped", code: 0 });
});

test("counts what fails, in a test or outside every test", () => {
  const files = {
    "a.test.js": `${passes} test('c', () => { throw new Error('no'); });`,
    "does-not-load.test.js": "import './nothing.js'; test('a', () => {});",
    "does-not-parse.test.js": "test('a', () => {",
  };
  expect(run(files)).toEqual({ last: "2 passed, 3 failed", code: 1 });
});

test("names what failed first and held when it was run again", () => {
  const holdsAtLast = `let runs = 0; ${passes} test('c', { retry: 1 }, () => { runs += 1; expect(runs).toBe(2); });`;
  const { lines, code } = linesOf({ "a.test.js": holdsAtLast });
  expect(lines.slice(-2)).toEqual(["flaky: a.test.js > c", "3 passed, 0 failed"]);
  expect(code).toBe(0);
});

test("a suite whose set-up fails has not passed", () => {
  const { last, code } = run({
    "a.test.js": "describe('a', () => { beforeAll(() => { throw 1; }); test('b', () => {}); });",
  });
  expect(last).toMatch(/^0 passed, [1-9]\d* failed/);
  expect(code).toBe(1);
});

test("a rejection that nobody handles fails the run", () => {
  expect(run({ "a.test.js": "test('a', () => { void Promise.reject(new Error('no')); });" })).toEqual({
    last: "1 passed, 1 failed",
    code: 1,
  });
});
