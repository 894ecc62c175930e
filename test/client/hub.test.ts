// The SDK against a hub that runs: real sockets, real time, and nothing waited for but events.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { connect, type BatonError } from "../../client/index.ts";
import { HubAndNodes } from "./hub-and-nodes.ts";

let there: HubAndNodes;

beforeEach(async () => {
  there = await HubAndNodes.start();
});

afterEach(() => there[Symbol.asyncDispose]());

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const gathered: Row[] = [];
  for await (const row of rows) gathered.push(row);
  return gathered;
}

describe("one piece of work", () => {
  it("[O1] is done by one node, and the others skip with its result", async () => {
    const nodes = await Promise.all([there.node("a"), there.node("b"), there.node("c"), there.node("d")]);
    let runs = 0;
    const work = Promise.withResolvers<{ bytes: number }>();
    let queued = 0;
    const onQueued = () => {
      queued += 1;
      if (queued === 3) work.resolve({ bytes: 7 });
    };
    const outcomes = await Promise.all(
      nodes.map((hub) =>
        hub.once("layer", { operation: "pull", onQueued }, () => {
          runs += 1;
          return work.promise;
        }),
      ),
    );
    expect(runs).toBe(1);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["done", "skipped", "skipped", "skipped"]);
    expect(outcomes.map(({ result }) => result)).toEqual(Array.from({ length: 4 }, () => ({ bytes: 7 })));
    const late = await nodes[0].once("layer", { operation: "pull", freshMs: 60_000 }, () => 1);
    expect(late).toMatchObject({ status: "skipped", result: { bytes: 7 } });
  });

  it("[O2] goes to the next in line when it fails, with the error of the failure", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const order: unknown[] = [];
    const queued = Promise.withResolvers<void>();
    const failing = a.once("layer", { operation: "pull" }, async () => {
      await queued.promise;
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    });
    const after = b.once("layer", { operation: "pull", onQueued: () => queued.resolve() }, (grant) => {
      order.push(grant.attempt, grant.previous);
      return "done";
    });
    await expect(failing).rejects.toThrow("no space");
    await expect(after).resolves.toMatchObject({ status: "done", attempt: 2 });
    expect(order).toEqual([2, { node: "a", error: { message: "no space", code: "ENOSPC" } }]);
  });

  it("[O2] waits as long as the thrown error says, [O3] or is over for all", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const busy = Object.assign(new Error("429"), { retryAfterMs: 60_000 });
    await expect(a.once("busy", {}, () => Promise.reject(busy))).rejects.toBe(busy);
    await expect(b.once("busy", { waitMs: 0 }, () => 1)).rejects.toMatchObject({ code: "LOCK_DELAYED" });
    expect(await b.tryLock("busy")).toBeUndefined();
    expect((await b.info("busy"))?.delayedMs).toBeGreaterThan(50_000);

    const queued = Promise.withResolvers<void>();
    const gone = Object.assign(new Error("404"), { retry: false });
    const failing = a.once("gone", {}, () => queued.promise.then(() => Promise.reject(gone)));
    const waiting = b.once("gone", { onQueued: () => queued.resolve() }, () => 1);
    await expect(failing).rejects.toBe(gone);
    await expect(waiting).rejects.toMatchObject({ code: "OPERATION_FAILED", failure: { message: "404" } });
  });

  it("[O4] is not tried more often than wanted", async () => {
    const hub = await there.node("a");
    await using other = await hub.lock("layer");
    const failing = hub.once("layer", {}, () => Promise.reject(new Error("oh")));
    const wary = hub.once("layer", { maxAttempts: 1 }, () => 1);
    void other.release();
    await expect(failing).rejects.toThrow("oh");
    await expect(wary).rejects.toMatchObject({ code: "ATTEMPTS_EXHAUSTED", failure: { message: "oh" } });
  });
});

