// Which Node the two programs run on, and what is said on another: once by the words, once by a real old Node.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { refusalOfNode } from "../../shared/node-version.ts";

/** A Node of this machine that is older than the project's own. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => folder !== "" && !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find((file) => {
    const { status, stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
    return status === 0 && /^v(20|21|22|23)\./.test(stdout);
  });
const why = oldNode === undefined ? ": there is no Node from 20 to 23 on the PATH" : "";

const root = new URL("../../", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "baton-node-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file as it is published, but for what it says of types. */
function publish(path: string): string {
  const text = stripTypeScriptTypes(readFileSync(new URL(path, root), "utf8")).replaceAll('.ts"', '.js"');
  const file = join(folder, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

describe("a program", () => {
  test.each(["24.0.0", "24.21.0", "25.0.0-nightly", "100.1.0"])("runs on Node %s", (version) => {
    expect(refusalOfNode("baton", version)).toBeUndefined();
  });

  test.each(["22.21.0", "20.20.2", "8.0.0"])("says in one line that it does not run on Node %s", (version) => {
    expect(refusalOfNode("baton", version)).toMatch(/^baton: needs Node 24 or later, and this is [\d.]+; .*$/);
  });

  test("needs the Node that the package names", () => {
    const { engines } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    const major = Number(/^>=(\d+)$/.exec(engines.node)?.[1]);
    expect([refusalOfNode("baton", `${major}.0.0`), typeof refusalOfNode("baton", `${major - 1}.9.9`)]).toEqual([
      undefined,
      "string",
    ]);
  });

  test.skipIf(oldNode === undefined).each([
    ["baton-hub", "server/main.ts"],
    ["baton", "client/cli/main.ts"],
  ])(`%s (%s) ends on an old Node with that line, exit code 1 and nothing else${why}`, (name, path) => {
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    publish("shared/node-version.ts");
    const { status, stdout, stderr } = spawnSync(oldNode ?? "", [publish(path)], { encoding: "utf8" });
    const version = execFileSync(oldNode ?? "", ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
    expect([status, stdout, stderr]).toEqual([1, "", `${refusalOfNode(name, version)}\n`]);
  });
});
