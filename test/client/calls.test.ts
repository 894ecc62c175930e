// What a user's calls come to over one connection, with the test as the hub.
import { describe, expect, it, vi } from "vitest";
import { BatonError } from "../../client/index.ts";
import { connected, granted, grantOf, turn, watch } from "./fake-network.ts";

describe("messages", () => {
  it("go in one frame when they are said in one turn", async () => {
    const { hub, socket } = await connected();
    const calls = [hub.lock("x"), hub.lock("y"), hub.shared("z")].map(watch);
    await turn();
    expect(socket.frames).toHaveLength(1);
    expect(socket.heard()).toMatchObject([
      { type: "acquire", id: 1, resource: "x", mode: "exclusive", operation: "run" },
      { type: "acquire", id: 2, resource: "y", mode: "exclusive" },
      { type: "acquire", id: 3, resource: "z", mode: "shared" },
    ]);
    expect(calls.map(({ now }) => now)).toEqual(["pending", "pending", "pending"]);
  });

  it("[B1] go in as many frames as the hub's bound asks for, in order", async () => {
    const { hub, socket } = await connected({}, { limits: { frameBytes: 3_000 } });
    const names = Array.from({ length: 40 }, (_, n) => `${"ü".repeat(100)}${n}`);
    for (const name of names) void hub.lock(name);
    await turn();
    expect(socket.frames.length).toBeGreaterThan(4);
    for (const text of socket.frames) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3_000);
    expect(socket.heard().map((message) => "resource" in message && message.resource)).toEqual(names);
  });

  it("of one frame are handled in order", async () => {
    const { hub, socket } = await connected();
    const lock = hub.lock("x");
    await turn();
    socket.tell(granted(1), { type: "lost", id: 1, code: "LOCK_REVOKED", message: "by an admin" });
    expect((await lock).held).toBe(false);
    expect((await lock).signal.reason).toMatchObject({ code: "LOCK_REVOKED" });
  });

  it("that are not understood are told as a fault, and disturb nothing", async () => {
    const { hub, socket } = await connected();
    const faults: unknown[] = [];
    hub.on("fault", (fault) => faults.push(fault));
    const lock = hub.lock("x");
    await turn();
    socket.tellText(`[{"type":"novelty"},${JSON.stringify(granted(1))}]`);
    await lock;
    expect(faults).toMatchObject([{ code: "INVALID_MESSAGE" }]);
  });

  it.each([
    ["text that is no JSON", "{"],
    ["bytes", new Uint8Array(2)],
  ])("that are %s end the connection", async (_, data) => {
    const { hub, socket, network, clock } = await connected();
    const reasons: string[] = [];
    hub.on("disconnected", ({ reason }) => reasons.push(reason));
    socket.tellText(data);
    expect(socket.closedWith).toBe(4400);
    expect(reasons).toEqual(["the hub sent a frame that is no JSON"]);
    clock.pass(100);
    expect(network.sockets).toHaveLength(2);
  });

  it("of a listener that throws disturb nothing but the listener", async () => {
    const { hub, socket } = await connected();
    const thrown = new Promise((resolve) => process.prependOnceListener("uncaughtException", resolve));
    const others = process.listeners("uncaughtException").slice(1);
    for (const other of others) process.off("uncaughtException", other);
    hub.on("fault", () => {
      throw new Error("a bug of the user's");
    });
    socket.tell({ type: "error", code: "FORBIDDEN", message: "no" });
    await expect(thrown).resolves.toMatchObject({ message: "a bug of the user's" });
    for (const other of others) process.on("uncaughtException", other);
    await expect(Promise.all([hub.lock("x"), turn().then(() => socket.tell(granted(1)))])).resolves.toBeDefined();
  });
});

