// The mutex: one object for a resource, re-entrant once it is granted, and never before.
import { describe, expect, it } from "vitest";
import { connected, granted, turn, watch } from "./fake-network.ts";

const released = (id: number) => ({ type: "released", id }) as const;

describe("a mutex", () => {
  it("is one object for a resource", async () => {
    const { hub } = await connected();
    expect(hub.mutex("x")).toBe(hub.mutex("x"));
    expect(hub.mutex("x")).not.toBe(hub.mutex("y"));
  });

  it("is re-entrant by object once it is granted, and given back by the last unlock", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const locking = mutex.lock();
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "acquire", resource: "x", mode: "exclusive" }]);
    expect(mutex.locked).toBe(false);
    socket.tell(granted(1));
    const first = await locking;
    const second = await mutex.lock();
    expect([first.fence, second.fence, mutex.locked]).toEqual([41, 41, true]);
    await mutex.unlock();
    await turn();
    expect(socket.heard()).toEqual([]);
    const unlocking = mutex.unlock();
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1, outcome: "none" }]);
    expect(mutex.locked).toBe(false);
    socket.tell(released(1));
    await unlocking;
    await expect(mutex.unlock()).rejects.toMatchObject({ code: "LOCK_NOT_HELD" });
  });

  it("lets nobody in before its first grant, and all who wait with it", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const locks = [mutex.lock(), mutex.lock(), mutex.lock()].map(watch);
    await turn();
    expect(locks.map(({ now }) => now)).toEqual(["pending", "pending", "pending"]);
    socket.heard();
    socket.tell(granted(1));
    await turn();
    expect(locks.map(({ now }) => now)).toEqual(["resolved", "resolved", "resolved"]);
    expect(socket.heard()).toEqual([
      { type: "cancel", id: 2 },
      { type: "cancel", id: 3 },
    ]);
    await locks[0]?.value?.unlock();
    await locks[0]?.value?.unlock();
    await locks[1]?.value?.[Symbol.asyncDispose]();
    await turn();
    expect([mutex.locked, locks[0]?.value?.held, locks[2]?.value?.held]).toEqual([true, false, true]);
    void locks[2]?.value?.release();
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1 }]);
  });

  it("lets each wait for as long as it likes", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const abort = new AbortController();
    const [aborted, timed, patient] = [
      mutex.lock({ signal: abort.signal }),
      mutex.lock({ waitMs: 5 }),
      mutex.lock(),
    ].map(watch);
    await turn();
    abort.abort();
    socket.tell({ type: "failed", id: 2, code: "LOCK_TIMEOUT", message: "" });
    await turn();
    expect(aborted?.error).toBe(abort.signal.reason);
    expect(timed?.error).toMatchObject({ code: "LOCK_TIMEOUT" });
    expect(patient?.now).toBe("pending");
    socket.tell(granted(3));
    await turn();
    expect(patient?.now).toBe("resolved");
  });

  it("counts nobody in who aborted as it was granted", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const abort = new AbortController();
    const [first, second] = [mutex.lock(), mutex.lock({ signal: abort.signal })].map(watch);
    await turn();
    socket.heard();
    socket.tell(granted(1));
    abort.abort();
    await turn();
    expect([first?.now, second?.now]).toEqual(["resolved", "rejected"]);
    void mutex.unlock();
    await turn();
    expect(socket.heard()).toContainEqual(expect.objectContaining({ type: "release", id: 1 }));
  });

  it("can be locked again after a loss, and the old holders' unlocks do not touch the new hold", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const locking = mutex.lock();
    await turn();
    socket.tell(granted(1));
    const old = await locking;
    socket.tell({ type: "lost", id: 1, code: "LOCK_REVOKED", message: "" });
    expect([mutex.locked, old.held, old.signal.aborted]).toEqual([false, false, true]);
    const again = mutex.lock();
    await turn();
    socket.tell(granted(2));
    await again;
    socket.heard();
    await old.unlock();
    await turn();
    expect(mutex.locked).toBe(true);
    expect(socket.heard()).toEqual([]);
  });

  it("fails to lock when the hub refuses, and can be tried again", async () => {
    const { hub, socket } = await connected();
    const mutex = hub.mutex("x");
    const refused = watch(mutex.lock());
    await turn();
    socket.tell({ type: "failed", id: 1, code: "QUEUE_FULL", message: "" });
    await turn();
    expect(refused.error).toMatchObject({ code: "QUEUE_FULL" });
    const locking = mutex.lock();
    await turn();
    socket.tell(granted(2));
    await expect(locking).resolves.toMatchObject({ fence: 42 });
  });
});
