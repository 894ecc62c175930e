// `baton pull` as people run it: real processes, a real hub, Debian's docker-registry, and skopeo as the judge.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startHubProcess, type HubProcess } from "../support/hub.ts";
import {
  buildImage,
  copyOut,
  digestOf,
  hasSkopeo,
  inspectImage,
  pushImage,
  type Image,
  type ImageBlob,
} from "../support/image.ts";
import { startPull, type PullProcess, type TimedEvent } from "../support/pull-process.ts";
import { hasRegistry, startRegistry, type RegistryProcess } from "../support/registry.ts";
import { startThrottle } from "../support/throttle.ts";

const run = promisify(execFile);
const program = fileURLToPath(new URL("../../client/cli/main.ts", import.meta.url));
const nodes = Array.from({ length: 8 }, (_, index) => `node-${index + 1}`);
const handOverMsMax = 200;
/** Eight processes at once take their time to start on a machine that is busy. */
const timeout = 120_000;

let scratch: string;
let hub: HubProcess;
let registry: RegistryProcess;
/** Nine layers, one over 50 MB; and an image that is quickly there. */
let large: Image;
let small: Image;
let store: string;
let stores = 0;
/** How many requests the registry had seen when the test began. */
let before: number;

describe.skipIf(!hasRegistry || !hasSkopeo)("baton pull", { timeout }, () => {
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "baton-pull-"));
    [hub, registry] = await Promise.all([startHubProcess(), startRegistry()]);
    large = await buildImage(join(scratch, "large"));
    small = await buildImage(join(scratch, "small"), [3_000_000, 20_000, 10_000]);
    await pushImage(large, registry.host, "large:1");
    for (const tag of ["small:1", "other:1", "other:2"]) await pushImage(small, registry.host, tag);
  });

  beforeEach(() => {
    stores += 1;
    store = join(scratch, `store-${stores}`);
    before = registry.requests().length;
  });

  afterAll(async () => {
    await Promise.all([hub.stop(), registry.stop()]);
    await rm(scratch, { recursive: true, force: true });
  });

  it("by eight nodes at once fetches each blob exactly once, and skopeo reads what they made", async () => {
    const pulls = nodes.map((node) => pull(node, "large:1"));
    for (const one of pulls) expect(await one.exited, one.errors()).toBe(0);
    expect(registry.downloads(before)).toEqual(new Map(large.blobs.map(({ digest }) => [digest, 1])));
    expect(registry.requests().filter(({ method, path }) => method === "GET" && path.endsWith("/large:1"))).toEqual([]);
    const bytes = large.blobs.reduce((sum, { size }) => sum + size, 0);
    const summaries = pulls.map(({ events }) => events.at(-1));
    for (const summary of summaries) expect(summary).toMatchObject({ type: "summary", all: { blobs: 11, bytes } });
    const fetched = summaries.reduce((sum, event) => sum + (event?.type === "summary" ? event.fetchedBytes : 0), 0);
    expect(fetched).toBe(bytes);
    await assertWhole(large, `${registry.host}/large:1`);
  });

  it("[O2] hands a blob to the next in line alone, at once, when its holder is killed half way", async () => {
    // Slow enough for eight processes to have started and queued before the blob is there.
    const throttle = await startThrottle(registry.port, 2_000_000);
    const big = largestOf(large);
    const pulls = nodes.map((node) => pull(node, "large:1", throttle.host));
    const { holder, next, others } = await whenHalfWay(pulls, big.digest, 2_000_000);
    const seen = new Map(others.map((other) => [other.node, other.events.filter(isAbout(big.digest)).length]));

    const killedAt = Date.now();
    holder.kill("SIGKILL");
    const granted = await next.until(isOf("granted", big.digest));
    throttle.setRate(Infinity);
    expect(granted).toMatchObject({ attempt: 2, previous: { node: holder.node } });
    expect(granted.at - killedAt).toBeLessThanOrEqual(handOverMsMax);

    expect(await holder.exited).toBe(137);
    expect(await next.exited, next.errors()).toBe(0);
    const done = await next.until(isOf("done", big.digest));
    const resumed = await next.until(isOf("resumed", big.digest));
    for (const other of others) {
      expect(await other.exited, other.errors()).toBe(0);
      const later = other.events.filter(isAbout(big.digest)).slice(seen.get(other.node));
      expect(later).toMatchObject([{ type: "skipped", by: next.node, fence: granted.fence }]);
    }
    expect(resumed.bytes).toBeGreaterThan(1_000_000);
    expect(done.fetchedBytes).toBe(big.size - resumed.bytes);
    expect(registry.downloads(before).get(big.digest)).toBe(2);
    await assertWhole(large, `${throttle.host}/large:1`);
    await throttle.close();
  });

  it("[O2] goes on from its own rest when the hub is killed half way and another one takes its place", async () => {
    const throttle = await startThrottle(registry.port, 400_000);
    const { digest, size } = largestOf(small);
    const first = await startHubProcess();
    const pulls = ["a", "b", "c"].map((node) =>
      startPull({ node, url: first.url, image: `${throttle.host}/small:1`, store }),
    );
    const { holder } = await whenHalfWay(pulls, digest, 800_000);
    first.kill("SIGKILL");
    await first.exited;
    const second = await startHubProcess({ args: ["--port", new URL(first.url).port] });
    throttle.setRate(Infinity);
    for (const one of pulls) expect(await one.exited, one.errors()).toBe(0);
    const done = pulls.flatMap(({ events }) => events.filter(isOf("done", digest)));
    expect(done).toHaveLength(1);
    expect(done[0]?.fetchedBytes).toBeLessThan(size - 800_000);
    expect(holder.events.find(isOf("retry", digest))).toBeDefined();
    await assertWhole(small, `${throttle.host}/small:1`);
    await Promise.all([second.stop(), throttle.close()]);
  });

  it("keeps images that are pulled at once, each under its name", async () => {
    const tags = ["small:1", "other:1", "other:2"];
    const pulls = [...tags, ...tags].map((tag, index) => pull(`node-${index}`, tag));
    for (const one of pulls) expect(await one.exited, one.errors()).toBe(0);
    for (const tag of tags) {
      expect((await inspectImage(store, `${registry.host}/${tag}`)).digest).toBe(small.manifest.digest);
    }
    expect(registry.downloads(before)).toEqual(new Map(small.blobs.map(({ digest }) => [digest, 1])));
    await assertWhole(small, `${registry.host}/other:2`);
  });

  it("stopped by SIGTERM ends with 143, keeps its rest, and a later one goes on from it", async () => {
    const throttle = await startThrottle(registry.port, 1_000_000);
    const { digest, size } = largestOf(small);
    const first = pull("first", "small:1", throttle.host);
    await first.until(isPast(digest, 1_000_000));
    first.kill("SIGTERM");
    expect(await first.exited).toBe(143);
    expect(first.errors()).toMatch(/^baton: stopped by SIGTERM; what was downloaded stays/);
    throttle.setRate(Infinity);
    const second = pull("second", "small:1", throttle.host);
    expect(await second.exited, second.errors()).toBe(0);
    const resumed = await second.until(isOf("resumed", digest));
    expect(resumed.bytes).toBeGreaterThan(1_000_000);
    expect((await second.until(isOf("done", digest))).fetchedBytes).toBe(size - resumed.bytes);
    await assertWhole(small, `${throttle.host}/small:1`);
    await throttle.close();
  });

  it("replaces a blob that was cut short, and asks for no other", async () => {
    expect(await pull("a", "small:1").exited).toBe(0);
    const { digest } = largestOf(small);
    await run("truncate", ["-s", "1000", join(store, "blobs", "sha256", digest.slice("sha256:".length))]);
    const again = pull("b", "small:1");
    expect(await again.exited, again.errors()).toBe(0);
    expect(again.events.at(-1)).toMatchObject({ downloaded: { blobs: 1 }, existing: { blobs: 4 } });
    expect(registry.downloads(before).get(digest)).toBe(2);
    await assertWhole(small, `${registry.host}/small:1`);
  });

  it("says what is wrong, where, and what to do, by its exit code too", async () => {
    const missing = pull("a", "nope:1");
    const strange = pull("b", "App:1");
    const gone = startPull({ node: "c", url: "ws://127.0.0.1:9", image: `${registry.host}/small:1`, store });
    const https = runPull("--url", hub.url).catch((error: { code: number; stderr: string }) => error);
    expect(await missing.exited).toBe(1);
    expect(missing.errors()).toMatch(/nope:1: the registry answers 404.*check the name and the tag/);
    expect(await strange.exited).toBe(64);
    expect(strange.errors()).toMatch(/is no image: the repository is lower-case/);
    expect(await https).toMatchObject({ code: 1, stderr: expect.stringMatching(/--insecure-http/) });
    expect(await gone.exited).toBe(69);
  });

  it("says one line per event when nobody sees bars, and a sentence on stdout", async () => {
    const { stdout, stderr } = await runPull("--url", hub.url, "--insecure-http");
    expect(stdout).toMatch(/small:1: 5 blobs, 3\.0 MB in \S+; 5 downloaded here \(3\.0 MB\); 0 by other nodes/);
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(1 + 2 * small.blobs.length);
    expect(lines[0]).toBe(`${registry.host}/small:1 is ${small.manifest.digest}`);
    expect(stderr).not.toContain("\u001b");
  });

  it("on a full disk fails clearly, and leaves the blob to others", async (test) => {
    await mkdir(store);
    // A file system of its own, of 1 MB, which this process alone sees.
    const script = `mount -t tmpfs -o size=1m none "${store}" && exec "$0" "$@"`;
    const inside = ["--map-root-user", "--mount", "sh", "-c", script];
    const isAble = await run("unshare", [...inside, "true"]).then(
      () => true,
      () => false,
    );
    test.skip(!isAble, "this system lets nobody mount a file system of their own");
    const command = [program, "pull", `${registry.host}/small:1`, "--store", store, "--insecure-http"];
    const args = [...inside, process.execPath, ...command, "--url", hub.url];
    const full = await run("unshare", args).catch((error: { code: number; stderr: string }) => error);
    expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/no space left for .*: free some/) });
    expect(await pull("a", "small:1").exited).toBe(0);
  });
});

