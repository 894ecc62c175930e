// The caller's side of a session as a pure state machine: events in, effects out, time as an argument.
import { describe, expect, it } from "vitest";
import { ConnectionBench as Bench } from "./connection-bench.ts";
import { welcome } from "./fake-network.ts";

const heartbeatMs = 5_000;

describe("on the way to a session", () => {
  it("asks for a token, connects, says hello and is welcomed", () => {
    const bench = new Bench(15_000);
    expect(bench.on({ kind: "start" })).toEqual([{ kind: "askToken" }]);
    expect(bench.on({ kind: "token", token: "t" })).toEqual([{ kind: "dial", hub: 0 }]);
    expect(bench.on({ kind: "opened" })).toMatchObject([
      { kind: "send", message: { type: "hello", node: "a", token: "t", graceMs: 15_000 } },
    ]);
    const [begun] = bench.hear(welcome());
    expect(begun).toMatchObject({ kind: "begun", session: { id: "s1", hub: "h1" }, lastId: undefined });
  });

  it("waits longer after each failure, up to the bound, by chance", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    const waits = Array.from({ length: 6 }, () => {
      bench.on({ kind: "token", token: undefined });
      bench.broken();
      const { state } = bench.connection;
      const untilMs = state.kind === "resting" ? state.untilMs : NaN;
      const waitMs = untilMs - bench.nowMs;
      bench.at(untilMs);
      return waitMs;
    });
    expect(waits).toEqual([50, 100, 200, 400, 500, 500]);
  });

  it("tries again when no welcome comes within ten seconds", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    bench.on({ kind: "token", token: undefined });
    bench.on({ kind: "opened" });
    expect(bench.at(9_999)).toEqual([]);
    expect(bench.at(10_000)).toMatchObject([
      { kind: "drop" },
      { kind: "resting", reason: "no welcome within 10000 ms" },
    ]);
  });

  it("tries again when no token is to be had", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    expect(bench.on({ kind: "tokenFailed", explanation: "no token: asleep" })).toMatchObject([
      { kind: "resting", code: undefined, reason: "no token: asleep", retryInMs: 50 },
    ]);
  });

  it("[S8] comes back after NODE_IN_USE, until the name is free", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    for (let tries = 0; tries < 20; tries += 1) {
      bench.on({ kind: "token", token: undefined });
      bench.on({ kind: "opened" });
      expect(bench.kinds({ kind: "closed", code: 4409, reason: "the node has a session" })).toEqual(["resting"]);
      bench.at(bench.nowMs + 1_000);
    }
  });

  it.each([4400, 4410])("does not come back after %d, and says what the hub complained of", (code) => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    bench.on({ kind: "token", token: undefined });
    bench.on({ kind: "opened" });
    bench.on({ kind: "complaint", explanation: "hello.node must be short" });
    expect(bench.on({ kind: "closed", code, reason: "" })).toMatchObject([
      { kind: "closed", error: { name: "BatonError", message: "hello.node must be short" } },
    ]);
    expect(bench.connection.wakeAtMs(false)).toBe(Infinity);
  });

  it("does not come back when a fresh token is refused too", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    const refused = () => {
      bench.on({ kind: "token", token: "t" });
      bench.on({ kind: "opened" });
      return bench.on({ kind: "closed", code: 4401, reason: "no such token" });
    };
    expect(refused()).toMatchObject([{ kind: "resting" }]);
    bench.at(bench.nowMs + 1_000);
    expect(refused()).toMatchObject([{ kind: "closed", error: { code: "UNAUTHORIZED" } }]);
  });

  const revoked = { kind: "closed", code: 4401, reason: "the token is revoked" } as const;

  it("does not come back when a fresh token is welcome and turned away at once, too", () => {
    const bench = new Bench();
    expect(bench.open().kinds(revoked)).toEqual(["disconnected", "ended", "resting"]);
    bench.open();
    bench.nowMs += heartbeatMs - 1;
    expect(bench.on(revoked)).toMatchObject([{ kind: "closed", error: { code: "UNAUTHORIZED" } }]);
  });

  it("does not come back when a token is refused, and a fresh one turned away right after its welcome", () => {
    const bench = new Bench();
    bench.on({ kind: "start" });
    bench.on({ kind: "token", token: "t" });
    bench.on({ kind: "opened" });
    bench.on(revoked);
    expect(bench.open().kinds(revoked)).toEqual(["closed"]);
  });

  it.each([
    ["a session has lasted a heartbeat", (bench: Bench) => void (bench.nowMs += heartbeatMs)],
    ["a connection broke", (bench: Bench) => void (bench.broken(), bench.open())],
  ])("comes back each time that a token is turned away, if %s before", (_, happens) => {
    const bench = new Bench();
    for (let times = 0; times < 5; times += 1) {
      happens(bench.open());
      expect(bench.kinds(revoked)).toContain("resting");
    }
  });
});

