// What a user's calls come to when a session with grace loses its socket, with the test as the hub.
import { describe, expect, it, vi } from "vitest";
import { connected, granted, grantOf, turn, watch } from "./fake-network.ts";

const grace = { graceMs: 15_000 };
const resumed = { ...grace, resumed: true };

describe("with grace", () => {
  it("[S9] holders hold and waiters wait on, and nothing is asked twice", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("held"), socket);
    const waiting = watch(hub.lock("waiting"));
    await turn();
    const events: string[] = [];
    hub.on("disconnected", ({ graceMs }) => events.push(`disconnected ${graceMs}`));
    hub.on("resumed", ({ session }) => events.push(`resumed ${session}`));
    socket.end();
    expect(lock.held).toBe(true);
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 2 });
    next.tell(granted(1), { type: "queued", id: 2, position: 1, holders: [] });
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "hello", graceMs: 15_000, resume: { session: "s1" } },
      { type: "ping" },
    ]);
    expect(lock.held).toBe(true);
    expect(waiting.now).toBe("pending");
    next.tell(granted(2));
    await turn();
    expect(waiting.now).toBe("resolved");
    expect(events).toEqual(["disconnected 15000", "resumed s1"]);
  });

  it("[S9] says again what the hub has not received, under the same id, before anything new", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const calls = [hub.lock("x"), hub.lock("y"), hub.lock("z")].map(watch);
    await turn();
    socket.end();
    void hub.lock("new");
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 1 });
    expect(next.heard()).toMatchObject([
      { type: "hello" },
      { type: "acquire", id: 2, resource: "y" },
      { type: "acquire", id: 3, resource: "z" },
      { type: "acquire", id: 4, resource: "new" },
      { type: "ping" },
    ]);
    next.tell({ type: "skipped", id: 1, by: "b", fence: 1, ageMs: 0 }, granted(2));
    await turn();
    expect(calls[1]?.now).toBe("resolved");
  });

  it("[S9] says a release again whose request is told as granted, and not one whose answer was kept", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const asking = Promise.all([hub.lock("x"), hub.lock("y")]);
    await turn();
    socket.tell(granted(1), granted(2));
    const [x, y] = await asking;
    const ends = [watch(x.done("r")), watch(y.done("r"))];
    await turn();
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 2 });
    next.tell({ type: "released", id: 1 }, granted(2));
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "hello" },
      { type: "ping" },
      { type: "release", id: 2, outcome: "success", result: "r" },
    ]);
    expect(ends.map(({ now }) => now)).toEqual(["resolved", "pending"]);
    next.tell({ type: "released", id: 2 });
    await turn();
    expect(ends[1]?.now).toBe("resolved");
  });

  it("[S9] says a release that was decided without a connection, and a cancel, and an extension", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const abort = new AbortController();
    const asking = Promise.all([hub.lock("x"), hub.lock("y")]);
    const cancelled = watch(hub.lock("z", { signal: abort.signal }));
    await turn();
    socket.tell(granted(1), granted(2));
    const [x, y] = await asking;
    socket.end();
    const ends = [watch(x.release()), watch(y.extend(9_000))];
    abort.abort();
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 3 });
    next.heard();
    next.tell(granted(1), granted(2), { type: "queued", id: 3, position: 1, holders: [] });
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "release", id: 1, outcome: "none" },
      { type: "extend", id: 2, holdMs: 9_000 },
      { type: "cancel", id: 3 },
    ]);
    next.tell({ type: "released", id: 1 }, { type: "extended", id: 2, holdMs: 9_000 });
    next.tell({ type: "failed", id: 3, code: "CANCELLED", message: "" });
    await turn();
    expect([...ends, cancelled].map(({ now }) => now)).toEqual(["resolved", "resolved", "rejected"]);
  });

  it("[S9] tells no answer twice", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const onQueued = vi.fn();
    const once = watch(hub.once("x", { onQueued }, () => 1));
    await turn();
    const skipped = { type: "skipped", id: 1, by: "b", fence: 1, ageMs: 0 } as const;
    socket.tell(skipped);
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 1 });
    next.tell(skipped);
    await turn();
    expect(once.value).toMatchObject({ status: "skipped" });
    expect(next.heard()).toHaveLength(1);
  });

  it("[S9] gives back what was granted to a call that was aborted before the hub had it", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const abort = new AbortController();
    void watch(hub.lock("x", { signal: abort.signal }));
    await turn();
    socket.end();
    abort.abort();
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 0 });
    expect(next.heard()).toMatchObject([{ type: "hello" }]);
  });

  it("[S9] fails a call whose grant was taken back before it heard of it", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const call = watch(hub.lock("x"));
    await turn();
    socket.end();
    clock.pass(50);
    const next = await network.welcome({ ...resumed, lastId: 1 });
    next.tell({ type: "lost", id: 1, code: "LOCK_REVOKED", message: "" });
    await turn();
    expect(call.error).toMatchObject({ code: "LOCK_REVOKED" });
  });

  it("[S11] loses what it held when the session is gone, and asks again for what it awaited", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("held"), socket);
    void hub.lock("waiting");
    await turn();
    socket.end();
    clock.pass(50);
    expect(lock.held).toBe(true);
    const next = await network.welcome({ ...grace, session: "s2" });
    expect(lock.signal.reason).toMatchObject({ code: "SESSION_ENDED" });
    expect(next.heard()).toMatchObject([{ type: "hello" }, { type: "acquire", id: 3, resource: "waiting" }]);
  });

  it("[S12] stops by itself when the hub may have granted to another, and says so when it is back", async () => {
    const { hub, socket, network, clock } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("x"), socket);
    const { signal } = lock;
    socket.end();
    clock.pass(50);
    await turn();
    network.socket.open();
    await turn();
    clock.pass(13_449);
    expect(lock.held).toBe(true);
    clock.pass(1);
    expect(signal.reason).toMatchObject({ code: "SESSION_ENDED" });
    expect(() => lock.fence).toThrow();
    await turn();
    clock.pass(10_000);
    const next = await network.welcome({ ...resumed, lastId: 1 });
    next.heard();
    next.tell(granted(1));
    await turn();
    expect(next.heard()).toMatchObject([
      { type: "release", id: 1, outcome: "failure", error: { code: "SESSION_ENDED" } },
    ]);
  });

  it("[S12] looks at the clock when the fence is read, as timers do not run in a stopped process", async () => {
    const { hub, socket, clock } = await connected(grace, grace);
    const [x, y] = await Promise.all([
      hub.lock("x"),
      hub.lock("y"),
      turn().then(() => socket.tell(granted(1), granted(2))),
    ]);
    socket.heard();
    const { signal } = y;
    // As in a process that was stopped: the time is another, and no timer has run yet.
    vi.spyOn(clock, "nowMs").mockReturnValue(13_500);
    expect(() => x.fence).toThrow("may have granted to another");
    expect(y.held).toBe(false);
    expect(signal.aborted).toBe(true);
    await turn();
    expect(socket.heard()).toMatchObject([
      { type: "release", id: 1, outcome: "failure" },
      { type: "release", id: 2, outcome: "failure" },
    ]);
  });

  it("[S12] asks for a sign of life while it holds, and holds on when it gets one", async () => {
    const { hub, socket, clock } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("x"), socket);
    clock.pass(6_750);
    await turn();
    expect(socket.heard()).toEqual([{ type: "ping" }]);
    socket.tell({ type: "pong" });
    clock.pass(9_000);
    socket.tell({ type: "pong" });
    expect(lock.held).toBe(true);
  });

  it("[S13] loses all with a hub that keeps nothing, when it has left", async () => {
    const { hub, socket } = await connected(grace, grace);
    const lock = await grantOf(hub.lock("x"), socket);
    const onLeaving = vi.fn();
    hub.on("leaving", onLeaving);
    socket.tell({ type: "leaving", reconnectMs: 1_000, graceMs: 0 });
    expect(onLeaving).toHaveBeenCalledWith({ reconnectMs: 1_000, graceMs: 0 });
    expect(lock.held).toBe(true);
    socket.end(1012);
    expect(lock.held).toBe(false);
  });

  it("[S13] loses nothing with a hub that keeps it, though no grace was asked for", async () => {
    const { hub, socket, network, clock } = await connected();
    const lock = await grantOf(hub.lock("x"), socket);
    socket.tell({ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 });
    socket.end(1012);
    clock.pass(1_499);
    expect(network.sockets).toHaveLength(1);
    clock.pass(1);
    const next = await network.welcome({ resumed: true, lastId: 1 });
    next.tell(granted(1));
    await turn();
    expect(lock.held).toBe(true);
  });
});
