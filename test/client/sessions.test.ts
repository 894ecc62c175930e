// What a user's calls come to when a session without grace ends, and when the hub is closed, with the test as the hub.
import { describe, expect, it, vi } from "vitest";
import type { HandClock } from "../support/hand-clock.ts";
import { connected, granted, grantOf, turn, watch, welcome, type FakeSocket } from "./fake-network.ts";

const grace = { graceMs: 15_000 };

describe("without grace", () => {
  it("[S3] a lost socket loses what is held at once, and what waits asks again in the order of the asking", async () => {
    const { hub, socket, network, clock } = await connected();
    const lock = await grantOf(hub.lock("held"), socket);
    const waiting = [hub.lock("w1"), hub.once("w2", { operation: "pull" }, () => 1), hub.lock("w3")].map((call) =>
      watch<unknown>(call),
    );
    await turn();
    socket.end();
    expect(lock.signal.reason).toMatchObject({ code: "SESSION_ENDED" });
    void hub.lock("w4");
    const renewed = vi.fn();
    hub.on("renewed", renewed);
    clock.pass(50);
    const next = await network.welcome({ session: "s2" });
    expect(next.heard()).toMatchObject([
      { type: "hello" },
      { type: "acquire", id: 5, resource: "w1" },
      { type: "acquire", id: 6, resource: "w2", mode: "once", operation: "pull" },
      { type: "acquire", id: 7, resource: "w3" },
      { type: "acquire", id: 8, resource: "w4" },
    ]);
    expect(renewed).toHaveBeenCalledWith({ session: "s2", hub: "h1" });
    next.tell(granted(5));
    await turn();
    expect(waiting.map(({ now }) => now)).toEqual(["resolved", "pending", "pending"]);
    expect(hub.session).toBe("s2");
  });

  it("[S3] what its user takes back for the loss of something else is not asked again", async () => {
    const { hub, socket, network, clock } = await connected();
    const abort = new AbortController();
    const waiting = watch(hub.lock("w", { signal: abort.signal }));
    const asking = hub.lock("x");
    await turn();
    socket.tell(granted(2));
    (await asking).signal.addEventListener("abort", () => abort.abort("enough"));
    socket.end();
    await turn();
    expect(waiting.error).toBe("enough");
    clock.pass(50);
    expect((await network.welcome({ session: "s2" })).heard()).toMatchObject([{ type: "hello" }]);
  });

  it("[S3] a release that the hub may not have heard is settled, and only a success matters", async () => {
    const { hub, socket } = await connected();
    const asking = Promise.all([hub.lock("x"), hub.lock("y"), hub.lock("z")]);
    await turn();
    socket.tell(granted(1), granted(2), granted(3));
    const [x, y, z] = await asking;
    const ends = [watch(x.release()), watch(y.done(1)), watch(z.fail("oh"))];
    await turn();
    socket.end();
    await turn();
    expect(ends.map(({ now }) => now)).toEqual(["resolved", "rejected", "resolved"]);
    expect(ends[1]?.error).toMatchObject({ code: "SESSION_ENDED" });
  });

  it("[S8] gives back what a session held that the hub had not missed, and asks again", async () => {
    const { hub, socket, network, clock } = await connected({}, { lockDelayMs: 3_000 });
    const lock = await grantOf(hub.lock("held"), socket);
    const waiting = watch(hub.lock("waiting"));
    await turn();
    socket.end();
    expect(lock.held).toBe(false);
    clock.pass(50);
    const next = await network.welcome({ resumed: true, lastId: 2, lockDelayMs: 3_000 });
    next.tell(granted(1), { type: "queued", id: 2, position: 1, holders: [] });
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "hello", resume: { session: "s1", secret: "secret of s1" } },
      { type: "acquire", id: 3, resource: "waiting" },
      { type: "release", id: 1, outcome: "failure", error: { code: "SESSION_ENDED" }, retryAfterMs: 3_000 },
      { type: "cancel", id: 2 },
    ]);
    next.tell(granted(3));
    await turn();
    expect(waiting.now).toBe("resolved");
  });

  it("[Q5] a wait goes on without a connection, and is over when its time is", async () => {
    const { hub, socket, network, clock } = await connected();
    const [short, long, never] = [1_000, 5_000, 0].map((waitMs) => watch(hub.lock("x", { waitMs })));
    await turn();
    clock.pass(400);
    socket.end();
    clock.pass(599);
    await turn();
    expect(short?.now).toBe("pending");
    clock.pass(1);
    await turn();
    expect(short?.error).toMatchObject({ code: "LOCK_TIMEOUT" });
    const next = await network.welcome({ session: "s2" });
    expect(next.heard()).toMatchObject([{}, { id: 4, waitMs: 4_000 }, { id: 5, waitMs: 0 }]);
    expect([long?.now, never?.now]).toEqual(["pending", "pending"]);
    expect(clock.timers).toBe(1);
  });

  it("[S2] a silent hub is given up, and its socket says nothing any more", async () => {
    const { hub, socket, network, clock } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    clock.pass(9_999);
    expect(lock.held).toBe(true);
    clock.pass(1);
    expect(lock.signal.reason).toMatchObject({ code: "SESSION_ENDED" });
    expect(socket.closedWith).toBe(4411);
    socket.tell({ type: "ping", n: 1, seen: 0 });
    socket.end();
    clock.pass(50);
    await turn();
    expect(network.sockets).toHaveLength(2);
    expect(socket.heard()).toEqual([]);
  });
});