describe("while a session is open", () => {
  it("[S2] answers a ping at once", () => {
    expect(new Bench().open().hear({ type: "ping", n: 7, seen: 0 })).toEqual([
      { kind: "send", message: { type: "pong", n: 7 } },
    ]);
  });

  it("[S2] takes the hub for dead when nothing has come for two heartbeats", () => {
    const bench = new Bench().open();
    bench.nowMs = 1_000;
    bench.connection.heard(1_000);
    expect(bench.connection.wakeAtMs(false)).toBe(1_000 + 2 * heartbeatMs);
    expect(bench.at(10_999)).toEqual([]);
    expect(bench.at(11_000)).toMatchObject([
      { kind: "drop", code: 4411 },
      { kind: "disconnected", reason: "nothing came for 10000 ms" },
      { kind: "ended" },
      { kind: "resting" },
    ]);
  });

  it("[S2] gives the hub another heartbeat when this process stood still", () => {
    const bench = new Bench().open();
    expect(bench.at(60_000, false, 10_000)).toEqual([]);
    expect(bench.connection.wakeAtMs(false)).toBe(65_000);
    expect(bench.at(65_000)).toMatchObject([{ kind: "drop" }, { kind: "disconnected" }, {}, {}]);
  });

  it("asks for the next token before this one expires, and again when there was none", () => {
    const bench = new Bench().open({ tokenExpiresInMs: 60_000 });
    expect(bench.connection.wakeAtMs(false)).toBe(10_000);
    bench.nowMs = 48_000;
    bench.connection.heard(48_000);
    expect(bench.at(48_000)).toEqual([{ kind: "askToken" }]);
    expect(bench.at(48_001)).toEqual([]);
    bench.on({ kind: "tokenFailed", explanation: "asleep" });
    expect(bench.at(57_601)).toContainEqual({ kind: "askToken" });
    expect(bench.on({ kind: "token", token: "t2" })).toEqual([
      { kind: "send", message: { type: "authorize", token: "t2" } },
    ]);
    bench.hear({ type: "authorized", tokenExpiresInMs: 60_000 });
    expect(bench.at(57_601 + 47_999).some(({ kind }) => kind === "askToken")).toBe(false);
  });

  it("[S7] says bye, and waits for the hub to close, but not for long", () => {
    const bench = new Bench().open();
    expect(bench.on({ kind: "stop" })).toEqual([{ kind: "send", message: { type: "bye" } }]);
    expect(bench.on({ kind: "stop" })).toEqual([]);
    expect(bench.at(1_999)).toEqual([]);
    expect(bench.at(2_000)).toEqual([
      { kind: "drop", code: 1000 },
      { kind: "closed", error: undefined },
    ]);
  });

  it("[S7] is over when the hub has closed after bye", () => {
    const bench = new Bench().open();
    bench.on({ kind: "stop" });
    expect(bench.on({ kind: "closed", code: 1000, reason: "" })).toEqual([{ kind: "closed", error: undefined }]);
  });
});

