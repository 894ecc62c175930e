// The right to write a blob: who gets it, who is skipped, what a dead holder leaves, what never becomes a blob.
import { randomBytes } from "node:crypto";
import { open, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ContentError, openWriter, type Store, type Writer } from "../../../client/content/index.ts";
import type { WriterOptions } from "../../../client/content/open-writer.ts";
import { digestOf } from "../../support/image.ts";
import { FakeHub } from "./fake-hub.ts";
import { handMovedPause, scratchFolder, scratchStore } from "./scratch.ts";

const bytes = randomBytes(3_000_000);
const digest = digestOf(bytes);
const size = bytes.length;

async function openedBy(hub: FakeHub, node: string, store: Store, more: Partial<WriterOptions> = {}): Promise<Writer> {
  const opened = await openWriter({ hub: hub.as(node), store, digest, size, ...more });
  if (opened.status === "skipped") throw new Error(`${node} was skipped`);
  return opened;
}

const restsOf = (store: Store): Promise<string[]> => readdir(store.ingestFolder);

/** Has the next call of a file handle fail as the system would. */
async function refuse(method: "write" | "sync", code: string): Promise<void> {
  const probe = await open(join(await scratchFolder(), "probe"), "w");
  const spy = vi.spyOn(Object.getPrototypeOf(probe), method);
  await probe.close();
  spy.mockRejectedValueOnce(Object.assign(new Error(`${code}: refused, ${method}`), { code, errno: -1 }));
  onTestFinished(() => spy.mockRestore());
}

describe("openWriter", () => {
  it("writes a blob, verifies it, puts it in its place and says success", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    expect(writer.status()).toEqual({ offset: 0, resumed: 0, total: size });
    expect(await restsOf(store)).toEqual([`${digest}.${writer.fence}`]);
    await writer.write(bytes.subarray(0, 1_000_000));
    await writer.write(bytes.subarray(1_000_000));
    await writer.commit();
    await writer.close();
    expect(digestOf(await readFile(store.blobPath(digest)))).toBe(digest);
    expect(await restsOf(store)).toEqual([]);
    expect(hub.releases).toEqual([{ resource: `${store.id}/${digest}`, node: "a", fence: writer.fence }]);
  });

  it("takes the folder of a store as well as the store", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openWriter({ hub: hub.as("a"), store: store.folder, digest, size });
    if (writer.status === "skipped") throw new Error("it is not there yet");
    await writer.write(bytes);
    await writer.commit();
    expect(digestOf(await readFile(store.blobPath(digest)))).toBe(digest);
    const skipped = await openWriter({ hub: hub.as("b"), store: store.folder, digest, size });
    expect(skipped).toMatchObject({ status: "skipped", bytes: size });
  });

  it("[O1] skips everyone who waits, once they see the blob", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    const queued: number[] = [];
    const waiters = ["b", "c"].map((node) =>
      openWriter({ hub: hub.as(node), store, digest, size, onQueued: ({ position }) => queued.push(position) }),
    );
    await writer.write(bytes);
    await writer.commit();
    const skip = { status: "skipped", bytes: size, by: "a", fence: writer.fence };
    expect(await Promise.all(waiters)).toEqual([skip, skip]);
    expect(queued).toEqual([1, 2]);
  });

  it("asks nobody for a blob that is there with its size", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    await writeFile(store.blobPath(digest), bytes);
    expect(await openWriter({ hub: hub.as("a"), store, digest, size })).toEqual({ status: "skipped", bytes: size });
    expect(hub.asked).toEqual([]);
  });

  it("asks for a short blob without what is remembered, and replaces it", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    await writeFile(store.blobPath(digest), bytes.subarray(1));
    hub.remember(store.resource(digest), { by: "x", fence: 1, result: { bytes: size } });
    const writer = await openedBy(hub, "a", store);
    await writer.write(bytes);
    await writer.commit();
    expect(digestOf(await readFile(store.blobPath(digest)))).toBe(digest);
  });

  it("with verify, asks for a blob whose content is another", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    await writeFile(store.blobPath(digest), randomBytes(size));
    const writer = await openedBy(hub, "a", store, { verify: true });
    await writer.close();
    expect(hub.asked).toHaveLength(1);
  });

  it("[O7] believes a success only when it sees the blob, and asks again without freshMs after 10 s", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    hub.remember(store.resource(digest), { by: "x", fence: 1, result: { bytes: size } });
    const { pause, passedMs } = handMovedPause();
    const writer = await openedBy(hub, "a", store, { pause });
    expect(passedMs()).toBeGreaterThanOrEqual(10_000);
    expect(hub.asked.map(({ freshMs }) => freshMs)).toEqual([300_000, undefined]);
    await writer.close();
  });

  it("takes a success when the blob comes to sight late", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    hub.remember(store.resource(digest), { by: "x", fence: 7, result: { bytes: size } });
    const { pause } = handMovedPause(async (passedMs) => {
      if (passedMs > 5_000) await writeFile(store.blobPath(digest), bytes);
    });
    const opened = await openWriter({ hub: hub.as("a"), store, digest, pause });
    expect(opened).toEqual({ status: "skipped", bytes: size, by: "x", fence: 7 });
  });

  it("downloads nothing when a hub that forgot grants what is there meanwhile", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const first = await openedBy(hub, "a", store);
    const second = openWriter({ hub: hub.as("b"), store, digest, size });
    await writeFile(store.blobPath(digest), bytes);
    await first.close();
    expect(await second).toEqual({ status: "skipped", bytes: size });
    expect(hub.releases.at(-1)).not.toHaveProperty("error");
  });

  it("leaves the queue when its signal aborts, and gives back a grant as a failure", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const abort = new AbortController();
    const writer = await openedBy(hub, "a", store, { signal: abort.signal });
    const waiter = openWriter({ hub: hub.as("b"), store, digest, size, signal: abort.signal });
    await expect.poll(() => hub.waiting(store.resource(digest))).toBe(1);
    await writer.write(bytes.subarray(0, 1_000));
    abort.abort(new Error("enough"));
    await expect(waiter).rejects.toThrow("enough");
    await expect(writer.write(bytes)).rejects.toThrow("enough");
    expect(writer.signal.aborted).toBe(true);
    await writer.close(new Error("enough"));
    expect(hub.releases.at(-1)?.error).toEqual(new Error("enough"));
    expect(await restsOf(store)).toHaveLength(1);
  });
});

