// Takes the pictures of the dashboard in docs/: a hub, nodes at work on it, and a browser that looks at every view in light, in
// dark and on a phone. Run by hand, when the page has changed: node scripts/screenshots.ts
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { connect, type Hub } from "../client/index.ts";
import { startBrowser } from "../test/support/browser.ts";
import { buildDashboard } from "../test/support/dashboard.ts";
import { startHubProcess } from "../test/support/hub.ts";

const folder = fileURLToPath(new URL("../docs/", import.meta.url));
/** How long the charts gather before the first picture. */
const warmUpMs = 60_000;
const views = [
  ["overview", "#/"],
  ["resources", "#/resources?order=longest&down=1"],
  ["resource", "#/resource?name=db-migrate"],
  ["pulls", "#/matrix"],
  ["waits", "#/waits"],
  ["sessions", "#/sessions"],
] as const;
const looks = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 860 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 860 } }],
  ["phone", { colorScheme: "light", viewport: { width: 390, height: 844 } }],
] as const;

buildDashboard();
const hub = await startHubProcess();
const nodes = new Map<string, Hub>();
async function node(name: string): Promise<Hub> {
  const known = nodes.get(name) ?? (await connect(hub.url, { node: name }));
  nodes.set(name, known);
  return known;
}

/** One node's part of a pull, which reports its progress. */
async function pull(name: string, blob: string, workMs: number): Promise<void> {
  await (
    await node(name)
  ).once(blob, { operation: "pull", freshMs: 600_000 }, async (grant) => {
    for (let done = 0; done <= 100; done += 1) {
      grant.progress({ done: done * 1_048_576, total: 104_857_600, note: done < 90 ? "downloading" : "verifying" });
      await setTimeout(workMs / 100);
    }
    return { bytes: 104_857_600 };
  });
}

async function pulls(): Promise<void> {
  const digests = ["9c1b6dd6c1be9a1f", "4abcf20661432fb2", "e7c96db7181be991", "f910a506b6cb1dbe", "c6a83fedfae6ed8a"];
  const names = ["edge-fra-01", "edge-fra-02", "edge-ams-01", "edge-ams-02", "edge-lon-01", "edge-lon-02"];
  for (const name of names) await node(name);
  for (const [place, digest] of digests.entries()) {
    const blob = `k3f9a2/sha256:${digest}0aa17a1ce7cf2d8a9f6b22c0d9e3f71b5a3ed95caeb02ffe`;
    const workMs = place < 2 ? 3_000 : 120_000 + place * 60_000;
    for (const name of [...names.slice(place), ...names.slice(0, place)]) {
      pull(name, blob, workMs).catch(() => {});
      // Each node has a socket of its own, and the first to ask is to be the first in line.
      await setTimeout(50);
    }
  }
}

/** A migration whose first attempts fail, and many who wait for it. */
async function migration(): Promise<void> {
  const failures = ["lock wait timeout exceeded", "connection reset"];
  const work = async (grant: { progress(progress: object): void }) => {
    const failure = failures.shift();
    if (failure !== undefined) {
      await setTimeout(failures.length * 3_000 + 1_000);
      throw new Error(failure);
    }
    for (let done = 0; done <= 1_000; done += 1) {
      grant.progress({ done, total: 1_000, note: "0042_add_index.sql" });
      await setTimeout(250);
    }
  };
  for (const number of [7, 2, 5, 11, 3, 9, 14]) {
    const runner = await node(`ci-runner-${number}`);
    runner.once("db-migrate", {}, work).catch(() => {});
    await setTimeout(20);
  }
}

/** Nodes that wait for each other, share, and keep permits; builds that are done. */
async function others(): Promise<void> {
  const [one, other] = [await node("billing-a"), await node("billing-b")];
  await one.lock("ledger/eu");
  await other.lock("ledger/us");
  one.lock("ledger/us").catch(() => {});
  other.lock("ledger/eu").catch(() => {});
  for (const name of ["report-1", "report-2", "report-3"]) await (await node(name)).shared("catalog");
  (await node("indexer")).lock("catalog").catch(() => {});
  for (let number = 1; number <= 6; number += 1) {
    (await node(`mirror-${number}`)).permit("registry.example.org", { limit: 4 }).catch(() => {});
  }
  const builder = await node("builder-1");
  for (const name of ["build/web@8f3c1", "build/api@8f3c1", "deploy/staging"]) {
    await builder.once(name, { operation: "build" }, () => ({ digest: "sha256:1f" }));
  }
}

async function warm(): Promise<void> {
  await setTimeout(20 + Math.random() * 180);
  if (Math.random() < 0.08) throw new Error("upstream 503");
}

/** Short work without end, so that there are rates to be drawn. */
async function busy(number: number): Promise<never> {
  const worker = await node(`worker-${number}`);
  for (;;) {
    await worker.once(`cache/warm-${Math.floor(Math.random() * 30)}`, {}, warm).catch(() => {});
    await setTimeout(Math.random() * 60);
  }
}

async function shoot(page: Page, look: string): Promise<void> {
  for (const [name, hash] of views) {
    await page.goto(`${hub.httpUrl}/${hash}`);
    await page.waitForSelector("h1");
    await setTimeout(3_000);
    await page.screenshot({ path: `${folder}${name}-${look}.png` });
  }
}

await Promise.all([pulls(), migration(), others()]);
for (let number = 1; number <= 16; number += 1) busy(number).catch(() => {});
const browser = await startBrowser();
const pages = await Promise.all(
  looks.map(async ([look, options]) => {
    const page = await (await browser.newContext({ ...options, reducedMotion: "reduce" })).newPage();
    await page.goto(hub.httpUrl);
    return [look, page] as const;
  }),
);
await setTimeout(warmUpMs);
for (const [look, page] of pages) await shoot(page, look);
await browser.close();
hub.kill("SIGKILL");
process.exit();