describe("lock", () => {
  it("is granted with its facts", async () => {
    const { hub, socket } = await connected();
    const asking = hub.lock("x", { operation: "update@v3", holdMs: 60_000, waitMs: 5_000 });
    await turn();
    expect(socket.heard()).toMatchObject([{ operation: "update@v3", holdMs: 60_000, waitMs: 5_000 }]);
    const previous = { node: "b", error: { message: "oh" } };
    socket.tell({ ...granted(1, 41), attempt: 2, previous });
    const lock = await asking;
    expect(lock).toMatchObject({ resource: "x", name: "x", operation: "update@v3", mode: "exclusive", session: "s1" });
    expect(lock).toMatchObject({ fence: 41, attempt: 2, previous, held: true });
  });

  it("says none when it is released or disposed of, once, and settles when the hub has it", async () => {
    const { hub, socket } = await connected();
    const asking = hub.lock("x");
    await turn();
    socket.tell(granted(1));
    const lock = await asking;
    socket.heard();
    const releases = [watch(lock.release()), watch(lock.release()), watch(lock[Symbol.asyncDispose]())];
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1, outcome: "none" }]);
    expect(releases.map(({ now }) => now)).toEqual(["pending", "pending", "pending"]);
    expect(lock.held).toBe(false);
    await expect(lock.lost).resolves.toBeUndefined();
    socket.tell({ type: "released", id: 1 });
    await turn();
    expect(releases.map(({ now }) => now)).toEqual(["resolved", "resolved", "resolved"]);
    expect(lock.signal.aborted).toBe(false);
  });

  it("[O1] says success with a result by done, and failure by fail", async () => {
    const { hub, socket } = await connected();
    const asking = Promise.all([hub.lock("x"), hub.lock("y"), hub.lock("z")]);
    await turn();
    socket.tell(granted(1), granted(2), granted(3));
    const [x, y, z] = await asking;
    socket.heard();
    void x.done({ bytes: 3 });
    void y.fail(Object.assign(new Error("429"), { code: "TOO_MANY" }), { retryAfterMs: 1_000 });
    void z.fail("in vain", { retry: false });
    await turn();
    expect(socket.heard()).toEqual([
      { type: "release", id: 1, outcome: "success", result: { bytes: 3 }, retry: true },
      {
        type: "release",
        id: 2,
        outcome: "failure",
        error: { message: "429", code: "TOO_MANY" },
        retry: true,
        retryAfterMs: 1_000,
      },
      { type: "release", id: 3, outcome: "failure", error: { message: "in vain" }, retry: false },
    ]);
    await expect(x.done()).rejects.toMatchObject({ code: "LOCK_NOT_HELD" });
  });

  it("still holds when its result cannot be sent", async () => {
    const { hub, socket } = await connected({}, { limits: { resultBytes: 10, jsonDepth: 4 } });
    const lock = await grantOf(hub.lock("x"), socket);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const result of ["123456789", circle, () => 1, 1n, [[[[]]]]]) {
      await expect(lock.done(result)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
    }
    expect(lock.held).toBe(true);
    void lock.done("12345678");
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "success", result: "12345678" }]);
  });

  it.each(["LOCK_REVOKED", "LOCK_EXPIRED"] as const)(
    "[H2] aborts its signal and tells why when it is lost: %s",
    async (code) => {
      const { hub, socket } = await connected();
      const lock = await grantOf(hub.lock("x"), socket);
      const { signal, lost } = lock;
      socket.tell({ type: "lost", id: 1, code, message: "told so" });
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toBeInstanceOf(BatonError);
      await expect(lost).resolves.toMatchObject({ code, message: "told so" });
      expect(lock.held).toBe(false);
      expect(() => lock.fence).toThrow("told so");
      await lock.release();
      await expect(lock.done()).rejects.toMatchObject({ code });
      await expect(lock.extend(5)).rejects.toMatchObject({ code });
      await turn();
      expect(socket.heard()).toEqual([]);
    },
  );

  it("[H5] reports progress, and refuses what is none", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    lock.progress({ done: 5, total: 10, note: "half" });
    expect(() => lock.progress({ done: -1 })).toThrow("numbers from 0");
    expect(() => lock.progress({ note: "n".repeat(300) })).toThrow("at most 256 bytes");
    const empty = JSON.parse("null");
    expect(() => lock.progress(empty)).toThrow("progress takes an object {done?, total?, note?}, not null");
    await turn();
    expect(socket.heard()).toEqual([{ type: "progress", id: 1, done: 5, total: 10, note: "half" }]);
  });

  it("[H1] extends its hold, and is lost by the own clock when that is over", async () => {
    const { hub, socket, clock } = await connected();
    const asking = hub.lock("x", { holdMs: 1_000 });
    await turn();
    socket.tell({ ...granted(1), holdMs: 1_000 });
    const lock = await asking;
    socket.heard();
    clock.pass(900);
    const extending = watch(lock.extend(1_000));
    await turn();
    expect(socket.heard()).toEqual([{ type: "extend", id: 1, holdMs: 1_000 }]);
    socket.tell({ type: "extended", id: 1, holdMs: 1_000 });
    await turn();
    expect(extending.now).toBe("resolved");
    clock.pass(999);
    expect(lock.held).toBe(true);
    clock.pass(1);
    expect(lock.signal.reason).toMatchObject({ code: "LOCK_EXPIRED" });
  });

  it("[H3] fails what the hub says it does not hold", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const extending = watch(lock.extend(1_000));
    socket.tell({ type: "error", id: 1, code: "LOCK_NOT_HELD", message: "not held" });
    await turn();
    expect(extending.error).toMatchObject({ code: "LOCK_NOT_HELD" });
  });

  it("[H4] tells when it is wanted, and asks for that only if somebody listens", async () => {
    const { hub, socket } = await connected();
    const onWanted = vi.fn();
    void hub.lock("x", { onWanted });
    void hub.lock("y");
    await turn();
    expect(socket.heard()).toMatchObject([{ wanted: true }, { wanted: false }]);
    socket.tell(granted(1), { type: "wanted", id: 1, waiting: 2 });
    expect(onWanted.mock.calls).toEqual([[2]]);
  });

  it("tells where it waits", async () => {
    const { hub, socket } = await connected();
    const onQueued = vi.fn();
    void hub.lock("x", { onQueued });
    await turn();
    const holders = [{ node: "b", operation: "run", mode: "exclusive" as const, heldMs: 7 }];
    socket.tell({ type: "queued", id: 1, position: 3, holders });
    expect(onQueued.mock.calls).toEqual([[{ position: 3, holders }]]);
  });

  it.each(["LOCK_TIMEOUT", "QUEUE_FULL", "OPERATION_FAILED"] as const)(
    "fails with %s as the hub says",
    async (code) => {
      const { hub, socket } = await connected();
      const call = watch(hub.lock("x"));
      await turn();
      socket.tell({ type: "failed", id: 1, code, message: "so it is", error: { message: "oh" } });
      await turn();
      expect(call.error).toMatchObject({ name: "BatonError", code, message: "so it is", failure: { message: "oh" } });
    },
  );

  it("fails when the hub refuses the asking", async () => {
    const { hub, socket } = await connected();
    const call = watch(hub.lock("x"));
    await turn();
    socket.tell({ type: "error", id: 1, code: "FORBIDDEN", message: "not you" });
    await turn();
    expect(call.error).toMatchObject({ code: "FORBIDDEN" });
  });

  it("gives back what the hub takes for held though nobody here does", async () => {
    const { socket } = await connected();
    socket.tell(granted(9), { type: "queued", id: 10, position: 1, holders: [] });
    await turn();
    expect(socket.heard()).toMatchObject([
      { type: "release", id: 9, outcome: "failure", error: { code: "SESSION_ENDED" } },
      { type: "cancel", id: 10 },
    ]);
  });

  it("says a release again that the hub could not take just now", async () => {
    const { hub, socket, clock } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const releasing = watch(lock.done(1));
    await turn();
    socket.heard();
    socket.tell({ type: "error", id: 1, code: "UNAVAILABLE", message: "no quorum" });
    clock.pass(1_000);
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1, outcome: "success", result: 1 }]);
    socket.tell({ type: "released", id: 1 });
    await turn();
    expect(releasing.now).toBe("resolved");
  });

  const wordless = { type: "release", id: 1, outcome: "failure", retry: true };

  it("frees the resource by a failure without words when the hub does not take the words of a success", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const saying = watch(lock.done("too long"));
    await turn();
    socket.heard();
    socket.tell({ type: "error", id: 1, code: "INVALID_MESSAGE", message: "at most 5 bytes" });
    await turn();
    expect(socket.heard()).toEqual([wordless]);
    expect(saying.error).toMatchObject({ code: "INVALID_MESSAGE" });
  });

  it("frees the resource by a failure without words when the hub does not take those of a failure", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const failing = watch(lock.fail("too long", { retryAfterMs: 5 }));
    const refusal = { type: "error", id: 1, code: "INVALID_MESSAGE", message: "at most 5 bytes" } as const;
    await turn();
    socket.heard();
    socket.tell(refusal);
    await turn();
    expect(socket.heard()).toEqual([wordless]);
    expect(failing.now).toBe("pending");
    socket.tell({ type: "released", id: 1 });
    await turn();
    expect(failing.now).toBe("resolved");
  });

  it("says no more of what the hub refuses without words too", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const failing = watch(lock.fail("too long"));
    const refusal = { type: "error", id: 1, code: "INVALID_MESSAGE", message: "no" } as const;
    await turn();
    socket.tell(refusal, refusal);
    await turn();
    expect(failing.now).toBe("resolved");
    expect(socket.heard()).toHaveLength(2);
    socket.tell(refusal);
    await turn();
    expect(socket.heard()).toEqual([]);
  });
});
