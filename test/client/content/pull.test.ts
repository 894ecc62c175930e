// Whole pulls through a registry that misbehaves: each blob once, faults survived, said and handed on.
import { randomBytes } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  parsePlatform,
  parseReference,
  pullImage,
  Registry,
  type PullEvent,
  type PullEventOf,
  type PullOptions,
  type PullSummary,
  type Store,
} from "../../../client/content/index.ts";
import type { FaultRegistry } from "../../support/fault-registry.ts";
import { digestOf } from "../../support/image.ts";
import { FakeHub } from "./fake-hub.ts";
import { faultRegistry, handMovedPause, scratchStore } from "./scratch.ts";

const small = randomBytes(1_000);
const large = randomBytes(400_000);

type Pulled = { summary: Promise<PullSummary>; events: PullEvent[] };

function pull(
  hub: FakeHub,
  node: string,
  store: Store,
  faults: FaultRegistry,
  more: Partial<PullOptions> & { tag?: string; idleMs?: number } = {},
): Pulled {
  const { tag = "1", idleMs, ...options } = more;
  const reference = parseReference(`${faults.host}/app:${tag}`);
  const registry = new Registry({ reference, insecureHttp: true, idleMs });
  const events: PullEvent[] = [];
  const { pause } = handMovedPause();
  const onEvent = (event: PullEvent): void => void events.push(event);
  return { summary: pullImage({ hub: hub.as(node), store, registry, reference, pause, onEvent, ...options }), events };
}

function digestsOf(faults: FaultRegistry, tag = "1"): { small: string; large: string } {
  faults.putImage([small, large], tag);
  return { small: faults.put(small).digest, large: faults.put(large).digest };
}

function imageEntry(architecture: string, image: { digest: string; size: number }) {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  return { mediaType, ...image, platform: { os: "linux", architecture } };
}

const of = <Type extends PullEvent["type"]>(events: PullEvent[], type: Type): PullEventOf<Type>[] =>
  events.filter((event): event is PullEventOf<Type> => event.type === type);

