// `baton rm` as people run it, beside pulls: real processes, a real hub, Debian's docker-registry, and skopeo as the judge.
import { execFile } from "node:child_process";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import { buildImage, copyOut, hasSkopeo, inspectImage, pushImage, type Image } from "../support/image.ts";
import { startPull, startRemove, type PullProcess, type RemoveProcess } from "../support/pull-process.ts";
import { hasRegistry, startRegistry, type RegistryProcess } from "../support/registry.ts";
import { readStore } from "../support/store-check.ts";
import { startThrottle } from "../support/throttle.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("../../client/cli/main.ts", import.meta.url));

let scratch: string;
let hub: HubProcess;
let registry: RegistryProcess;
/** Three layers; the same three, and two more; both have a large one. */
let base: Image;
let more: Image;
let store: string;
let stores = 0;

describe.skipIf(!hasRegistry || !hasSkopeo)("baton rm", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "baton-remove-"));
    [hub, registry] = await Promise.all([startHubProcess(), startRegistry()]);
    base = await buildImage(join(scratch, "base"), [2_000_000, 2_000, 1_000]);
    more = await buildImage(join(scratch, "more"), [4_000, 3_000], base);
    await pushImage(base, registry.host, "base:1");
    await pushImage(more, registry.host, "more:1");
  });

  beforeEach(() => {
    stores += 1;
    store = join(scratch, `store-${stores}`);
  });

  afterAll(async () => {
    await Promise.all([hub.stop(), registry.stop()]);
    await rm(scratch, { recursive: true, force: true });
  });

  it("deletes what no other image needs, and the hub forgets that it was pulled", async () => {
    for (const tag of ["base:1", "more:1"]) expect(await pull("a", tag).exited).toBe(0);
    const removal = remove("r", "more:1");
    expect(await removal.exited, removal.errors()).toBe(0);
    expect(removal.events.at(-1)).toMatchObject({
      type: "summary",
      image: `${registry.host}/more:1`,
      deleted: { blobs: 4 },
      kept: { blobs: 3 },
    });
    await assertWhole(base, `${registry.host}/base:1`);
    expect((await content()).blobs).toHaveLength(5);
    const before = registry.requests().length;
    // The hub had heard a moment ago that all of it was pulled.
    const again = pull("b", "more:1");
    expect(await again.exited, again.errors()).toBe(0);
    expect(again.events.at(-1)).toMatchObject({ downloaded: { blobs: 4 }, existing: { blobs: 3 } });
    expect([...registry.downloads(before).values()]).toEqual([1, 1, 1, 1]);
    await assertWhole(more, `${registry.host}/more:1`);
    for (const tag of ["base:1", "more:1"]) expect(await remove("r", tag).exited).toBe(0);
    expect(await content()).toMatchObject({ images: [], blobs: [] });
  });

  it("says what it does line by line, and a sentence on stdout", async () => {
    for (const tag of ["base:1", "more:1"]) expect(await pull("a", tag).exited).toBe(0);
    const { stdout, stderr } = await baton("rm", `${registry.host}/base:1`, "--store", store, "--url", hub.url);
    expect(stdout).toBe(
      `${registry.host}/base:1: removed; 2 blobs deleted (${sizesOf(base)}); 3 kept for other images (2.0 MB)\n`,
    );
    const lines = stderr.trimEnd().split("\n");
    expect(lines[0]).toBe(`${registry.host}/base:1 was ${base.manifest.digest}`);
    expect(lines.filter((line) => /^[0-9a-f]{12} {2}deleted, [\d.]+ k?B$/.test(line))).toHaveLength(2);
    expect(lines.filter((line) => line.endsWith(`kept, ${registry.host}/more:1 needs it`))).toHaveLength(3);
    expect(lines).toHaveLength(6);
  });

  it("refuses what is not there, what is no image, and goes nowhere without a hub", async () => {
    expect(await pull("a", "base:1").exited).toBe(0);
    expect(await refused("nope:1", store)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has no image .*nope:1/),
    });
    expect(await refused("No:1", store)).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/is no image: the repo/),
    });
    expect(await refused("a", scratch)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/holds no image store/),
    });
    expect(await refused("base:1", store, "ws://127.0.0.1:9")).toMatchObject({ code: 69 });
    await assertWhole(base, `${registry.host}/base:1`);
  });

  it("[Q1] waits for a pull of a blob, and leaves it to the image that pulls it", async () => {
    expect(await pull("a", "base:1").exited).toBe(0);
    const [large] = base.layers;
    await truncate(join(store, "blobs", "sha256", large!.digest.slice("sha256:".length)), 1_000);
    const throttle = await startThrottle(registry.port, 200_000);
    const pulling = pull("b", "more:1", throttle.host);
    await pulling.until((event) => event.type === "progress" && event.bytes > 100_000);
    throttle.setRate(1);
    const removal = remove("r", "base:1");
    const waiting = await removal.until((event) => event.type === "waiting");
    expect(waiting).toMatchObject({ digest: large!.digest, holders: [{ node: "b", operation: "pull" }] });
    const stopped = remove("s", "base:1");
    await stopped.until((event) => event.type === "waiting");
    stopped.kill("SIGTERM");
    expect(await stopped.exited).toBe(143);
    expect(stopped.errors()).toContain("stopped by SIGTERM; what is left is removed by the next rm of that image");
    throttle.setRate(Infinity);
    expect(await pulling.exited, pulling.errors()).toBe(0);
    expect(await removal.exited, removal.errors()).toBe(0);
    const kept = removal.events.flatMap((event) => (event.type === "kept" ? [event] : []));
    expect(kept).toContainEqual(
      expect.objectContaining({ digest: large!.digest, images: [`${throttle.host}/more:1`] }),
    );
    expect((await content()).images).toEqual([`${throttle.host}/more:1`]);
    await assertWhole(more, `${throttle.host}/more:1`);
    await throttle.close();
  });

  it("under a pull of the same image takes what is there, which the pull then fetches again", async () => {
    const throttle = await startThrottle(registry.port, 200_000);
    const pulling = pull("a", "base:1", throttle.host);
    await pulling.until((event) => event.type === "progress" && event.bytes > 100_000);
    const removal = remove("r", "base:1", throttle.host);
    expect(await removal.exited, removal.errors()).toBe(0);
    throttle.setRate(Infinity);
    expect(await pulling.exited, pulling.errors()).toBe(0);
    expect(pulling.events.at(-1)).toMatchObject({ all: { blobs: 5 } });
    expect((await content()).images).toEqual([`${throttle.host}/base:1`]);
    await assertWhole(base, `${throttle.host}/base:1`);
    await throttle.close();
  });

  it("killed at any moment leaves other images whole, and the next one ends what it began", async () => {
    expect(await pull("a", "base:1").exited).toBe(0);
    for (let moment = 1; moment <= 4; moment += 1) {
      expect(await pull("a", "more:1").exited).toBe(0);
      const removal = remove("r", "more:1");
      await removal.until(() => removal.events.length >= moment);
      removal.kill("SIGKILL");
      await removal.exited;
      const next = remove("r", "more:1");
      // All may have been done by then but the saying so.
      expect((await next.exited) === 1, next.errors()).toBe(next.errors().includes("NOT_FOUND"));
      expect(await content()).toMatchObject({ images: [`${registry.host}/base:1`] });
      expect((await content()).blobs).toHaveLength(5);
    }
    await assertWhole(base, `${registry.host}/base:1`);
  });

  it("beside pulls of images that share layers, in any order, leaves every named image whole", async () => {
    for (let round = 0; round < 2; round += 1) {
      const pulls = ["base:1", "more:1", "base:1"].map((tag, place) => pull(`p${place}`, tag));
      const removals = ["more:1", "base:1"].map((tag, place) => remove(`r${place}`, tag));
      for (const one of pulls) expect(await one.exited, one.errors()).toBe(0);
      for (const one of removals) expect([0, 1], one.errors()).toContain(await one.exited);
      for (const image of (await content()).images) {
        await assertWhole(image.endsWith("/base:1") ? base : more, image);
      }
    }
    for (const tag of ["base:1", "more:1"]) await remove("r", tag).exited;
    expect(await content()).toMatchObject({ images: [], blobs: [] });
  });
});

function pull(node: string, tag: string, host = registry.host): PullProcess {
  return startPull({ node, url: hub.url, image: `${host}/${tag}`, store });
}

function remove(node: string, tag: string, host = registry.host): RemoveProcess {
  return startRemove({ node, url: hub.url, image: `${host}/${tag}`, store });
}

/** A removal that ends otherwise than it was meant to. */
function refused(image: string, folder: string, url = hub.url) {
  return baton("rm", image, "--store", folder, "--url", url).catch((error: { code: number; stderr: string }) => error);
}

function baton(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [program, ...args]);
}

/** What the store holds; it must not contradict itself. */
async function content() {
  const read = await readStore(store);
  expect(read.faults).toEqual([]);
  return read;
}

/** Config and manifest of an image together, as people read it. */
function sizesOf({ config, manifest }: Image): string {
  const bytes = config.size + manifest.size;
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`;
}

/** Has skopeo read the image and copy it out of the store, which verifies every digest. */
async function assertWhole(image: Image, name: string): Promise<void> {
  expect(await inspectImage(store, name)).toEqual({
    digest: image.manifest.digest,
    layers: image.layers.map(({ digest }) => digest),
  });
  const out = await mkdtemp(join(scratch, "out-"));
  await copyOut(store, name, out);
}