describe("when the socket of a session is gone", () => {
  it("[S3] the session has ended if it has no grace", () => {
    expect(new Bench().open().broken()).toMatchObject([
      { kind: "disconnected", code: 1006, graceMs: 0 },
      { kind: "ended" },
      { kind: "resting", retryInMs: 50 },
    ]);
  });

  it("[S4] the session lives on if it has grace, and is resumed with its secret", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    expect(bench.kinds({ kind: "closed", code: 1006, reason: "" })).toEqual(["disconnected", "detached", "resting"]);
    bench.at(bench.nowMs + 50);
    bench.on({ kind: "token", token: undefined });
    expect(bench.on({ kind: "opened" })).toMatchObject([
      { kind: "send", message: { resume: { session: "s1", secret: "secret of s1" } } },
    ]);
    expect(bench.hear(welcome({ resumed: true, lastId: 7, graceMs: 15_000 }))).toMatchObject([
      { kind: "begun", lastId: 7 },
    ]);
  });

  it("[S11] what the session held is given up when the hub does not know it any more", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    bench.broken();
    bench.open({ session: "s2" });
    expect(bench.connection.session?.id).toBe("s2");
    bench.broken();
    bench.at(bench.nowMs + 1_000);
    bench.on({ kind: "token", token: undefined });
    bench.on({ kind: "opened" });
    expect(bench.hear(welcome({ session: "s3" }))).toMatchObject([{ kind: "begun", lastId: undefined }]);
  });

  it("[S11] tells first what is lost and then of the new session", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    bench.broken();
    bench.at(bench.nowMs + 50);
    bench.on({ kind: "token", token: undefined });
    bench.on({ kind: "opened" });
    expect(bench.hear(welcome({ session: "s2" }))).toMatchObject([
      { kind: "ended", reason: "the hub no longer knows it" },
      { kind: "begun", lastId: undefined },
    ]);
  });

  it("[S8] a session without grace that the hub had not missed is taken over, and used as a new one", () => {
    const bench = new Bench().open();
    bench.broken();
    bench.at(bench.nowMs + 50);
    bench.on({ kind: "token", token: undefined });
    expect(bench.on({ kind: "opened" })).toMatchObject([{ message: { resume: { session: "s1" } } }]);
    expect(bench.hear(welcome({ resumed: true, lastId: 7 }))).toMatchObject([{ kind: "begun", lastId: undefined }]);
  });

  it("[S11] a resume that is refused is tried again, and then without the session", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    bench.broken();
    const refused = () => {
      bench.at(bench.nowMs + 1_000);
      bench.on({ kind: "token", token: undefined });
      bench.on({ kind: "opened" });
      return bench.kinds({ kind: "closed", code: 4401, reason: "not that secret" });
    };
    expect(refused()).toEqual(["resting"]);
    expect(refused()).toEqual(["ended", "resting"]);
    bench.at(bench.nowMs + 1_000);
    bench.on({ kind: "token", token: undefined });
    const [hello] = bench.on({ kind: "opened" });
    expect(hello).toMatchObject({ message: { type: "hello", resume: undefined } });
  });

  it("[S13] a hub that leaves says how long the session lives on, and when to come back", () => {
    const bench = new Bench().open();
    expect(bench.hear({ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 })).toMatchObject([{ kind: "leaving" }]);
    expect(bench.on({ kind: "closed", code: 1012, reason: "" })).toMatchObject([
      { kind: "disconnected", graceMs: 30_000 },
      { kind: "detached" },
      { kind: "resting", retryInMs: 1_500 },
    ]);
  });

  it("[S13] nothing survives a hub that leaves and keeps nothing, whatever grace there was", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    bench.hear({ type: "leaving", reconnectMs: 1_000, graceMs: 0 });
    expect(bench.kinds({ kind: "closed", code: 1012, reason: "" })).toEqual(["disconnected", "ended", "resting"]);
  });

  it.each([4400, 4410])("it does not come back after %d", (code) => {
    expect(new Bench().open().kinds({ kind: "closed", code, reason: "" })).toEqual(["closed"]);
  });

  it("waits as briefly as at first once a session has lasted a heartbeat, and longer each time if none does", () => {
    const bench = new Bench();
    const waits = Array.from({ length: 3 }, () => {
      bench.open();
      return bench.broken().find((effect) => effect.kind === "resting")?.retryInMs;
    });
    expect(waits).toEqual([50, 100, 200]);
    bench.open();
    bench.nowMs += heartbeatMs;
    expect(bench.broken().at(-1)).toMatchObject({ kind: "resting", retryInMs: 50 });
  });
});

