// The rules of sessions that the core decides [S3]–[S8], on the core alone: who is there, detached, taken over, gone.
import { describe, expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

const shared = { mode: "shared" } as const;
const exclusive = { mode: "exclusive" } as const;

describe("a socket that is gone", () => {
  test("[S3] ends a session without grace at once", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.drop("a")).toEqual(["a ended: dropped", "b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
    expect(trace.resume("a")).toEqual(["a denied: session gone"]);
  });

  test("[S4] leaves a session with grace its holds and its places", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1", { resource: "s" });
    trace.acquire("a2", { resource: "s" });
    trace.acquire("c1");
    trace.acquire("c2", { resource: "s" });
    expect(trace.drop("a")).toEqual([]);
    expect(trace.pass(999)).toEqual([]);
    expect(trace.resume("a")).toEqual(["a resumed, last id 2", "a1 ← granted", "a2 ← queued 1 behind b"]);
    expect(trace.pass(10_000)).toEqual([]);
    expect(trace.fail("a1", "disk full")).toEqual(["a1 ← released", "c1 ← granted, attempt 2 after a: disk full"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "a2 ← granted"]);
  });

  test("[S4] ends a session when its grace has passed, not sooner", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("a");
    expect(trace.pass(999)).toEqual([]);
    expect(trace.pass(1)).toEqual(["a ended: dropped, detached", "b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
  });

  test("[S4] gives each absence its whole grace; the end of an earlier one is void [B7]", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.drop("a");
    const armed = trace.table.order;
    trace.pass(900);
    trace.resume("a");
    expect(trace.step({ type: "deadline", of: "grace", session: trace.sessionOf("a"), armed })).toEqual([]);
    trace.drop("a");
    expect(trace.step({ type: "deadline", of: "grace", session: trace.sessionOf("a"), armed })).toEqual([]);
    expect(trace.pass(999)).toEqual([]);
    expect(trace.pass(1)).toEqual(["a ended: dropped, detached"]);
  });

  test("[S13] detaches even a session without grace when its hub is being stopped", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.drop("a", { graceMs: 500 })).toEqual([]);
    expect(trace.pass(499)).toEqual([]);
    expect(trace.resume("a")).toEqual(["a resumed, last id 1", "a1 ← granted"]);
    expect(trace.drop("a")).toEqual(["a ended: dropped", "b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
  });

  test("[S13] loses no answer that a session without grace is owed when it is back [S9]", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("b", { graceMs: 500 });
    trace.succeed("a1", 1);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← skipped by a, 1"]);
    trace.acknowledge("b");
    trace.drop("b", { graceMs: 500 });
    expect(trace.resume("b")).toEqual(["b resumed, last id 1"]);
  });
});

describe("a detached waiter", () => {
  test("[S5] is passed over", () => {
    const trace = queueOf("a1", "b1", "c1");
    trace.drop("b");
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "c1 ← granted"]);
  });

  test("[S5] keeps its place, and is first among its equals when it is back", () => {
    const trace = queueOf("a1", "b1", "c1", "d1");
    trace.drop("b");
    trace.letGo("a1");
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind c"]);
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "b1 ← granted"]);
  });

  test("[S5] is granted in the step of its return when the resource is free", () => {
    const trace = queueOf("a1", "b1");
    trace.drop("b");
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind nobody", "b1 ← granted"]);
  });

  test("[S5] leaves the resource to who comes meanwhile", () => {
    const trace = queueOf("a1", "b1");
    trace.drop("b");
    trace.letGo("a1");
    expect(trace.acquire("c1", { waitMs: 0 })).toEqual(["c1 ← granted"]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind c"]);
  });

  test("[S5] stands in nobody's way: those behind it who fit are granted when it detaches", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1", shared);
    trace.acquire("b1", exclusive);
    trace.acquire("c1", shared);
    expect(trace.drop("b")).toEqual(["c1 ← granted"]);
    expect(trace.acquire("d1", shared)).toEqual(["d1 ← granted"]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind a, c, d"]);
    expect(trace.acquire("d2", shared)).toEqual(["d2 ← queued 2 behind a, c, d"]);
  });

  test("[S5] times out, and is told so when it is back", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 100 });
    trace.drop("b");
    expect(trace.pass(100)).toEqual([]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← failed LOCK_TIMEOUT"]);
  });

  test("[S5] is passed over together with all requests of its session", () => {
    const trace = queueOf("a1", "b1", "b2", "c1", "b3");
    trace.drop("b");
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "c1 ← granted"]);
    trace.resume("b");
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "b1 ← granted"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "b2 ← granted"]);
  });

  test("[S5] waits on when nobody in the queue is there", () => {
    const trace = queueOf("a1", "b1", "c1");
    trace.drop("b");
    trace.drop("c");
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
    expect(trace.resume("c")).toEqual(["c resumed, last id 1", "c1 ← queued 2 behind nobody", "c1 ← granted"]);
  });
});

