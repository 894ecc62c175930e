// The other ways to ask, and what is refused before it is sent, with the test as the hub.
import { describe, expect, it } from "vitest";
import type { BatonError } from "../../client/index.ts";
import { connected, granted, turn, watch } from "./fake-network.ts";

describe("tryLock", () => {
  it.each(["LOCK_ALREADY_HELD", "LOCK_DELAYED"] as const)("[Q5] is undefined on %s", async (code) => {
    const { hub, socket } = await connected();
    const trying = hub.tryLock("x");
    await turn();
    expect(socket.heard()).toMatchObject([{ waitMs: 0 }]);
    socket.tell({ type: "failed", id: 1, code, message: "" });
    await expect(trying).resolves.toBeUndefined();
  });

  it("is a lock when it is free, and throws on anything else", async () => {
    const { hub, socket } = await connected();
    const [free, refused] = [hub.tryLock("x"), watch(hub.tryLock("y"))];
    await turn();
    socket.tell(granted(1), { type: "failed", id: 2, code: "TOO_MANY_REQUESTS", message: "" });
    expect((await free)?.fence).toBe(41);
    await turn();
    expect(refused.error).toMatchObject({ code: "TOO_MANY_REQUESTS" });
  });
});

describe("permit", () => {
  it("[Q7] names its limit", async () => {
    const { hub, socket } = await connected();
    void hub.permit("registry", { limit: 4 });
    await turn();
    expect(socket.heard()).toMatchObject([{ mode: "permit", limit: 4 }]);
  });

  it.each(["null", "{}"])("refuses %s for its options", async (options) => {
    const { hub, socket } = await connected();
    const error = { code: "INVALID_MESSAGE", message: expect.stringContaining("takes a limit") };
    await expect(hub.permit("registry", JSON.parse(options))).rejects.toMatchObject(error);
    expect(socket.heard()).toEqual([]);
  });
});

describe("request", () => {
  it("holds while the function runs, releases with none, and returns what it returns", async () => {
    const { hub, socket } = await connected();
    const running = watch(hub.request("x", async (lock) => `${lock.name} ${lock.mode}`));
    await turn();
    socket.heard();
    socket.tell(granted(1));
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", outcome: "none" }]);
    expect(running.now).toBe("pending");
    socket.tell({ type: "released", id: 1 });
    await turn();
    expect(running.value).toBe("x exclusive");
  });

  it.each([
    ['{"steal":true}', "steal is not offered"],
    ['{"mode":"permit"}', "mode must be exclusive or shared, not permit"],
    ['{"mode":"once"}', "mode must be exclusive or shared, not once"],
  ])("refuses %s, which means something else than to wait for it", async (options, message) => {
    const { hub, socket } = await connected();
    const error = { code: "INVALID_MESSAGE", message: expect.stringContaining(message) };
    await expect(hub.request("x", JSON.parse(options), () => {})).rejects.toMatchObject(error);
    expect(socket.heard()).toEqual([]);
  });

  it("releases with none when the function throws, and throws it on", async () => {
    const { hub, socket } = await connected();
    const running = watch(
      hub.request("x", { mode: "shared" }, () => {
        throw new Error("a bug");
      }),
    );
    await turn();
    expect(socket.heard()).toMatchObject([{ mode: "shared" }]);
    socket.tell(granted(1));
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "release", outcome: "none" }]);
    socket.tell({ type: "released", id: 1 });
    await turn();
    expect(running.error).toMatchObject({ message: "a bug" });
  });

  it("calls back with null when it is to be available and is not, as Web Locks do", async () => {
    const { hub, socket } = await connected();
    const running = hub.request("x", { ifAvailable: true }, (lock) => lock);
    await turn();
    expect(socket.heard()).toMatchObject([{ waitMs: 0 }]);
    socket.tell({ type: "failed", id: 1, code: "LOCK_ALREADY_HELD", message: "" });
    await expect(running).resolves.toBeNull();
  });

  it("fails at once when the lock is lost", async () => {
    const { hub, socket } = await connected();
    const running = watch(hub.request("x", () => new Promise(() => {})));
    await turn();
    socket.tell(granted(1));
    await turn();
    socket.tell({ type: "lost", id: 1, code: "LOCK_REVOKED", message: "" });
    await turn();
    expect(running.error).toMatchObject({ code: "LOCK_REVOKED" });
  });
});

describe("options", () => {
  it.each([null, undefined])("that are %s are none", async (none) => {
    const { hub, socket } = await connected();
    const work = () => 1;
    const calls = [
      hub.lock("x", none),
      hub.tryLock("x", none),
      hub.shared("x", none),
      hub.once("x", none, work),
      hub.once("x", work),
      hub.request("x", none, work),
      hub.mutex("x").lock(none),
    ].map((call: Promise<unknown>) => watch(call));
    await turn();
    expect(calls.map(({ now }) => now)).toEqual(calls.map(() => "pending"));
    const modes = socket.heard().map((message) => message.type === "acquire" && message.mode);
    expect(modes).toEqual(["exclusive", "exclusive", "shared", "once", "once", "exclusive", "exclusive"]);
  });

  it("without a work are refused before anything is asked", async () => {
    const { hub, socket } = await connected();
    // @ts-expect-error -- as JavaScript may call it
    await expect(hub.once("x", {})).rejects.toThrow("once takes a function to run");
    // @ts-expect-error -- as JavaScript may call it
    await expect(hub.request("x", {})).rejects.toThrow("request takes a function to run");
    expect(socket.heard()).toEqual([]);
  });
});

describe("what is past the hub's bounds", () => {
  it("[B1] fails at the caller and is not sent", async () => {
    const { hub, socket } = await connected({}, { limits: { resourceBytes: 8, operationBytes: 4 } });
    const refusals = await Promise.all(
      [
        hub.lock("123456789"),
        hub.lock(""),
        hub.lock("a\u0000"),
        hub.lock("\ud800"),
        hub.lock("x", { operation: "12345" }),
        hub.info("123456789"),
      ].map((call) => call.then(String, (error: BatonError) => error.code)),
    );
    expect(new Set(refusals)).toEqual(new Set(["INVALID_KEY"]));
    await turn();
    expect(socket.heard()).toEqual([]);
  });

  it.each([-1, 0.5, NaN, Infinity, 86_400_001])("[B4] is a duration of %s", async (waitMs) => {
    const { hub, socket } = await connected();
    for (const call of [
      hub.lock("x", { waitMs }),
      hub.lock("x", { holdMs: waitMs }),
      hub.once("x", { freshMs: waitMs }, () => 1),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
    }
    expect(socket.heard()).toEqual([]);
  });

  it("[Q7][O4] is a limit or a number of attempts that is none", async () => {
    const { hub } = await connected();
    await expect(hub.permit("x", { limit: 0 })).rejects.toThrow("limit must be an integer from 1");
    await expect(hub.once("x", { maxAttempts: 0 }, () => 1)).rejects.toThrow("maxAttempts must be an integer from 1");
  });
});