const sureUntilMs = (bench: Bench) => bench.connection.session?.sureUntilMs;

describe("how long what is held is surely held", () => {
  it("[S12] is for as long as the hub waits for a pong, less a tenth, without grace and lock delay", () => {
    const bench = new Bench().open();
    expect(sureUntilMs(bench)).toBe(13_500);
    bench.nowMs = 5_000;
    bench.hear({ type: "ping", n: 1, seen: 0 });
    expect(sureUntilMs(bench)).toBe(18_500);
    expect(bench.connection.wakeAtMs(true)).toBe(15_000);
  });

  it.each([
    ["without grace", {}],
    ["with grace", { graceMs: 15_000 }],
  ])("[S12] %s is over when a ping is read too late, whatever is answered then", (_how, fields) => {
    const bench = new Bench().open(fields);
    bench.nowMs = 13_499;
    expect(bench.hear({ type: "ping", n: 1, seen: 0 }).map(({ kind }) => kind)).toEqual(["send"]);
    bench.nowMs += 13_500;
    const late = bench.hear({ type: "ping", n: 2, seen: 0 });
    expect(late.map(({ kind }) => kind)).toEqual(["unsure", "send"]);
  });

  it("[S12] is grace and lock delay, less a tenth, after the hello that was welcomed", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000, lockDelayMs: 5_000 });
    expect(sureUntilMs(bench)).toBe(18_000);
  });

  it("[S12] counts from the pong that the hub names, not from the one that it may not have", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    bench.nowMs = 5_000;
    bench.hear({ type: "ping", n: 1, seen: 0 });
    expect(sureUntilMs(bench)).toBe(13_500);
    bench.nowMs = 10_000;
    bench.hear({ type: "ping", n: 2, seen: 1 });
    expect(sureUntilMs(bench)).toBe(5_000 + 13_500);
  });

  it("[S12] counts from the own ping that was answered, and from any request that was", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    expect(bench.at(4_500, true)).toEqual([{ kind: "send", message: { type: "ping" } }]);
    bench.nowMs = 4_600;
    bench.hear({ type: "pong" });
    expect(sureUntilMs(bench)).toBe(4_500 + 13_500);
    bench.connection.session?.proven(7_000);
    bench.connection.session?.proven(6_900);
    expect(sureUntilMs(bench)).toBe(7_000 + 13_500);
  });

  it("[S12] is asked for when a third of it is over, by whoever holds, once", () => {
    const bench = new Bench(15_000).open({ graceMs: 15_000 });
    expect(bench.connection.wakeAtMs(false)).toBe(10_000);
    expect(bench.connection.wakeAtMs(true)).toBe(4_500);
    expect(bench.at(4_500, false)).toEqual([]);
    expect(bench.at(4_500, true)).toHaveLength(1);
    expect(bench.at(4_501, true)).toEqual([]);
    expect(bench.connection.wakeAtMs(true)).toBe(10_000);
  });

  it("[S12] is over by the own clock, whether or not there is a socket", () => {
    const attached = new Bench(15_000).open({ graceMs: 15_000 });
    attached.connection.heard(13_499);
    expect(attached.at(13_500, true).map(({ kind }) => kind)).toContain("unsure");
    const detached = new Bench(15_000).open({ graceMs: 15_000 });
    detached.broken();
    detached.at(50, true);
    expect(detached.connection.wakeAtMs(true)).toBe(13_500);
    expect(detached.at(13_500, true)).toEqual([{ kind: "unsure" }]);
    expect(detached.at(13_500, false)).toEqual([]);
  });
});
