// Work that is done once: done here, done by another, failed, lost, and aborted at each stage.
import { describe, expect, it, vi } from "vitest";
import { BatonError, type Lock } from "../../client/index.ts";
import { connected, granted, turn, watch } from "./fake-network.ts";

/** A once that is granted and whose work goes on until the test ends it. */
async function working(options: { signal?: AbortSignal } = {}) {
  const { hub, socket, clock, network } = await connected();
  const work = Promise.withResolvers<unknown>();
  let grant: Lock | undefined;
  const once = watch(
    hub.once("x", { operation: "pull", ...options }, (given) => {
      grant = given;
      return work.promise;
    }),
  );
  await turn();
  socket.heard();
  socket.tell(granted(1));
  await turn();
  return { hub, socket, clock, network, once, work, grant: grant! };
}

const released = { type: "released", id: 1 } as const;

describe("once", () => {
  it("[O1] says success with what the work returns, and is done when the hub has it", async () => {
    const { socket, once, work, grant } = await working();
    expect(grant.fence).toBe(41);
    work.resolve({ bytes: 3 });
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", id: 1, outcome: "success", result: { bytes: 3 } }]);
    expect(once.now).toBe("pending");
    socket.tell(released);
    await turn();
    expect(once.value).toEqual({ status: "done", result: { bytes: 3 }, by: "a", fence: 41, attempt: 1 });
  });

  it("[O1] says no result when the work returns none", async () => {
    const { socket, work } = await working();
    work.resolve(undefined);
    await turn();
    expect(socket.frames).toEqual([`{"type":"release","id":1,"outcome":"success"}`]);
  });

  it("[O1] is skipped with another's result, and does not work", async () => {
    const { hub, socket } = await connected();
    const work = vi.fn();
    const once = watch(hub.once("x", { operation: "pull", freshMs: 1_000, maxAttempts: 3 }, work));
    await turn();
    expect(socket.heard()).toMatchObject([{ mode: "once", operation: "pull", freshMs: 1_000, maxAttempts: 3 }]);
    socket.tell({ type: "skipped", id: 1, by: "b", fence: 7, result: { bytes: 3 }, ageMs: 12 });
    await turn();
    expect(once.value).toEqual({ status: "skipped", by: "b", fence: 7, result: { bytes: 3 }, ageMs: 12 });
    expect(work).not.toHaveBeenCalled();
  });

  it("[O2] says failure with what the work throws, and throws it on", async () => {
    const { socket, once, work } = await working();
    const error = Object.assign(new Error("no space"), { code: "ENOSPC" });
    work.reject(error);
    await turn();
    expect(socket.heard()).toMatchObject([
      { type: "release", outcome: "failure", error: { message: "no space", code: "ENOSPC" }, retry: true },
    ]);
    socket.tell(released);
    await turn();
    expect(once.error).toBe(error);
  });

  it.each([
    [{ retryAfterMs: 1_500.2 }, { retry: true, retryAfterMs: 1_501 }],
    [{ retryAfterMs: Infinity }, { retry: true, retryAfterMs: 86_400_000 }],
    [{ retryAfterMs: -1 }, { retry: true }],
    [{ retry: false }, { retry: false }],
  ])("[O2][O3] says what a thrown error says of the next try: %j", async (thrown, said) => {
    const { socket, work } = await working();
    work.reject(Object.assign(new Error("429"), thrown));
    await turn();
    expect(socket.heard()).toEqual([
      { type: "release", id: 1, outcome: "failure", error: { message: "429" }, ...said },
    ]);
  });

  it("says failure when the work throws before it awaits anything, and whatever it throws", async () => {
    const { hub, socket } = await connected();
    const once = watch(
      hub.once("x", {}, () => {
        throw "a word";
      }),
    );
    await turn();
    socket.heard();
    socket.tell(granted(1));
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "failure", error: { message: "a word" } }]);
    socket.tell(released);
    await turn();
    expect(once.error).toBe("a word");
  });

  it("[B1] cuts a long error, and makes it well-formed", async () => {
    const { socket, work } = await working();
    work.reject(new Error("\ud800".repeat(100_000)));
    await turn();
    expect(socket.frames[0]!.length).toBeLessThan(16_384);
    expect(socket.heard()).toMatchObject([{ outcome: "failure" }]);
  });

  it("[B1] says failure when the result is too long to be sent, and fails with that", async () => {
    const { socket, once, work } = await working();
    work.resolve("r".repeat(20_000));
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "failure", error: { code: "INVALID_MESSAGE" } }]);
    socket.tell(released);
    await turn();
    expect(once.error).toMatchObject({ code: "INVALID_MESSAGE", message: expect.stringContaining("20002 bytes") });
  });

  it("[B1] says failure when the result nests too deep to be sent, and fails with that", async () => {
    const { socket, once, work } = await working();
    work.resolve(JSON.parse(`${"[".repeat(16)}"[["${"]".repeat(16)}`));
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "failure", error: { code: "INVALID_MESSAGE" } }]);
    socket.tell(released);
    await turn();
    expect(once.error).toMatchObject({ message: expect.stringContaining("more than 15 deep") });
  });

  it("[B1] says a result that nests as deep as the hub takes", async () => {
    const { socket, work } = await working();
    work.resolve(JSON.parse(`${"[".repeat(15)}"[["${"]".repeat(15)}`));
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "success" }]);
  });

  it("lets the work itself say how it ended", async () => {
    const { socket, once, work, grant } = await working();
    void grant.done("early");
    work.resolve("late");
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "success", result: "early" }]);
    socket.tell(released);
    await turn();
    expect(once.value).toMatchObject({ status: "done", result: "late" });
  });

  it("fails when the work gave the grant up and returns all the same", async () => {
    const { socket, once, work, grant } = await working();
    void grant.fail("in vain", { retry: false });
    work.resolve(undefined);
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "failure", retry: false }]);
    socket.tell(released);
    await turn();
    expect(once.error).toMatchObject({ code: "LOCK_NOT_HELD" });
  });

  it("fails at once when the grant is lost, though the work does not stop for its signal", async () => {
    const { socket, once, work, grant } = await working();
    const { signal } = grant;
    socket.tell({ type: "lost", id: 1, code: "LOCK_REVOKED", message: "by an admin" });
    expect(signal.aborted).toBe(true);
    await turn();
    expect(once.error).toMatchObject({ code: "LOCK_REVOKED" });
    work.resolve("late");
    await turn();
    expect(socket.heard()).toEqual([]);
  });

  it("fails with the loss when the work stops for its signal", async () => {
    const { socket, once, work, grant } = await working();
    grant.signal.addEventListener("abort", () => work.reject(new Error("stopped")));
    socket.tell({ type: "lost", id: 1, code: "LOCK_REVOKED", message: "by an admin" });
    await turn();
    expect(once.error).toMatchObject({ code: "LOCK_REVOKED" });
  });

  it("does not work when the grant is lost before it could", async () => {
    const { hub, socket } = await connected();
    const work = vi.fn();
    const once = watch(hub.once("x", {}, work));
    await turn();
    socket.tell(granted(1), { type: "lost", id: 1, code: "LOCK_REVOKED", message: "" });
    await turn();
    expect(work).not.toHaveBeenCalled();
    expect(once.error).toBeInstanceOf(BatonError);
  });

  it("[S3] fails with SESSION_ENDED when the socket is gone", async () => {
    const { socket, once, grant } = await working();
    socket.end();
    expect(grant.signal.reason).toMatchObject({ code: "SESSION_ENDED" });
    await turn();
    expect(once.error).toMatchObject({ code: "SESSION_ENDED" });
  });

  it("[O9] fails when nobody can tell whether the hub has heard of its success", async () => {
    const { socket, once, work } = await working();
    work.resolve(1);
    await turn();
    socket.end();
    await turn();
    expect(once.error).toMatchObject({ code: "SESSION_ENDED" });
  });
});