describe("a holder that ends without a commit", () => {
  it("[O2] fails, keeps its rest, and the next in line goes on from a copy of it", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const first = await openedBy(hub, "a", store);
    const next = openedBy(hub, "b", store);
    await first.write(bytes.subarray(0, 2_000_000));
    await first.close();
    expect(hub.releases.at(-1)?.error).toMatchObject({ code: "NOT_COMMITTED" });
    const second = await next;
    expect(second.status()).toEqual({ offset: 2_000_000, resumed: 2_000_000, total: size });
    expect(second).toMatchObject({ attempt: 2, previous: { node: "a" } });
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(new Set(await restsOf(store))).toEqual(new Set([`${digest}.${first.fence}`, `${digest}.${second.fence}`]));
    await second.write(bytes.subarray(2_000_000));
    await second.commit();
    expect(digestOf(await readFile(store.blobPath(digest)))).toBe(digest);
    expect(await restsOf(store)).toEqual([]);
  });

  it("takes the longest rest that is not too long, and never writes another's file", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const rests: [number, Buffer][] = [
      [1, bytes.subarray(0, 10)],
      [2, bytes.subarray(0, 1_234_567)],
      [3, Buffer.concat([bytes, bytes])],
      [4, Buffer.alloc(0)],
    ];
    for (const [fence, rest] of rests) await writeFile(store.restPath(digest, fence), rest);
    await writeFile(store.restPath(digestOf(Buffer.from("other")), 5), bytes);
    const writer = await openedBy(hub, "a", store);
    expect(writer.status().resumed).toBe(1_234_567);
    for (const [fence, rest] of rests) expect(rest.equals(await readFile(store.restPath(digest, fence)))).toBe(true);
    await writer.write(bytes.subarray(1_234_567));
    await writer.commit();
    expect(await restsOf(store)).toEqual([`${digestOf(Buffer.from("other"))}.5`]);
  });

  it("leaves the file of a newer holder alone: an old one neither copies nor removes it", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    await writeFile(store.restPath(digest, 5_000), bytes.subarray(0, 500));
    const writer = await openedBy(hub, "a", store);
    expect(writer.status().resumed).toBe(0);
    await writer.write(bytes);
    await writer.commit();
    expect(await restsOf(store)).toEqual([`${digest}.5000`]);
  });

  it("leaves no empty file", async () => {
    const store = await scratchStore();
    const writer = await openedBy(new FakeHub(), "a", store);
    await writer.close();
    expect(await restsOf(store)).toEqual([]);
  });

  it("whose grant is lost writes and renames nothing more", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    const lost = Object.assign(new Error("taken back"), { code: "LOCK_REVOKED" });
    await writer.write(bytes);
    hub.lose(store.resource(digest), lost);
    await expect(writer.write(bytes)).rejects.toBe(lost);
    await expect(writer.commit()).rejects.toBe(lost);
    await writer.close();
    expect(await store.look(digest, size)).toEqual({ state: "absent" });
    expect(await restsOf(store)).toEqual([`${digest}.${writer.fence}`]);
  });

  it("whose grant is lost leaves no rest when the next holder has committed by then", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    await writer.write(bytes.subarray(0, 1_000));
    hub.lose(store.resource(digest), new Error("taken back"));
    const next = await openedBy(hub, "b", store);
    await next.write(bytes.subarray(1_000));
    await next.commit();
    await writeFile(store.restPath(digest, writer.fence), bytes);
    await writer.close();
    expect(await restsOf(store)).toEqual([]);
  });
});

