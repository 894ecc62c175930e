// What reference counts allow, and what each operation's end does to them.
import { describe, expect, it } from "vitest";
import { MemoryRefCountStorage, RefCountManager, type RefCountStorage } from "../../../client/refcount/index.ts";

const done = { status: "done" } as const;
const skipped = { status: "skipped" } as const;
const failed = { status: "failed" } as const;

/** Nodes that share one storage. */
function nodes<const Names extends readonly string[]>(...names: Names): { [Place in keyof Names]: RefCountManager };
function nodes(...names: string[]): RefCountManager[] {
  const storage = new MemoryRefCountStorage();
  return names.map((name) => new RefCountManager(storage, name));
}

describe("shouldSkip", () => {
  it("is true for a pull of what anybody references, and for nothing else", async () => {
    const [a, b] = nodes("a", "b");
    expect(await a.shouldSkip("pull", "r")).toBe(false);
    await a.update("pull", "r", done);
    expect(await b.shouldSkip("pull", "r")).toBe(true);
    expect(await a.shouldSkip("pull", "r")).toBe(true);
    expect(await b.shouldSkip("pull", "s")).toBe(false);
    for (const operation of ["update", "delete", "run", "update@pull", "Pull"]) {
      expect(await b.shouldSkip(operation, "r")).toBe(false);
    }
    expect(await b.shouldSkip("pull@v2", "r")).toBe(true);
  });
});

describe("canPerform", () => {
  it("refuses a delete while anybody references it, the own node too", async () => {
    const [a, b] = nodes("a", "b");
    expect(await a.canPerform("delete", "r")).toBe(true);
    await a.update("pull", "r", done);
    expect(await a.canPerform("delete", "r")).toBe(false);
    expect(await b.canPerform("delete", "r")).toBe(false);
    await a.releaseNode("a");
    expect(await b.canPerform("delete", "r")).toBe(true);
  });

  it("refuses an update of what is referenced only if it is to", async () => {
    const [a] = nodes("a");
    const strict = { updateRequiresNoRef: true };
    expect(await a.canPerform("update@v3", "r", strict)).toBe(true);
    await a.update("pull", "r", done);
    expect(await a.canPerform("update", "r")).toBe(true);
    expect(await a.canPerform("update@v3", "r", { updateRequiresNoRef: false })).toBe(true);
    expect(await a.canPerform("update", "r", strict)).toBe(false);
    expect(await a.canPerform("update@v3", "r", strict)).toBe(false);
  });

  it("refuses nothing else", async () => {
    const [a] = nodes("a");
    await a.update("pull", "r", done);
    for (const operation of ["pull", "run", "undelete"]) {
      expect(await a.canPerform(operation, "r", { updateRequiresNoRef: true })).toBe(true);
    }
  });
});

describe("update", () => {
  it("counts a node that has pulled, or was skipped, once", async () => {
    const [a, b] = nodes("a", "b");
    await a.update("pull", "r", done);
    await a.update("pull", "r", done);
    expect(await a.count("r")).toBe(1);
    await b.update("pull", "r", skipped);
    await b.update("pull", "r", skipped);
    expect(await a.count("r")).toBe(2);
    expect(await a.storage.get("r")).toEqual(["a", "b"]);
  });

  it("of a failure changes nothing", async () => {
    const [a] = nodes("a");
    await a.update("pull", "r", failed);
    expect(await a.count("r")).toBe(0);
    await a.update("pull", "r", done);
    await a.update("delete", "r", failed);
    await a.update("pull", "r", failed);
    expect(await a.count("r")).toBe(1);
  });

  it("of a delete that was done here has nobody reference it; of one that was skipped, nothing: that was done elsewhere", async () => {
    const [a, b] = nodes("a", "b");
    for (const one of [a, b]) await one.update("pull", "r", done);
    await a.update("delete", "r", skipped);
    expect(await a.count("r")).toBe(2);
    await a.update("delete", "r", done);
    expect(await b.count("r")).toBe(0);
  });

  it("of any other operation changes nothing", async () => {
    const [a] = nodes("a");
    for (const operation of ["update", "update@v3", "run"]) await a.update(operation, "r", done);
    expect(await a.count("r")).toBe(0);
  });

  it("takes what hub.once answers", async () => {
    const [a] = nodes("a");
    const answer = { status: "skipped", by: "b", fence: 7, ageMs: 3, result: null } as const;
    await a.update("pull", "r", answer);
    expect(await a.count("r")).toBe(1);
  });

  it("is tried until nobody has come between", async () => {
    const storage = new MemoryRefCountStorage();
    let between = 3;
    const busy: RefCountStorage = {
      get: (resource) => storage.get(resource),
      set: async (resource, nodes, expected) => {
        between -= 1;
        if (between >= 0) await storage.set(resource, [...expected, `other ${between}`], expected);
        return storage.set(resource, nodes, expected);
      },
      delete: (resource) => storage.delete(resource),
      list: (filter) => storage.list(filter),
    };
    await new RefCountManager(busy, "a").update("pull", "r", done);
    expect(await storage.get("r")).toEqual(["other 2", "other 1", "other 0", "a"]);
  });
});

describe("releaseNode", () => {
  it("drops all references of a node, and tells what nobody references now", async () => {
    const [a, b] = nodes("a", "b");
    for (const resource of ["r", "s", "t"]) await a.update("pull", resource, done);
    await b.update("pull", "s", done);
    await b.update("pull", "u", done);
    expect((await b.releaseNode("a")).toSorted()).toEqual(["r", "t"]);
    expect(await b.releaseNode("a")).toEqual([]);
    expect(await Array.fromAsync(b.storage.list())).toEqual(["s", "u"]);
  });
});