describe("aborting", () => {
  it("before the asking asks nothing", async () => {
    const { hub, socket } = await connected();
    const reason = new Error("no need");
    for (const call of [
      hub.lock("x", { signal: AbortSignal.abort(reason) }),
      hub.once("x", { signal: AbortSignal.abort(reason) }, () => 1),
      hub.request("x", { signal: AbortSignal.abort(reason) }, () => 1),
    ]) {
      await expect(call).rejects.toBe(reason);
    }
    expect(socket.heard()).toEqual([]);
  });

  it("while it waits cancels, and fails at once with the reason", async () => {
    const { hub, socket } = await connected();
    const abort = new AbortController();
    const call = watch(hub.lock("x", { signal: abort.signal }));
    await turn();
    socket.heard();
    abort.abort();
    await turn();
    expect(call.error).toBe(abort.signal.reason);
    expect(socket.heard()).toEqual([{ type: "cancel", id: 1 }]);
    socket.tell({ type: "failed", id: 1, code: "CANCELLED", message: "" });
  });

  it("that crosses the grant leaves it to the hub to take it back", async () => {
    const { hub, socket } = await connected();
    const abort = new AbortController();
    const work = vi.fn();
    const call = watch(hub.once("x", { signal: abort.signal }, work));
    await turn();
    abort.abort();
    socket.tell(granted(1));
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "acquire" }, { type: "cancel", id: 1 }]);
    socket.tell(released);
    await turn();
    expect(work).not.toHaveBeenCalled();
    expect(call.now).toBe("rejected");
    expect(socket.heard()).toEqual([]);
  });

  it("that crosses a skip is an abort", async () => {
    const { hub, socket } = await connected();
    const abort = new AbortController();
    const call = watch(hub.once("x", { signal: abort.signal }, () => 1));
    await turn();
    abort.abort();
    socket.tell({ type: "skipped", id: 1, by: "b", fence: 7, ageMs: 0 });
    await turn();
    expect(call.error).toBe(abort.signal.reason);
  });

  it("between the grant and the work gives it back", async () => {
    const { hub, socket } = await connected();
    const abort = new AbortController();
    const work = vi.fn();
    const call = watch(hub.once("x", { signal: abort.signal }, work));
    await turn();
    socket.heard();
    socket.tell(granted(1));
    abort.abort();
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", outcome: "none" }]);
    socket.tell(released);
    await turn();
    expect(work).not.toHaveBeenCalled();
    expect(call.error).toBe(abort.signal.reason);
  });

  it("while the work runs aborts its signal, and gives it back with none when the work has stopped", async () => {
    const abort = new AbortController();
    const { socket, once, work, grant } = await working({ signal: abort.signal });
    const { signal } = grant;
    abort.abort();
    expect(signal.reason).toBe(abort.signal.reason);
    await turn();
    expect(socket.heard()).toEqual([]);
    expect(grant.held).toBe(true);
    work.reject(signal.reason);
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", outcome: "none" }]);
    socket.tell(released);
    await turn();
    expect(once.error).toBe(abort.signal.reason);
  });

  it("does not undo work that is done all the same", async () => {
    const abort = new AbortController();
    const { socket, once, work } = await working({ signal: abort.signal });
    abort.abort();
    work.resolve(1);
    await turn();
    expect(socket.heard()).toMatchObject([{ outcome: "success" }]);
    socket.tell(released);
    await turn();
    expect(once.value).toMatchObject({ status: "done" });
  });

  it("after the end does nothing, and leaves no listener on the signal", async () => {
    const { hub, socket } = await connected();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const calls = [
      watch(hub.lock("x", { signal })),
      watch(hub.once("y", { signal }, () => 1)),
      watch(hub.lock("z", { signal })),
    ];
    await turn();
    socket.tell(granted(1), granted(2), { type: "failed", id: 3, code: "QUEUE_FULL", message: "" });
    await turn();
    socket.tell({ type: "released", id: 2 });
    await turn();
    expect(calls.map(({ now }) => now)).toEqual(["resolved", "resolved", "rejected"]);
    expect(added.mock.calls.length).toBe(4);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      expect.arrayContaining(added.mock.calls.map(([, listener]) => listener)),
    );
  });

  it("without a connection takes the call back, and it is never asked", async () => {
    const { hub, socket, network, clock } = await connected();
    socket.end();
    const abort = new AbortController();
    const call = watch(hub.lock("x", { signal: abort.signal }));
    abort.abort();
    await turn();
    expect(call.now).toBe("rejected");
    clock.pass(100);
    const next = await network.welcome({ session: "s2" });
    expect(next.heard()).toMatchObject([{ type: "hello" }]);
  });
});
