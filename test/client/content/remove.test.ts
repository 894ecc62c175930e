// An image out of a store: what goes, what stays for others, and what a pull at the same time comes to.
import { randomBytes } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  openWriter,
  parsePlatform,
  parseReference,
  pullImage,
  Registry,
  removeImage,
  Store,
  type PullOptions,
  type RemoveEvent,
} from "../../../client/content/index.ts";
import { RefCountManager } from "../../../client/refcount/index.ts";
import { FileRefCountStorage } from "../../../client/refcount/file.ts";
import type { FaultRegistry } from "../../support/fault-registry.ts";
import { readStore } from "../../support/store-check.ts";
import { FakeHub } from "./fake-hub.ts";
import { faultRegistry, handMovedPause, scratchFolder, scratchStore } from "./scratch.ts";

const [one, two, three] = [randomBytes(1_000), randomBytes(2_000), randomBytes(3_000)] as const;

/** A hub, a registry and a store, and what a node does with them. */
class Place {
  readonly hub = new FakeHub();
  readonly faults: FaultRegistry;
  readonly store: Store;

  private constructor(faults: FaultRegistry, store: Store) {
    this.faults = faults;
    this.store = store;
  }

  static async make(): Promise<Place> {
    return new Place(await faultRegistry(), await scratchStore());
  }

  name(tag: string): string {
    return `${this.faults.host}/app:${tag}`;
  }

  async pull(tag: string, options: Partial<PullOptions> = {}) {
    const reference = parseReference(this.name(tag));
    const registry = new Registry({ reference, insecureHttp: true });
    const { pause } = handMovedPause();
    const { store } = this;
    return await pullImage({ hub: this.hub.as("puller"), store, registry, reference, pause, ...options });
  }

  async remove(image: string, store = this.store) {
    const events: RemoveEvent[] = [];
    const onEvent = (event: RemoveEvent): void => void events.push(event);
    const summary = await removeImage({ hub: this.hub.as("remover"), store, image, onEvent });
    return { summary, events };
  }

  /** What the store holds; it must not contradict itself. */
  async content() {
    const content = await readStore(this.store.folder);
    expect(content.faults).toEqual([]);
    return content;
  }

  references(node = "sdk"): RefCountManager {
    return new RefCountManager(new FileRefCountStorage(this.store.referencesFolder), node);
  }
}

/** An image of which one blob is being worked on, and a removal of it that waits for that; `go` lets it go on. */
async function waitingRemoval() {
  const place = await Place.make();
  place.faults.putImage([one], "1");
  await place.pull("1");
  const { store, hub } = place;
  const resource = store.resource(place.faults.put(one).digest);
  const busy = await hub.as("busy").lock(resource, { operation: "verify" });
  const removing = place.remove(place.name("1"));
  while (hub.waiting(resource) === 0) await new Promise((resolve) => setImmediate(resolve));
  const go = async () => {
    await busy[Symbol.asyncDispose]();
    return await removing;
  };
  return { place, resource, go };
}