describe("closing", () => {
  it("[S7] says what was said before and then bye, fails what waits and loses what is held", async () => {
    const { hub, socket } = await connected(grace, grace);
    const asking = Promise.all([hub.lock("x"), hub.lock("y")]);
    const waiting = watch(hub.lock("z"));
    await turn();
    socket.tell(granted(1), granted(2));
    const [x, y] = await asking;
    socket.heard();
    const done = watch(x.done(1));
    const closing = watch(hub.close());
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1 }, { type: "bye" }]);
    expect(waiting.error).toMatchObject({ code: "SESSION_ENDED" });
    await expect(y.lost).resolves.toMatchObject({ code: "SESSION_ENDED" });
    socket.tell({ type: "released", id: 1 });
    socket.end(1000);
    await turn();
    expect([done.now, closing.now]).toEqual(["resolved", "resolved"]);
    await expect(hub.lock("x")).rejects.toMatchObject({ code: "SESSION_ENDED" });
    await hub[Symbol.asyncDispose]();
  });

  it("does not wait for ever for a hub that is silent, and leaves no timer", async () => {
    const { hub, clock } = await connected();
    const closing = watch(hub.close());
    clock.pass(2_000);
    await turn();
    expect(closing.now).toBe("resolved");
    expect(clock.timers).toBe(0);
  });

  it("works without a connection", async () => {
    const { hub, socket, clock } = await connected();
    socket.end();
    const waiting = watch(hub.lock("x", { waitMs: 5_000 }));
    const closed = vi.fn();
    hub.on("closed", closed);
    await hub.close();
    await turn();
    expect(waiting.error).toMatchObject({ code: "SESSION_ENDED" });
    expect(closed).toHaveBeenCalledWith({ error: undefined });
    expect(clock.timers).toBe(0);
  });

  it("[S7] without a connection resumes a session with grace, says again what was released, and then bye", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const asking = Promise.all([hub.lock("x"), hub.lock("y")]);
    await turn();
    socket.tell(granted(1), granted(2));
    const [x, y] = await asking;
    socket.end();
    const done = watch(x.done(1));
    const closing = watch(hub.close());
    expect(y.held).toBe(false);
    await turn();
    const next = network.socket;
    next.open();
    next.tell(welcome({ ...grace, resumed: true, lastId: 2 }), granted(1), granted(2));
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "hello", resume: { session: "s1" } },
      { type: "ping" },
      { type: "release", id: 1, outcome: "success" },
      { type: "bye" },
    ]);
    expect([network.sockets.length, closing.now]).toEqual([2, "pending"]);
    next.tell({ type: "released", id: 1 });
    next.end(1000);
    await turn();
    expect([done.now, closing.now]).toEqual(["resolved", "resolved"]);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ["[S7] resumes a session with grace to say it again", grace, 2],
    ["[S3] is done with one that has none", {}, 1],
  ])("whose bye may not have arrived %s", async (_, fields, sockets) => {
    const { hub, socket, network, clock } = await connected(fields, fields);
    const closing = watch(hub.close());
    await turn();
    socket.end(1006);
    await turn();
    expect(network.sockets).toHaveLength(sockets);
    if (sockets === 2) {
      const next = await network.welcome({ ...grace, resumed: true });
      expect(next.heard()).toMatchObject([{ type: "hello" }, { type: "bye" }]);
      next.end(1000);
      await turn();
    }
    expect([closing.now, clock.timers]).toEqual(["resolved", 0]);
  });

  it.each([
    ["is refused", (next: FakeSocket) => next.end(1006)],
    ["is not answered", (_: FakeSocket, clock: HandClock) => clock.pass(2_000)],
  ])("[S4] without a connection ends by itself when the one try to resume %s", async (_, fails) => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    socket.end();
    const closing = watch(hub.close());
    await turn();
    expect([network.sockets.length, closing.now]).toEqual([2, "pending"]);
    fails(network.socket, clock);
    await turn();
    expect([network.sockets.length, closing.now]).toEqual([2, "resolved"]);
    expect(clock.timers).toBe(0);
  });

  it("by the hub for good fails every call, then and later", async () => {
    const { hub, socket } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    const waiting = watch(hub.lock("y"));
    await turn();
    socket.end(4410, "the session has a new socket");
    await turn();
    expect(waiting.error).toMatchObject({ code: "SESSION_REPLACED" });
    expect(lock.signal.reason).toMatchObject({ code: "SESSION_REPLACED" });
    await expect(hub.lock("x")).rejects.toMatchObject({ code: "SESSION_REPLACED" });
  });

  it("inside a listener of a loss is no harm", async () => {
    const { hub, socket, clock } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("x"), socket);
    lock.signal.addEventListener("abort", () => void hub.close());
    socket.end();
    clock.pass(20_000);
    await turn();
    expect(clock.timers).toBe(0);
    await expect(hub.lock("y")).rejects.toMatchObject({ code: "SESSION_ENDED" });
  });
});

describe("what nobody awaits", () => {
  it("ends no process by failing", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { hub, socket } = await connected();
    const asking = Promise.all([hub.lock("x"), hub.lock("y")]);
    await turn();
    socket.tell(granted(1), granted(2));
    const [x, y] = await asking;
    void x.done(1);
    void y.extend(5);
    void y.lost;
    void y.signal;
    await turn();
    socket.end(4410);
    void x.done(2);
    void y.done(2);
    void y.release();
    void y.fail("late");
    await turn();
    await turn();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
