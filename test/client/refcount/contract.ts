// What every storage of reference counts promises. Each storage's own test names how to make one.
import { describe, expect, it } from "vitest";
import { RefCountManager, type RefCountStorage } from "../../../client/refcount/index.ts";

/** An empty storage, as two nodes see it, and how to let go of it. */
export type StorageInPlace = AsyncDisposable & { readonly a: RefCountStorage; readonly b: RefCountStorage };

/** The promises, for the storages that `open` opens; each sees what `a` and `b` do to themselves. */
export function storageContract(name: string, open: () => Promise<StorageInPlace>): void {
  describe(`the ${name} storage`, () => {
    it("has nobody for what was never referenced", async () => {
      await using storage = await open();
      expect(await storage.a.get("r")).toEqual([]);
      expect(await Array.fromAsync(storage.a.list())).toEqual([]);
    });

    it("keeps a set, which everybody sees", async () => {
      await using storage = await open();
      expect(await storage.a.set("r", ["a"], [])).toBe(true);
      expect(await storage.b.set("r", ["a", "b"], ["a"])).toBe(true);
      expect((await storage.a.get("r")).toSorted()).toEqual(["a", "b"]);
    });

    it("refuses a set that was made of another than there is, and changes nothing", async () => {
      await using storage = await open();
      await storage.a.set("r", ["a"], []);
      expect(await storage.b.set("r", ["b"], [])).toBe(false);
      expect(await storage.b.get("r")).toEqual(["a"]);
      expect(await storage.a.set("r", [], ["a"])).toBe(true);
      expect(await storage.b.set("r", ["a", "b"], ["a"])).toBe(false);
      expect(await storage.b.get("r")).toEqual([]);
    });

    it("compares sets, whatever their order", async () => {
      await using storage = await open();
      await storage.a.set("r", ["a"], []);
      await storage.b.set("r", ["a", "b"], ["a"]);
      expect(await storage.a.set("r", ["b"], ["b", "a"])).toBe(true);
      expect(await storage.b.get("r")).toEqual(["b"]);
    });

    it("deletes a set whoever is in it, and one that is not there", async () => {
      await using storage = await open();
      await storage.a.set("r", ["a"], []);
      await storage.b.delete("r");
      await storage.b.delete("r");
      expect(await storage.a.get("r")).toEqual([]);
      expect(await Array.fromAsync(storage.a.list())).toEqual([]);
    });

    it("lists what is referenced, by prefix and by node", async () => {
      await using storage = await open();
      for (const resource of ["x/1", "x/2", "y"]) await storage.a.set(resource, ["a"], []);
      await storage.b.set("x/2", ["a", "b"], ["a"]);
      await storage.a.set("y", [], ["a"]);
      const listed = async (filter?: Parameters<RefCountStorage["list"]>[0]) =>
        (await Array.fromAsync(storage.b.list(filter))).toSorted();
      expect(await listed()).toEqual(["x/1", "x/2"]);
      expect(await listed({ prefix: "x/2" })).toEqual(["x/2"]);
      expect(await listed({ node: "b" })).toEqual(["x/2"]);
      expect(await listed({ prefix: "y", node: "a" })).toEqual([]);
    });

    it("[B5] takes any name of a resource, and mixes up none", async () => {
      await using storage = await open();
      const names = ["a", "a/b", "ab", "../up", ".", "é", "😀", "a?b&c=d", "x".repeat(512)];
      for (const name of names) expect(await storage.a.set(name, ["a"], [])).toBe(true);
      expect((await Array.fromAsync(storage.b.list())).toSorted()).toEqual(names.toSorted());
      for (const name of names) expect(await storage.b.get(name)).toEqual(["a"]);
    });

    it("loses nothing of what is counted at the same moment", async () => {
      await using storage = await open();
      const [a, b] = [new RefCountManager(storage.a, "a"), new RefCountManager(storage.b, "b")];
      const resources = Array.from({ length: 8 }, (_, place) => `r${place}`);
      const all = resources.flatMap((resource) =>
        [a, b].map((one) => one.update("pull", resource, { status: "done" })),
      );
      await Promise.all(all);
      for (const resource of resources) expect(await a.count(resource)).toBe(2);
      await Promise.all(resources.map((resource) => storage.a.set(resource, ["b"], ["a", "b"])));
      for (const resource of resources) expect(await storage.b.get(resource)).toEqual(["b"]);
    });
  });
}