describe("removeImage", () => {
  it("takes the name away, and deletes every blob that no other image needs", async () => {
    const place = await Place.make();
    place.faults.putImage([one, two], "1");
    place.faults.putImage([two, three], "2");
    await place.pull("1");
    await place.pull("2");
    const shared = place.faults.put(two).digest;
    expect((await place.content()).references.get(shared)).toEqual([place.name("1"), place.name("2")]);
    const first = await place.remove(place.name("1"));
    expect(first.summary).toMatchObject({
      image: place.name("1"),
      deleted: { blobs: 2 },
      kept: { blobs: 2 },
    });
    expect(first.events.filter(({ type }) => type === "kept")).toContainEqual({
      type: "kept",
      digest: shared,
      bytes: 2_000,
      images: [place.name("2")],
    });
    expect((await place.content()).images).toEqual([place.name("2")]);
    const second = await place.remove(place.name("2"));
    expect(second.summary).toMatchObject({ deleted: { blobs: 4 }, kept: { blobs: 0, bytes: 0 } });
    expect(await place.content()).toMatchObject({ images: [], blobs: [] });
    expect(await readdir(place.store.referencesFolder)).toEqual([]);
  });

  it("[O8] deletes each blob while it is held by way of the hub, and says that it was done", async () => {
    const place = await Place.make();
    place.faults.putImage([one], "1");
    await place.pull("1");
    place.hub.releases.length = 0;
    await place.remove(place.name("1"));
    const held = place.hub.releases.map(({ resource, error }) => [resource, error]);
    expect(held).toContainEqual([place.store.resource(place.faults.put(one).digest), undefined]);
    expect(held).toContainEqual([place.store.resource("index.json"), undefined]);
  });

  it("has what was deleted downloaded again by the next pull", async () => {
    const place = await Place.make();
    place.faults.putImage([one], "1");
    await place.pull("1");
    await place.remove(place.name("1"));
    expect(await place.pull("1")).toMatchObject({ downloaded: { blobs: 3 } });
    expect((await place.content()).images).toEqual([place.name("1")]);
  });

  it("deletes all that an image was pulled by: the index of its name, and Docker's manifest beside OCI's", async () => {
    const place = await Place.make();
    const { faults } = place;
    const config = faults.put(Buffer.from('{"os":"linux","architecture":"amd64"}'));
    const docker = {
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      config: { mediaType: "application/vnd.docker.container.image.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", ...faults.put(one) }],
    };
    const manifest = faults.put(Buffer.from(JSON.stringify(docker)), docker.mediaType);
    const list = {
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
      manifests: [{ mediaType: docker.mediaType, ...manifest, platform: { os: "linux", architecture: "amd64" } }],
    };
    faults.put(Buffer.from(JSON.stringify(list)), list.mediaType, "1");
    await place.pull("1", { platform: parsePlatform("linux/amd64") });
    expect((await place.content()).blobs).toHaveLength(5);
    expect((await place.remove(place.name("1"))).summary).toMatchObject({ deleted: { blobs: 5 } });
    expect((await place.content()).blobs).toEqual([]);
  });

  it("keeps what an image needs that another tool has named, and removes such an image too", async () => {
    const place = await Place.make();
    place.faults.putImage([one, two], "1");
    place.faults.putImage([two, three], "2");
    await place.pull("1");
    await place.pull("2");
    const index = JSON.parse(await readFile(place.store.indexPath, "utf8"));
    const name = "org.opencontainers.image.ref.name";
    for (const entry of index.manifests) if (entry.annotations[name] === place.name("2")) entry.annotations[name] = "x";
    await writeFile(place.store.indexPath, JSON.stringify(index));
    await place.references().releaseNode(place.name("2"));
    const { events } = await place.remove(place.name("1"));
    expect(events.filter(({ type }) => type === "kept")).toMatchObject([{ images: ["x"] }, { images: ["x"] }]);
    expect((await readStore(place.store.folder)).blobs).toHaveLength(4);
    expect((await place.remove("x")).summary).toMatchObject({ image: "x", deleted: { blobs: 4 } });
    expect((await place.content()).blobs).toEqual([]);
  });

  it("removes an image that was pulled in part, with the rests of its blobs", async () => {
    const place = await Place.make();
    const { digest } = place.faults.putImage([one, three], "1");
    const large = place.faults.put(three).digest;
    const denied = { kind: "status", status: 403 } as const;
    place.faults.faultsOf.set(large, [{ kind: "drop", afterBytes: 1_000 }, denied]);
    await expect(place.pull("1", { concurrency: 1 })).rejects.toMatchObject({ code: "DENIED" });
    expect(await readdir(place.store.ingestFolder)).toHaveLength(1);
    await expect(place.references().count(place.store.resource(digest))).resolves.toBe(1);
    await writeFile(place.store.restPath(place.faults.put(one).digest, 1), "rest");
    const { events } = await place.remove(place.name("1"));
    expect(events[0]).toEqual({ type: "unnamed", image: place.name("1") });
    expect((await place.content()).blobs).toEqual([]);
    // That of a blob which is nowhere yet is for whoever pulls it next.
    expect(await readdir(place.store.ingestFolder)).toEqual([expect.stringContaining(large)]);
  });

  it("goes on where an earlier one was ended, whatever was done by then", async () => {
    const place = await Place.make();
    place.faults.putImage([one, two, three], "1");
    for (let done = 0; done < 5; done += 1) {
      await place.pull("1");
      let left = done;
      const stop = new AbortController();
      const onEvent = () => {
        left -= 1;
        if (left < 0) stop.abort(new Error("stopped"));
      };
      const { store } = place;
      const image = place.name("1");
      const removing = removeImage({ hub: place.hub.as("r"), store, image, signal: stop.signal, onEvent });
      await expect(removing).rejects.toThrow("stopped");
      await place.remove(image).catch((error: { code?: string }) => expect(error.code).toBe("NOT_FOUND"));
      expect(await place.content()).toMatchObject({ images: [], blobs: [] });
    }
  });

  it("refuses what is not there, by what it is", async () => {
    const place = await Place.make();
    const nothing = join(await scratchFolder(), "nothing");
    await expect(Store.find(nothing)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(place.remove("app:1")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("has no image docker.io/library/app:1"),
    });
    await expect(place.remove("App:1")).rejects.toMatchObject({ code: "INVALID_REFERENCE" });
    await rm(place.store.indexPath, { force: true });
    await writeFile(place.store.indexPath, "[]");
    await expect(place.remove("app:1")).rejects.toMatchObject({ code: "STORE_FAULT" });
  });
});