describe("pullImage", () => {
  it("puts every blob into the store once, whoever asks, and names the image", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const { digest } = faults.putImage([small, large, small], "1");
    const pulls = ["a", "b", "c", "d"].map((node) => pull(hub, node, store, faults));
    const summaries = await Promise.all(pulls.map(({ summary }) => summary));
    for (const content of [small, large]) expect(faults.downloadsOf(faults.put(content).digest)).toHaveLength(1);
    expect(faults.downloadsOf(digest)).toHaveLength(1);
    expect(large.equals(await readFile(store.blobPath(faults.put(large).digest)))).toBe(true);
    expect(JSON.parse(await readFile(store.indexPath, "utf8"))).toMatchObject({
      manifests: [{ digest, annotations: { "org.opencontainers.image.ref.name": `${faults.host}/app:1` } }],
    });
    const downloaded = summaries.reduce((sum, { downloaded }) => sum + downloaded.blobs, 0);
    expect(downloaded).toBe(4);
    for (const { all } of summaries) expect(all.blobs).toBe(4);
    expect(await readdir(store.ingestFolder)).toEqual([]);
  });

  it("asks the registry for nothing but the name when all is there", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    faults.putImage([small], "1");
    await pull(hub, "a", store, faults).summary;
    const before = faults.requests.length;
    const asked = hub.asked.length;
    const summary = await pull(hub, "b", store, faults).summary;
    expect(summary).toMatchObject({
      existing: { blobs: 3 },
      downloaded: { blobs: 0 },
      skipped: { blobs: 0 },
      fetchedBytes: 0,
    });
    expect(summary.savedBytes).toBe(summary.all.bytes);
    expect(faults.requests.slice(before).map(({ method }) => method)).toEqual(["HEAD"]);
    expect(hub.asked).toHaveLength(asked);
  });

  it("begins another blob while it waits for one, though it may do one at a time", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    const first = hub.as("x");
    const held = Promise.withResolvers<{ bytes: number }>();
    const holding = first.once(store.resource(digests.small), {}, () => held.promise);
    const { summary, events } = pull(hub, "a", store, faults, { concurrency: 1 });
    await expect.poll(() => of(events, "done").map(({ digest }) => digest)).toContain(digests.large);
    expect(of(events, "queued")).toMatchObject([{ digest: digests.small, position: 1, holders: [{ node: "x" }] }]);
    await writeFile(store.blobPath(digests.small), small);
    held.resolve({ bytes: small.length });
    await holding;
    expect((await summary).skipped).toEqual({ blobs: 1, bytes: small.length });
    expect(of(events, "skipped")).toMatchObject([{ digest: digests.small, by: "x" }]);
  });

  it("takes an index's image for the platform, and both manifests into the store", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const amd64 = faults.putImage([small], "amd64", "amd64");
    const arm64 = faults.putImage([large], "arm64", "arm64");
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = { schemaVersion: 2, mediaType, manifests: [imageEntry("amd64", amd64), imageEntry("arm64", arm64)] };
    const { digest } = faults.put(Buffer.from(JSON.stringify(index)), mediaType, "1");
    const hub = new FakeHub();
    await pull(hub, "a", store, faults, { platform: parsePlatform("linux/arm64") }).summary;
    expect((await store.look(digest, undefined)).state).toBe("whole");
    expect((await store.look(arm64.digest, arm64.size)).state).toBe("whole");
    expect((await store.look(amd64.digest, amd64.size)).state).toBe("absent");
    expect(JSON.parse(await readFile(store.indexPath, "utf8"))).toMatchObject({
      manifests: [{ digest: arm64.digest }],
    });
    const none = pull(hub, "a", store, faults, { platform: parsePlatform("linux/s390x") }).summary;
    await expect(none).rejects.toThrow("it has linux/amd64, linux/arm64");
    const single = pull(hub, "a", store, faults, { tag: "amd64", platform: parsePlatform("linux/s390x") }).summary;
    await expect(single).rejects.toThrow("is for linux/amd64, not linux/s390x");
    expect((await store.look(digestOf(small), small.length)).state).toBe("absent");
  });

  it("names a Docker image by its OCI form, which skopeo looks for, and keeps the manifest as it came", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const docker = "application/vnd.docker";
    const config = { mediaType: `${docker}.container.image.v1+json`, ...faults.put(small) };
    const layer = { mediaType: `${docker}.image.rootfs.diff.tar.gzip`, ...faults.put(large) };
    const mediaType = `${docker}.distribution.manifest.v2+json`;
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
    const { digest } = faults.put(Buffer.from(manifest), mediaType, "1");
    const hub = new FakeHub();
    const [first, second] = await Promise.all(["a", "b"].map((node) => pull(hub, node, store, faults).summary));
    expect([first?.digest, second?.digest]).toEqual([digest, digest]);
    expect((await store.look(digest, undefined)).state).toBe("whole");
    const index: { manifests: { mediaType: string; digest: string }[] } = JSON.parse(
      await readFile(store.indexPath, "utf8"),
    );
    const oci = "application/vnd.oci.image";
    expect(index.manifests).toMatchObject([{ mediaType: `${oci}.manifest.v1+json` }]);
    expect(JSON.parse(await readFile(store.blobPath(index.manifests[0]?.digest ?? ""), "utf8"))).toEqual({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: { ...config, mediaType: `${oci}.config.v1+json` },
      layers: [{ ...layer, mediaType: `${oci}.layer.v1.tar+gzip` }],
    });
  });

  it("resolves a tag where HEAD does not tell its digest", async () => {
    const faults = await faultRegistry();
    faults.headTells = false;
    const { digest } = faults.putImage([small], "1");
    const summary = await pull(new FakeHub(), "a", await scratchStore(), faults).summary;
    expect(summary.digest).toBe(digest);
  });

  it("says what is not there, and what is no image", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const missing = pull(new FakeHub(), "a", store, faults, { tag: "nope" }).summary;
    await expect(missing).rejects.toMatchObject({ code: "NOT_FOUND", message: /app:nope.*404.*not known here/ });
    faults.put(Buffer.from('{"schemaVersion":1}'), "application/vnd.docker.distribution.manifest.v1+json", "old");
    const old = pull(new FakeHub(), "a", store, faults, { tag: "old" }).summary;
    await expect(old).rejects.toMatchObject({ code: "UNSUPPORTED", message: /schema 1/ });
    await faults.close();
    const gone = pull(new FakeHub(), "a", store, faults).summary;
    await expect(gone).rejects.toMatchObject({ code: "UNREACHABLE", message: /ECONNREFUSED/ });
  });
});