/** Starts a pull by way of some host, the registry's own unless given. */
function pull(node: string, tag: string, host = registry.host): PullProcess {
  return startPull({ node, url: hub.url, image: `${host}/${tag}`, store });
}

/** Runs a pull of the small image for its lines. */
function runPull(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [program, "pull", `${registry.host}/small:1`, "--store", store, ...args]);
}

/** Has skopeo read the image and copy it out of the store; each digest is reckoned once more. */
async function assertWhole(image: Image, name: string): Promise<void> {
  expect(await inspectImage(store, name)).toEqual({
    digest: image.manifest.digest,
    layers: image.layers.map(({ digest }) => digest),
  });
  const out = join(scratch, `out-${stores}`);
  await copyOut(store, name, out);
  for (const { digest } of [image.config, ...image.layers]) {
    expect(digestOf(await readFile(join(out, digest.slice("sha256:".length))))).toBe(digest);
  }
  expect(digestOf(await readFile(join(out, "manifest.json")))).toBe(image.manifest.digest);
  expect(await readdir(join(store, "ingest"))).toEqual([]);
}

function largestOf(image: Image): ImageBlob {
  const [layer] = image.layers;
  if (layer === undefined) throw new Error("the image has no layers");
  return layer;
}

const isOf =
  <Type extends TimedEvent["type"]>(type: Type, digest: string) =>
  (event: TimedEvent): event is Extract<TimedEvent, { type: Type }> =>
    event.type === type && "digest" in event && event.digest === digest;

const isAbout =
  (digest: string) =>
  (event: TimedEvent): boolean =>
    "digest" in event && event.digest === digest;

const isPast =
  (digest: string, bytes: number) =>
  (event: TimedEvent): boolean =>
    event.type === "progress" && event.digest === digest && event.bytes > bytes;

/** Waits until one process is well into a blob and all others queue for it; tells who holds it, and who is next. */
async function whenHalfWay(
  pulls: readonly PullProcess[],
  digest: string,
  bytes: number,
): Promise<{ holder: PullProcess; next: PullProcess; others: PullProcess[] }> {
  const under = async (one: PullProcess): Promise<PullProcess> => {
    await one.until(isPast(digest, bytes));
    return one;
  };
  const holder = await Promise.any(pulls.map(under));
  const waiting = pulls.filter((one) => one !== holder);
  const queued = await Promise.all(waiting.map((one) => one.until(isOf("queued", digest))));
  const [first] = queued.toSorted((left, right) => left.position - right.position);
  const next = waiting.find(({ node }) => node === first?.node);
  if (next === undefined) throw new Error("nobody is next");
  return { holder, next, others: waiting.filter((one) => one !== next) };
}