describe("a pull beside a removal", () => {
  it("of the same image, that was passed by it, pulls again what is gone before it names the image", async () => {
    const place = await Place.make();
    place.faults.putImage([one, two], "1");
    await place.pull("1");
    await place.remove(place.name("1"));
    let removed = 0;
    const removeOnce = async () => {
      removed += 1;
      if (removed === 1) await place.remove(place.name("1"));
    };
    // The last layer comes when all else of the image is gone.
    const { digest } = place.faults.put(two);
    const before = Promise.withResolvers<void>();
    place.faults.faultsOf.set(digest, [{ kind: "drop", afterBytes: 10, until: before.promise }]);
    const events: string[] = [];
    const pulling = place.pull("1", {
      onEvent: (event) => {
        if (event.type === "done") events.push(event.digest);
        if (event.type === "done" && events.length === 3) void removeOnce().then(before.resolve);
      },
    });
    expect(await pulling).toMatchObject({ all: { blobs: 4 }, downloaded: { blobs: 4 } });
    expect(events.length).toBe(7);
    expect((await place.content()).images).toEqual([place.name("1")]);
  });

  it("of another image that shares a layer finds it counted, or deleted, and never in between", async () => {
    const place = await Place.make();
    place.faults.putImage([one, two], "1");
    place.faults.putImage([two, three], "2");
    await place.pull("1");
    await Promise.all([place.pull("2"), place.remove(place.name("1"))]);
    expect((await place.content()).images).toEqual([place.name("2")]);
  });
});

describe("a removal that waits for a blob", () => {
  it("keeps it when somebody else is counted for it by then", async () => {
    const { place, resource, go } = await waitingRemoval();
    await place.references("sdk").update("pull", resource, { status: "skipped" });
    const { summary, events } = await go();
    expect(summary).toMatchObject({ kept: { blobs: 1, bytes: 1_000 } });
    expect(events).toContainEqual(expect.objectContaining({ type: "kept", images: ["sdk"] }));
    expect(await place.references().storage.get(resource)).toEqual(["sdk"]);
    expect((await place.content()).blobs).toHaveLength(1);
  });

  it("keeps all that is left when the image is pulled again by then", async () => {
    const { place, go } = await waitingRemoval();
    await place.pull("1");
    const { events } = await go();
    expect(events).toContainEqual(expect.objectContaining({ type: "kept", images: [place.name("1")] }));
    expect((await place.content()).images).toEqual([place.name("1")]);
  });
});

describe("openWriter with reference counts", () => {
  it("counts its node once the blob is there, and not before", async () => {
    const place = await Place.make();
    const { digest, size } = place.faults.put(one);
    const { store } = place;
    const resource = store.resource(digest);
    const counts = place.references();
    const open = () => openWriter({ hub: place.hub.as("a"), store, digest, size, refcount: counts });
    const failing = await open();
    if (failing.status === "skipped") throw new Error("nobody has pulled it");
    await failing.write(one.subarray(0, 10));
    await failing.close();
    expect(await counts.shouldSkip("pull", resource)).toBe(false);
    const writer = await open();
    if (writer.status === "skipped") throw new Error("nobody has pulled it");
    await writer.truncate();
    await writer.write(one);
    expect(await counts.count(resource)).toBe(0);
    await writer.commit();
    expect(await counts.storage.get(resource)).toEqual(["sdk"]);
    expect(await counts.canPerform("delete", resource)).toBe(false);
  });

  it("counts a node that is skipped, whether or not anybody was asked", async () => {
    const place = await Place.make();
    const { digest, size } = place.faults.put(one);
    const { store, hub } = place;
    const writer = await openWriter({ hub: hub.as("a"), store, digest, size, refcount: place.references("a") });
    const waiting = openWriter({ hub: hub.as("b"), store, digest, size, refcount: place.references("b") });
    if (writer.status === "skipped") throw new Error("nobody has pulled it");
    await writer.write(one);
    await writer.commit();
    expect(await waiting).toMatchObject({ status: "skipped", by: "a" });
    const there = await openWriter({ hub: hub.as("c"), store, digest, size, refcount: place.references("c") });
    expect(there).toEqual({ status: "skipped", bytes: size });
    expect(await place.references().storage.get(store.resource(digest))).toEqual(["a", "b", "c"]);
  });

  it("waits for a delete of a blob that is there still, and pulls it when it is gone", async () => {
    const place = await Place.make();
    const { digest, size } = place.faults.put(one);
    const { store, hub } = place;
    await writeFile(store.blobPath(digest), one);
    const deleting = await hub.as("d").lock(store.resource(digest), { operation: "delete" });
    const opening = openWriter({ hub: hub.as("a"), store, digest, size, refcount: place.references() });
    while (hub.waiting(store.resource(digest)) === 0) await new Promise((resolve) => setImmediate(resolve));
    await store.remove(digest, deleting.fence);
    await deleting.done({ bytes: size });
    const opened = await opening;
    if (opened.status === "skipped") throw new Error("it is gone");
    await opened.close();
    expect(await place.references().count(store.resource(digest))).toBe(0);
  });

  it("asks nobody for a blob that it is counted for", async () => {
    const place = await Place.make();
    const { digest, size } = place.faults.put(one);
    const { store, hub } = place;
    const refcount = place.references();
    await writeFile(store.blobPath(digest), one);
    await refcount.update("pull", store.resource(digest), { status: "done" });
    expect(await openWriter({ hub: hub.as("a"), store, digest, size, refcount })).toMatchObject({ status: "skipped" });
    expect(hub.asked).toEqual([]);
  });
});