describe("a registry that drops", () => {
  it("is asked for the rest with Range, again and again", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [
      { kind: "drop", afterBytes: 100_000 },
      { kind: "short", missingBytes: 50_000 },
      { kind: "status", status: 502 },
    ]);
    const { summary, events } = pull(new FakeHub(), "a", store, faults);
    const { downloaded, fetchedBytes, all } = await summary;
    const ranges = faults.downloadsOf(digests.large).map(({ range }) => range);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[2]).toMatch(/^bytes=\d+-$/);
    expect(ranges[3]).toBe(ranges[2]);
    expect(of(events, "retry")).toHaveLength(3);
    expect(downloaded.blobs).toBe(4);
    expect(fetchedBytes).toBe(all.bytes);
    expect(large.equals(await readFile(store.blobPath(digests.large)))).toBe(true);
  });

  it("and knows no ranges is read from the first byte again", async () => {
    const faults = await faultRegistry();
    faults.ranges = false;
    const store = await scratchStore();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [{ kind: "drop", afterBytes: 100_000 }]);
    const { fetchedBytes, all } = await pull(new FakeHub(), "a", store, faults).summary;
    expect(large.equals(await readFile(store.blobPath(digests.large)))).toBe(true);
    expect(fetchedBytes).toBeGreaterThan(all.bytes);
  });

  it("six times fails the pull, keeps the rest, and the next in line goes on from it", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    const gate = Promise.withResolvers<void>();
    const drops = Array.from({ length: 6 }, () => ({ kind: "drop", afterBytes: 60_000, until: gate.promise }) as const);
    faults.faultsOf.set(digests.large, drops);
    const first = pull(hub, "a", store, faults);
    await expect.poll(() => hub.holder(store.resource(digests.large))).toBe("a");
    const second = pull(hub, "b", store, faults);
    await expect.poll(() => hub.waiting(store.resource(digests.large))).toBe(1);
    gate.resolve();
    await expect(first.summary).rejects.toMatchObject({ code: "DROPPED", message: /dropped sha256:/ });
    expect(of(first.events, "failed")).toMatchObject([{ digest: digests.large, code: "DROPPED" }]);
    await second.summary;
    const granted = of(second.events, "granted").find(({ digest }) => digest === digests.large);
    expect(granted).toMatchObject({ attempt: 2, previous: { node: "a" } });
    const [resumed] = of(second.events, "resumed");
    expect(resumed?.bytes).toBeGreaterThan(0);
    expect(faults.downloadsOf(digests.large).at(-1)?.range).toBe(`bytes=${resumed?.bytes}-`);
    expect(large.equals(await readFile(store.blobPath(digests.large)))).toBe(true);
  });

  it("is given up when it sends nothing for long", async () => {
    const faults = await faultRegistry();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [{ kind: "silent" }]);
    const store = await scratchStore();
    const { summary, events } = pull(new FakeHub(), "a", store, faults, { idleMs: 200 });
    await summary;
    expect(of(events, "retry")).toMatchObject([{ message: expect.stringContaining("sent nothing") }]);
  });
});

describe("a rest that somebody left", () => {
  it("that is whole costs no request", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    await writeFile(store.restPath(digests.large, 1), large);
    const { events, summary } = pull(new FakeHub(), "a", store, faults);
    await summary;
    expect(faults.downloadsOf(digests.large)).toEqual([]);
    expect(of(events, "done").find(({ digest }) => digest === digests.large)).toMatchObject({ fetchedBytes: 0 });
  });

  it("that is broken is thrown away, and the blob fetched once more from the first byte", async () => {
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    await writeFile(store.restPath(digests.large, 1), Buffer.alloc(1_000));
    const { summary, events } = pull(new FakeHub(), "a", store, faults);
    await summary;
    expect(faults.downloadsOf(digests.large).map(({ range }) => range)).toEqual(["bytes=1000-", undefined]);
    expect(of(events, "retry")).toHaveLength(1);
    expect(large.equals(await readFile(store.blobPath(digests.large)))).toBe(true);
    expect(await readdir(store.ingestFolder)).toEqual([]);
  });
});

