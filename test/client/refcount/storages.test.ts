// Every storage of reference counts keeps the same promises.
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  FileRefCountStorage,
  HubRefCountStorage,
  MemoryRefCountStorage,
  RefCountManager,
} from "../../../client/refcount/index.ts";
import { HubAndNodes } from "../hub-and-nodes.ts";
import { storageContract } from "./contract.ts";

const nothing = () => Promise.resolve();

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "baton-refcount-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

storageContract("memory", () => {
  const storage = new MemoryRefCountStorage();
  return Promise.resolve({ a: storage, b: storage, [Symbol.asyncDispose]: nothing });
});

storageContract("file", async () => {
  const path = join(await folder(), "made/when/needed");
  return { a: new FileRefCountStorage(path), b: new FileRefCountStorage(path), [Symbol.asyncDispose]: nothing };
});

storageContract("hub", async () => {
  const there = await HubAndNodes.start();
  const [a, b] = await Promise.all(["a", "b"].map((name) => there.node(name)));
  return {
    a: new HubRefCountStorage(a!),
    b: new HubRefCountStorage(b!),
    [Symbol.asyncDispose]: () => there[Symbol.asyncDispose](),
  };
});

describe("the file storage", () => {
  it("leaves one file for each resource, and none for what nobody references", async () => {
    const path = await folder();
    const storage = new FileRefCountStorage(path);
    await storage.set("r", ["a"], []);
    await storage.set("s", ["a"], []);
    await storage.set("s", [], ["a"]);
    await storage.delete("nothing");
    expect(await readdir(path)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  });

  it("says which file is damaged, and takes nothing for it", async () => {
    const path = await folder();
    const storage = new FileRefCountStorage(path);
    await storage.set("r", ["a"], []);
    const [name] = await readdir(path);
    for (const text of ["", "{", "[]", '{"resource":1,"nodes":[]}', '{"resource":"r","nodes":"a"}']) {
      await writeFile(join(path, name!), text);
      const error = { code: "REFCOUNT_FILE", message: expect.stringContaining(name!) };
      await expect(storage.get("r")).rejects.toMatchObject(error);
      await expect(storage.set("r", ["b"], [])).rejects.toMatchObject(error);
    }
  });

  it("does nothing to the counts when it cannot write", async () => {
    const path = join(await folder(), "file");
    await writeFile(path, "");
    await expect(new FileRefCountStorage(path).set("r", ["a"], [])).rejects.toMatchObject({ code: "EEXIST" });
  });
});

describe("the hub storage", () => {
  it("sees all nodes of a large set", async () => {
    await using there = await HubAndNodes.start();
    const names = Array.from({ length: 30 }, (_, place) => `n${place}`);
    for (const name of names) await (await there.node(name)).references.add("r");
    expect((await new HubRefCountStorage(await there.node("a")).get("r")).toSorted()).toEqual(names.toSorted());
  });

  it("adds and drops its own node alone", async () => {
    await using there = await HubAndNodes.start();
    const storage = new HubRefCountStorage(await there.node("a"));
    await expect(storage.set("r", ["b"], [])).rejects.toMatchObject({ code: "FORBIDDEN" });
    await (await there.node("b")).references.add("r");
    await storage.set("r", ["a", "b"], ["b"]);
    await expect(new RefCountManager(storage, "a").releaseNode("b")).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await new RefCountManager(storage, "a").releaseNode("a")).toEqual([]);
    expect(await storage.get("r")).toEqual(["b"]);
  });
});