describe("a store that refuses", () => {
  it("for want of space is said so, and the space that was taken is given back", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    await writer.write(bytes.subarray(0, 1_000));
    await refuse("write", "ENOSPC");
    const error = await writer.write(bytes.subarray(1_000)).catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: "DISK_FULL",
      message: expect.stringMatching(/no space left for .*ingest.*free/),
    });
    await writer.close(error);
    expect(await restsOf(store)).toEqual([]);
    expect(hub.releases.at(-1)?.error).toBe(error);
  });

  it("to make the bytes safe never names a blob", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    await writer.write(bytes);
    await refuse("sync", "EIO");
    await expect(writer.commit()).rejects.toMatchObject({ code: "STORE_FAULT", message: expect.stringMatching(/EIO/) });
    await writer.close();
    expect(await store.look(digest, size)).toEqual({ state: "absent" });
    expect(hub.releases.at(-1)?.error).toMatchObject({ code: "STORE_FAULT" });
  });
});

describe("what is not the blob", () => {
  it("is thrown away with the rests it may come from, and the writer begins anew", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    await writeFile(store.restPath(digest, 1), Buffer.alloc(1_000));
    const writer = await openedBy(hub, "a", store);
    await writer.write(bytes.subarray(1_000));
    await expect(writer.commit()).rejects.toMatchObject({ code: "WRONG_DIGEST" });
    expect(writer.status()).toEqual({ offset: 0, resumed: 0, total: size });
    expect(await restsOf(store)).toEqual([`${digest}.${writer.fence}`]);
    await writer.write(bytes);
    await writer.commit();
    expect(digestOf(await readFile(store.blobPath(digest)))).toBe(digest);
  });

  it("leaves nothing behind when the writer is closed, and the hub hears why", async () => {
    const hub = new FakeHub();
    const store = await scratchStore();
    const writer = await openedBy(hub, "a", store);
    await writer.write(randomBytes(size));
    await expect(writer.commit()).rejects.toThrow(ContentError);
    await writer.close();
    expect(await restsOf(store)).toEqual([]);
    expect(await store.look(digest, size)).toEqual({ state: "absent" });
    expect(hub.releases.at(-1)?.error).toMatchObject({ code: "WRONG_DIGEST" });
  });

  it("is not committed when it is short, and not written past its size", async () => {
    const store = await scratchStore();
    const writer = await openedBy(new FakeHub(), "a", store);
    await writer.write(bytes.subarray(1));
    await expect(writer.commit()).rejects.toMatchObject({ code: "WRONG_SIZE" });
    await expect(writer.write(bytes)).rejects.toMatchObject({ code: "WRONG_SIZE" });
    await writer.close();
  });

  it("never gets a name: committing twice and writing after the end fail", async () => {
    const store = await scratchStore();
    const writer = await openedBy(new FakeHub(), "a", store);
    await writer.write(bytes);
    await writer.commit();
    await expect(writer.write(bytes)).rejects.toMatchObject({ code: "NOT_COMMITTED" });
    await expect(writer.commit()).rejects.toMatchObject({ code: "NOT_COMMITTED" });
  });
});

it("[H5] lets those who wait see how far the holder is: its first bytes at once, then what there is twice a second", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const hub = new FakeHub();
  const store = await scratchStore();
  const writer = await openedBy(hub, "a", store);
  const told = () => hub.progressOf(store.resource(digest));
  expect(told()).toEqual([0]);
  await writer.write(bytes.subarray(0, 100));
  await writer.write(bytes.subarray(100, 300));
  await writer.write(bytes.subarray(300, 600));
  expect(told()).toEqual([0, 100]);
  vi.advanceTimersByTime(500);
  expect(told()).toEqual([0, 100, 600]);
  vi.advanceTimersByTime(60_000);
  expect(told()).toEqual([0, 100, 600]);
  await writer.truncate();
  expect(told()).toEqual([0, 100, 600, 0]);
  await writer.write(bytes);
  await writer.commit();
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
});
