// What the lock file lets into a machine: no package that runs something when it is installed, and no `ws` with a known hole.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

type Package = { hasInstallScript?: true; version: string; integrity?: string };
const file = readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8");
const { packages }: { packages: Record<string, Package> } = JSON.parse(file);
const entries = Object.entries(packages).filter(([name]) => name !== "");

test("no package but node runs a script when it is installed", () => {
  const running = entries.filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(running.map(([name]) => name)).toEqual(["node_modules/node"]);
});

test("every package is pinned by its digest", () => {
  const loose = entries.filter(([, { integrity }]) => integrity?.startsWith("sha512-") !== true);
  expect(loose.map(([name]) => name)).toEqual([]);
});

test("every ws is 8.23 at least, which ends a memory attack", () => {
  const all = entries.filter(([name]) => /(^|\/)node_modules\/ws$/.test(name)).map(([, { version }]) => version);
  expect(all).not.toEqual([]);
  for (const version of all) {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    expect(major > 8 || (major === 8 && minor >= 23), version).toBe(true);
  }
});