describe("the end of a session", () => {
  test("[S6] takes its waiters out and releases its holders as failures, in one step", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("a2", { resource: "s" });
    trace.acquire("b1", { resource: "t" });
    trace.acquire("a3", { resource: "t" });
    trace.acquire("a4");
    trace.acquire("c1");
    trace.acquire("c2", { resource: "t" });
    expect(trace.drop("a")).toEqual(["a ended: dropped", "c1 ← granted, attempt 2 after a: SESSION_ENDED"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c2 ← granted"]);
    expect(trace.acquire("d1", { resource: "s" })).toEqual(["d1 ← granted"]);
  });

  test.for(["drop", "kick", "grace"] as const)("[S6] by %s delays what it held by lockDelayMs", (way) => {
    const trace = new TableTrace({ lockDelayMs: 500, nodes: "" });
    trace.open("a", way === "grace" ? 100 : 0);
    trace.open("b");
    trace.acquire("a1");
    trace.acquire("b1");
    trace.acquire("b2", { resource: "s" });
    trace.acquire("a2", { resource: "s" });
    if (way === "kick") {
      expect(trace.kick("a")).toEqual([
        "a1 ← lost SESSION_ENDED",
        "a2 ← failed SESSION_ENDED",
        "a ended: kicked",
        "done",
      ]);
    } else trace.drop("a");
    if (way === "grace") trace.pass(100);
    expect(trace.acquire("b3", { waitMs: 0 })).toEqual(["b3 ← failed LOCK_DELAYED"]);
    expect(trace.pass(499)).toEqual([]);
    expect(trace.pass(1)).toEqual(["b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
    expect(trace.letGo("b2"), "what it only awaited is not delayed").toEqual(["b2 ← released"]);
    expect(trace.acquire("b4", { resource: "s", waitMs: 0 })).toEqual(["b4 ← granted"]);
  });

  test("[S6] delays a resource that others hold too, until none may be granted beside the lost one", () => {
    const trace = new TableTrace({ lockDelayMs: 500 });
    trace.acquire("a1", shared);
    trace.acquire("b1", shared);
    trace.drop("a");
    expect(trace.acquire("c1", shared)).toEqual(["c1 ← queued 1 behind b"]);
    expect(trace.pass(500)).toEqual(["c1 ← granted"]);
  });

  test("[S7] by bye is at once, whatever its grace, and delays nothing [S6]", () => {
    const trace = new TableTrace({ lockDelayMs: 500, graceMs: 10_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.bye("a")).toEqual(["a ended: bye", "b1 ← granted, attempt 2 after a: SESSION_ENDED"]);
    expect(trace.open("a")).toEqual(["a opened"]);
  });

  test("[S6] by a kick reaches a detached session too, and finds none that is gone", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("a");
    expect(trace.kick("a")).toEqual([
      "a ended: kicked, detached",
      "b1 ← granted, attempt 2 after a: SESSION_ENDED",
      "done",
    ]);
    expect(trace.kick("a")).toEqual(["absent"]);
    expect(trace.resume("a")).toEqual(["a denied: session gone"]);
  });
});

describe("one session per node", () => {
  test("[S8] refuses a hello for a node whose session is live or detached", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    const hello = (socket: string) => {
      const identity = { node: "a", secretDigest: "", owner: "", graceMs: 0, client: "", labels: {} };
      return trace.step({ type: "open", socket, session: "a#2", ...identity });
    };
    expect(hello("a/8")).toEqual(["a denied: node in use"]);
    trace.drop("a");
    expect(hello("a/9")).toEqual(["a denied: node in use"]);
  });

  test.for(["bye", "drop", "kick", "grace"] as const)("[S8] frees the name by %s", (way) => {
    const trace = new TableTrace({ nodes: "" });
    trace.open("a", way === "grace" ? 100 : 0);
    if (way === "grace") {
      trace.drop("a");
      trace.pass(100);
    } else trace[way]("a");
    expect(trace.open("a")).toEqual(["a opened"]);
    expect(trace.acquire("a1"), "ids start anew").toEqual(["a1 ← granted"]);
  });

  test("[S8] lets a resume take over a live session: places and holds stay", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { resource: "s" });
    trace.acquire("a2", { resource: "s" });
    expect(trace.resume("a")).toEqual([
      "a resumed in place of a/1, last id 2",
      "a1 ← granted",
      "a2 ← queued 1 behind b",
    ]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "a2 ← granted"]);
  });

  test("[S8] takes nothing any more that an old socket says", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.resume("a");
    expect(trace.say("a1", { type: "release", outcome: "success", retry: true }, { socket: "a/1" })).toEqual([]);
    expect(trace.step({ type: "bye", socket: "a/1" })).toEqual([]);
    expect(trace.step({ type: "acknowledge", socket: "a/1", order: 1e9 })).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
  });

  test("[S8] lets the late close of an old socket not touch the session", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.resume("a");
    expect(trace.drop("a", { socket: "a/1" })).toEqual([]);
    expect(trace.drop("a", { socket: "a/1", graceMs: 500 })).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
  });

  test("[S8] counts a socket that closes twice once", () => {
    const trace = new TableTrace({ graceMs: 1_000 });
    trace.acquire("a1");
    trace.acquire("b1");
    trace.drop("b");
    expect(trace.drop("b")).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
    expect(trace.resume("b")).toEqual(["b resumed, last id 1", "b1 ← queued 1 behind nobody", "b1 ← granted"]);
  });

  test("[S11] denies a resume of a session that is gone", () => {
    const trace = new TableTrace();
    trace.bye("a");
    expect(trace.resume("a")).toEqual(["a denied: session gone"]);
  });
});

/** A table on which the first of those named holds and the others wait. */
function queueOf(...names: string[]): TableTrace {
  const trace = new TableTrace({ graceMs: 1_000 });
  for (const name of names) trace.acquire(name, exclusive);
  return trace;
}