describe("a registry that sends something else", () => {
  it.each([
    ["wrong", "WRONG_DIGEST"],
    ["long", "WRONG_SIZE"],
  ] as const)("(%s) fails the pull, leaves no rest that misleads, and the next in line gets it", async (kind, code) => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    const gate = Promise.withResolvers<void>();
    faults.faultsOf.set(digests.large, [{ kind, until: gate.promise }]);
    const first = pull(hub, "a", store, faults);
    await expect.poll(() => hub.holder(store.resource(digests.large))).toBe("a");
    const second = pull(hub, "b", store, faults);
    await expect.poll(() => hub.waiting(store.resource(digests.large))).toBe(1);
    gate.resolve();
    await expect(first.summary).rejects.toMatchObject({ code });
    await second.summary;
    expect(of(second.events, "granted").find(({ digest }) => digest === digests.large)).toMatchObject({ attempt: 2 });
    expect(large.equals(await readFile(store.blobPath(digests.large)))).toBe(true);
    expect(await readdir(store.ingestFolder)).toEqual([]);
  });
});

describe("a registry that asks to wait", () => {
  it.each([429, 503])(
    "(%i) is a failure with retryAfterMs for the hub [O2], and the blob is asked for again",
    async (status) => {
      const hub = new FakeHub();
      const faults = await faultRegistry();
      const store = await scratchStore();
      const digests = digestsOf(faults);
      faults.faultsOf.set(digests.large, [{ kind: "status", status, headers: { "retry-after": "7" } }]);
      const { summary, events } = pull(hub, "a", store, faults);
      await summary;
      const failures = hub.releases.filter(({ error }) => error !== undefined);
      expect(failures).toMatchObject([
        { resource: store.resource(digests.large), error: { code: "RATE_LIMITED", retryAfterMs: 7_000 } },
      ]);
      expect(of(events, "retry")).toHaveLength(1);
    },
  );

  it("again and again fails the pull", async () => {
    const faults = await faultRegistry();
    const digests = digestsOf(faults);
    const limited = Array.from({ length: 4 }, () => ({ kind: "status", status: 429 }) as const);
    faults.faultsOf.set(digests.large, limited);
    const { summary } = pull(new FakeHub(), "a", await scratchStore(), faults);
    await expect(summary).rejects.toMatchObject({ code: "RATE_LIMITED", message: /wait 5 s/ });
  });
});

describe("a pull that ends early", () => {
  it("by its signal gives back all that it holds, and rejects with the reason", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [{ kind: "silent" }]);
    const abort = new AbortController();
    const { summary, events } = pull(hub, "a", store, faults, { signal: abort.signal });
    await expect.poll(() => of(events, "granted").map(({ digest }) => digest)).toContain(digests.large);
    abort.abort(new Error("stopped"));
    await expect(summary).rejects.toThrow("stopped");
    expect(hub.holder(store.resource(digests.large))).toBeUndefined();
    expect(of(events, "failed")).toEqual([]);
  });

  it("by a failure takes the other blobs with it", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [{ kind: "silent" }]);
    faults.faultsOf.set(digests.small, [{ kind: "status", status: 403 }]);
    const { summary } = pull(hub, "a", store, faults);
    await expect(summary).rejects.toMatchObject({ code: "DENIED" });
    expect(hub.holder(store.resource(digests.large))).toBeUndefined();
    await expect(readFile(store.indexPath)).rejects.toThrow("ENOENT");
  });

  it("not by a grant that is taken back: it asks again, and goes on from its own rest", async () => {
    const hub = new FakeHub();
    const faults = await faultRegistry();
    const store = await scratchStore();
    const digests = digestsOf(faults);
    faults.faultsOf.set(digests.large, [{ kind: "silent" }]);
    const { summary, events } = pull(hub, "a", store, faults);
    await expect.poll(() => faults.downloadsOf(digests.large).length).toBe(1);
    hub.lose(store.resource(digests.large), Object.assign(new Error("the hub is gone"), { code: "SESSION_ENDED" }));
    expect((await summary).downloaded.blobs).toBe(4);
    expect(of(events, "granted").filter(({ digest }) => digest === digests.large)).toHaveLength(2);
  });
});