describe("locks", () => {
  it("[Q1] exclude, share and count", async () => {
    const [a, b, c] = await Promise.all([there.node("a"), there.node("b"), there.node("c")]);
    const lock = await a.lock("x");
    expect(await b.tryLock("x")).toBeUndefined();
    const waiting = b.lock("x");
    await lock.release();
    expect((await waiting).fence).toBeGreaterThan(lock.fence);
    await (await waiting).release();

    const shared = await Promise.all([a.shared("s"), b.shared("s")]);
    expect(await c.tryLock("s")).toBeUndefined();
    await Promise.all(shared.map((one) => one.release()));

    await Promise.all([a.permit("p", { limit: 2 }), b.permit("p", { limit: 2 })]);
    await expect(c.permit("p", { limit: 2, waitMs: 0 })).rejects.toMatchObject({ code: "LOCK_ALREADY_HELD" });
    await expect(c.permit("p", { limit: 3 })).rejects.toMatchObject({ code: "LIMIT_MISMATCH" });
  });

  it("[Q5] time out, [Q6] and are cancelled at each stage", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const held = await a.lock("x");
    await expect(b.lock("x", { waitMs: 20 })).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    const abort = new AbortController();
    const onQueued = () => abort.abort();
    await expect(b.lock("x", { signal: abort.signal, onQueued })).rejects.toThrow("aborted");
    // What is asked after the cancel is answered after it.
    await b.lock("y");
    expect((await a.info("x"))?.waiting).toBe(0);
    // The cancel follows the asking in the same frame: it crosses the grant.
    const crossing = new AbortController();
    const asking = b.lock("free", { signal: crossing.signal });
    crossing.abort();
    await expect(asking).rejects.toBe(crossing.signal.reason);
    await using after = await a.lock("free", { waitMs: 5_000 });
    expect(after.held).toBe(true);
    await held.release();
  });

  it("[H1] expire so long after they were extended", async () => {
    const hub = await there.node("a");
    const lock = await hub.lock("x", { holdMs: 60_000 });
    await lock.extend(80);
    const other = hub.lock("x");
    expect(await lock.lost).toMatchObject({ code: "LOCK_EXPIRED" });
    expect((await other).fence).toBeGreaterThan(0);
  });

  it("[H2] are released by force, alone, and only the fence that is meant", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const [lock, other] = await Promise.all([a.lock("x"), a.lock("y")]);
    const { fence } = lock;
    await expect(b.forceRelease("x", { reason: "test", fence: fence + 1 })).rejects.toMatchObject({ code: "CONFLICT" });
    await b.forceRelease("x", { reason: "it hangs", fence });
    const why = await lock.lost;
    expect(why).toMatchObject({ code: "LOCK_REVOKED", message: expect.stringContaining("it hangs") });
    expect(lock.signal.reason).toBe(why);
    expect(other.held).toBe(true);
    await expect(b.forceRelease("nothing", { reason: "test" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("[H4] tell when they are wanted", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const wanted = Promise.withResolvers<number>();
    const lock = await a.lock("x", { onWanted: wanted.resolve });
    const waiting = b.lock("x");
    expect(await wanted.promise).toBe(1);
    await lock.release();
    await (await waiting).release();
  });

  it("[Q4] are taken by a function, with null when they are not available", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const seen = await a.request("x", async (lock) => [
      lock.held,
      await b.request("x", { ifAvailable: true }, (none) => none),
    ]);
    expect(seen).toEqual([true, null]);
    expect(await b.request("x", { ifAvailable: true }, (lock) => lock?.mode)).toBe("exclusive");
    await expect(a.request("x", () => Promise.reject(new Error("a bug")))).rejects.toThrow("a bug");
    expect(await b.tryLock("x")).toBeDefined();
  });

  it("are taken as a mutex, by many at once", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const held = await b.lock("x");
    const mutex = a.mutex("x");
    const locking = Promise.all([mutex.lock(), mutex.lock(), mutex.lock()]);
    await held.release();
    const locks = await locking;
    expect(new Set(locks.map(({ fence }) => fence)).size).toBe(1);
    for (const lock of locks) {
      expect(await b.tryLock("x")).toBeUndefined();
      await lock.unlock();
    }
    expect(await b.tryLock("x")).toBeDefined();
  });
});

describe("looking", () => {
  it("shows one resource whole, with progress, and none that is not there", async () => {
    const [a, b] = await Promise.all([there.node("a"), there.node("b")]);
    const seen = Promise.withResolvers<unknown>();
    await a.once("x", { operation: "pull" }, async (grant) => {
      grant.progress({ done: 5, total: 10, note: "half" });
      const waiting = b.once("x", { operation: "pull", onQueued: seen.resolve }, () => 1);
      expect(await seen.promise).toMatchObject({
        position: 1,
        holders: [{ node: "a", operation: "pull", mode: "once", progress: { done: 5, total: 10, note: "half" } }],
      });
      const view = await b.info("x");
      expect(view).toMatchObject({ resource: "x", holding: 1, waiting: 1, queue: [{ node: "b", detached: false }] });
      expect(view?.holders[0]?.fence).toBe(grant.fence);
      void waiting;
      return { ok: true };
    });
    expect((await b.info("x"))?.outcome).toMatchObject({ operation: "pull", node: "a", result: { ok: true } });
    await b.forget("x");
    expect(await b.info("x")).toBeUndefined();
    await expect(b.forget("x")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("lists by prefix, page by page, whatever the names are", async () => {
    const hub = await there.node("a");
    const names = Array.from({ length: 250 }, (_, n) => `layer/${String(n).padStart(3, "0")} ?&#ü`);
    await Promise.all([...names, "other"].map((name) => hub.lock(name)));
    const rows = await all(hub.list("layer/"));
    expect(rows.map(({ resource }) => resource)).toEqual(names);
    expect(rows[0]?.holders).toMatchObject([{ node: "a", mode: "exclusive" }]);
    expect(await all(hub.list())).toHaveLength(251);
    for await (const row of hub.list()) {
      expect(row.resource).toBe(names[0]);
      break;
    }
  });

  it("says what is wrong when the hub cannot be reached, and stops for a signal", async () => {
    const hub = await there.node("a");
    await expect(hub.info("x", { signal: AbortSignal.abort("no need") })).rejects.toBe("no need");
    await there.kill();
    await expect(hub.info("x")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a session", () => {
  it("[S8] keeps its name to itself until it says bye", async () => {
    const first = await there.node("a");
    const retrying = Promise.withResolvers<{ code: number | undefined }>();
    const second = there.node("a", { on: { retrying: retrying.resolve } });
    expect((await retrying.promise).code).toBe(4409);
    await first.close();
    expect((await second).node).toBe("a");
  });

  it("runs over the WebSocket of ws as well", async () => {
    const hub = await there.node("a", { webSocket: WebSocket });
    await using lock = await hub.lock("x");
    expect(lock.held).toBe(true);
  });

  it("is not opened where nobody listens, and says so in time", async () => {
    const failing = connect("ws://127.0.0.1:1", { connectTimeoutMs: 200 });
    await expect(failing).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await failing.catch((error: BatonError) => expect(error.message).toMatch(/no session within 200 ms: .+/));
  });

  it("does ten thousand cycles, many at once, and leaves nothing behind", async () => {
    const hub = await there.node("a");
    const chain = async (name: string) => {
      for (let n = 0; n < 200; n += 1) await (await hub.lock(name)).release();
    };
    await Promise.all(Array.from({ length: 50 }, (_, n) => chain(`r${n}`)));
    expect(await all(hub.list())).toEqual([]);
  });
});
