// The store that machines share: whose it is, what can be seen of it, and its index.json.
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nameImage } from "../../../client/content/image-index.ts";
import { Store } from "../../../client/content/index.ts";
import { digestOf } from "../../support/image.ts";
import { FakeHub } from "./fake-hub.ts";
import { handMovedPause, scratchFolder, scratchStore } from "./scratch.ts";

const never = new AbortController().signal;

const entry = (text: string) => ({ mediaType: "application/x", digest: digestOf(Buffer.from(text)), size: 1 });
const namesIn = async (store: Store): Promise<Record<string, string>> => {
  const index: { manifests: { digest: string; annotations?: Record<string, string> }[] } = JSON.parse(
    await readFile(store.indexPath, "utf8"),
  );
  return Object.fromEntries(
    index.manifests.map(({ digest, annotations }) => [annotations?.["org.opencontainers.image.ref.name"], digest]),
  );
};

describe("Store.open", () => {
  it("gives all who open it at once the same id, and leaves nothing half made", async () => {
    const folder = join(await scratchFolder(), "a", "store");
    const stores = await Promise.all(Array.from({ length: 20 }, () => Store.open(folder)));
    expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
    expect((await Store.open(folder)).id).toBe(stores[0]?.id);
    expect(await readdir(join(folder, "ingest"))).toEqual([]);
    expect(JSON.parse(await readFile(join(folder, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
  });

  it("gives two stores two ids", async () => {
    expect((await scratchStore()).id).not.toBe((await scratchStore()).id);
  });

  it("waits for an id that another machine has made and that is not to be seen yet", async () => {
    const folder = await scratchFolder();
    const id = "00000000-0000-4000-8000-000000000000";
    await writeFile(join(folder, "baton-store-id"), "");
    const { pause } = handMovedPause(() => writeFile(join(folder, "baton-store-id"), `${id}\n`));
    expect((await Store.open(folder, { pause })).id).toBe(id);
  });

  it("refuses a folder that holds something else, and takes any image layout", async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, "letters.txt"), "");
    await expect(Store.open(folder)).rejects.toThrow(/is no image store: it holds "letters.txt"/);
    await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion": "1.0.0"}');
    expect((await Store.open(folder)).folder).toBe(folder);
    await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion": "2.0.0"}');
    await expect(Store.open(folder)).rejects.toThrow(/version 1/);
  });

  it("says what the system refuses", async () => {
    const file = join(await scratchFolder(), "file");
    await writeFile(file, "");
    await expect(Store.open(file)).rejects.toMatchObject({
      code: "STORE_FAULT",
      message: expect.stringContaining(file),
    });
  });

  it.skipIf(!existsSync("/proc/self"))("says so of a folder in which nothing can be made", async () => {
    await expect(Store.open("/proc/no/such/store")).rejects.toMatchObject({
      code: "STORE_FAULT",
      message: expect.stringContaining("/proc/no"),
    });
  });
});

describe("Store.look", () => {
  const bytes = Buffer.from("content");
  const digest = digestOf(bytes);

  it("takes a blob of the right size, and by its hash when asked to or when no size is known", async () => {
    const store = await scratchStore();
    expect(await store.look(digest, bytes.length)).toEqual({ state: "absent" });
    await writeFile(store.blobPath(digest), bytes);
    expect(await store.look(digest, bytes.length)).toEqual({ state: "whole", bytes: 7 });
    await writeFile(store.blobPath(digest), "CONTENT");
    expect(await store.look(digest, bytes.length)).toEqual({ state: "whole", bytes: 7 });
    expect(await store.look(digest, bytes.length, { verify: true })).toEqual({ state: "wrong", bytes: 7 });
    expect(await store.look(digest, undefined)).toEqual({ state: "wrong", bytes: 7 });
  });

  it("never takes a short one", async () => {
    const store = await scratchStore();
    await writeFile(store.blobPath(digest), bytes.subarray(0, 6));
    expect(await store.look(digest, bytes.length)).toEqual({ state: "wrong", bytes: 6 });
  });

  it("keeps to its folder, whatever a digest is said to be", async () => {
    const store = await scratchStore();
    await expect(store.look("sha256:../../../etc/passwd", 1)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(() => store.blobPath(`sha256:${"A".repeat(64)}`)).toThrow(/is no digest/);
  });

  it("waits for what another machine has written, for as long as it is told", async () => {
    const store = await scratchStore();
    const late = handMovedPause(async (passedMs) => {
      if (passedMs > 3_000) await writeFile(store.blobPath(digest), bytes);
    });
    expect(await store.appears(digest, bytes.length, { withinMs: 10_000, signal: never, pause: late.pause })).toBe(
      true,
    );
    expect(late.passedMs()).toBeLessThan(4_000);
    const empty = handMovedPause();
    const other = digestOf(Buffer.from("other"));
    expect(await store.appears(other, 1, { withinMs: 10_000, signal: never, pause: empty.pause })).toBe(false);
    expect(empty.passedMs()).toBeGreaterThanOrEqual(10_000);
  });
});

describe("nameImage", () => {
  it("keeps every image that is named at once, each under a lock", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const names = Array.from({ length: 12 }, (_, index) => `docker.io/library/app:${index}`);
    await Promise.all(names.map((name) => nameImage({ hub: hub.as(name), store, signal: never }, name, entry(name))));
    expect(await namesIn(store)).toEqual(Object.fromEntries(names.map((name) => [name, entry(name).digest])));
    expect(new Set(hub.asked.map(({ resource }) => resource))).toEqual(new Set([`${store.id}/index.json`]));
    expect(await readdir(store.ingestFolder)).toEqual([]);
  });

  it("replaces the entry of the same name, keeps what it does not know, and asks nobody when nothing changes", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const strange = { digest: "sha256:strange", size: 3, "x-y": true };
    await writeFile(store.indexPath, JSON.stringify({ schemaVersion: 2, "x-z": 1, manifests: [strange] }));
    const name = (text: string) => nameImage({ hub: hub.as("a"), store, signal: never }, "app:1", entry(text));
    await name("old");
    await name("new");
    const index = JSON.parse(await readFile(store.indexPath, "utf8"));
    expect(index).toMatchObject({ "x-z": 1, manifests: [strange, { digest: entry("new").digest }] });
    expect(hub.asked).toHaveLength(2);
    await name("new");
    expect(hub.asked).toHaveLength(2);
  });

  it("touches no index.json that it cannot read", async () => {
    const store = await scratchStore();
    await writeFile(store.indexPath, "{");
    const naming = nameImage({ hub: new FakeHub().as("a"), store, signal: never }, "app:1", entry("x"));
    await expect(naming).rejects.toMatchObject({ code: "STORE_FAULT" });
    expect(await readFile(store.indexPath, "utf8")).toBe("{");
  });

  it("fails clearly where a folder is in its place", async () => {
    const store = await scratchStore();
    await mkdir(store.indexPath);
    const naming = nameImage({ hub: new FakeHub().as("a"), store, signal: never }, "app:1", entry("x"));
    await expect(naming).rejects.toMatchObject({ code: "STORE_FAULT" });
  });
});
