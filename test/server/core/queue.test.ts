// The rules of the queue [Q1]–[Q7], on the core alone.
import { describe, expect, test } from "vitest";
import { TableTrace } from "../../support/table-trace.ts";

const shared = { mode: "shared" } as const;
const exclusive = { mode: "exclusive" } as const;
const permit = (limit: number) => ({ mode: "permit", limit }) as const;

describe("who holds together", () => {
  test.for(["once", "exclusive"] as const)("[Q1] lets one %s request hold alone", (mode) => {
    const trace = new TableTrace();
    expect(trace.acquire("a1", { mode })).toEqual(["a1 ← granted"]);
    expect(trace.acquire("b1", { mode })).toEqual(["b1 ← queued 1 behind a"]);
    expect(trace.acquire("c1", shared)).toEqual(["c1 ← queued 2 behind a"]);
    expect(trace.acquire("d1", permit(9))).toEqual(["d1 ← queued 3 behind a"]);
  });

  test("[Q1] lets no other operation run under a pull", () => {
    const trace = new TableTrace();
    trace.acquire("a1", { operation: "pull" });
    expect(trace.acquire("b1", { operation: "delete" })).toEqual(["b1 ← queued 1 behind a"]);
  });

  test("[Q1] lets any number of shared requests hold, whatever their operations, and no permit beside them", () => {
    const trace = new TableTrace();
    expect(trace.acquire("a1", shared)).toEqual(["a1 ← granted"]);
    expect(trace.acquire("b1", { ...shared, operation: "read" })).toEqual(["b1 ← granted"]);
    expect(trace.acquire("c1", permit(9))).toEqual(["c1 ← queued 1 behind a, b"]);
  });

  test("[Q1] lets at most limit permit requests hold, and no shared one beside them", () => {
    const trace = new TableTrace();
    trace.acquire("a1", permit(2));
    expect(trace.acquire("b1", permit(2))).toEqual(["b1 ← granted"]);
    expect(trace.acquire("c1", permit(2))).toEqual(["c1 ← queued 1 behind a, b"]);
    expect(trace.acquire("d1", shared)).toEqual(["d1 ← queued 2 behind a, b"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "d1 ← granted"]);
  });

  test("[Q1] keeps resources apart whose names begin alike [B5]", () => {
    const trace = new TableTrace();
    for (const [at, resource] of ["a", "a/b", "ab", "A", "__proto__"].entries()) {
      expect(trace.acquire(`a${at + 1}`, { resource })).toEqual([`a${at + 1} ← granted`]);
    }
  });
});

describe("who is next", () => {
  test("[Q2] serves waiters first come, first served", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "c1", "b1", "d1"]) trace.acquire(name, exclusive);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "c1 ← granted"]);
    expect(trace.letGo("c1")).toEqual(["c1 ← released", "b1 ← granted"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "d1 ← granted"]);
  });

  test("[Q2] makes a request that could be granted wait behind one that cannot", () => {
    const trace = new TableTrace();
    trace.acquire("a1", shared);
    trace.acquire("b1", exclusive);
    expect(trace.acquire("c1", shared)).toEqual(["c1 ← queued 2 behind a"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "c1 ← granted"]);
  });

  test("[Q3] grants a shared crowd up to the exclusive in its middle", () => {
    const trace = new TableTrace({ nodes: "abcdef" });
    trace.acquire("a1");
    trace.acquire("b1", shared);
    trace.acquire("c1", shared);
    trace.acquire("d1", exclusive);
    trace.acquire("e1", shared);
    trace.acquire("f1", shared);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted", "c1 ← granted"]);
    expect(trace.letGo("c1")).toEqual(["c1 ← released"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "d1 ← granted"]);
    expect(trace.letGo("d1")).toEqual(["d1 ← released", "e1 ← granted", "f1 ← granted"]);
  });

  test("[Q3] grants as many permits as there is room for in one step", () => {
    const trace = new TableTrace();
    trace.acquire("a1", exclusive);
    for (const name of ["b1", "c1", "d1"]) trace.acquire(name, permit(2));
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted", "c1 ← granted"]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released", "d1 ← granted"]);
  });

  test("[Q4] takes requests of one session for requests of their own", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    expect(trace.acquire("a2")).toEqual(["a2 ← queued 1 behind a"]);
    expect(trace.acquire("a3", shared)).toEqual(["a3 ← queued 2 behind a"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "a2 ← granted"]);
    expect(trace.letGo("a2")).toEqual(["a2 ← released", "a3 ← granted"]);
  });
});

describe("how long to wait", () => {
  test("[Q5] fails what may not wait with LOCK_ALREADY_HELD, or grants it", () => {
    const trace = new TableTrace();
    expect(trace.acquire("a1", { waitMs: 0 })).toEqual(["a1 ← granted"]);
    expect(trace.acquire("b1", { waitMs: 0 })).toEqual(["b1 ← failed LOCK_ALREADY_HELD"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
    expect(trace.pass(86_400_000)).toEqual([]);
  });

  test("[Q5] lets what may not wait not overtake those who do", () => {
    const trace = new TableTrace();
    trace.acquire("a1", shared);
    trace.acquire("b1", exclusive);
    expect(trace.acquire("c1", { ...shared, waitMs: 0 })).toEqual(["c1 ← failed LOCK_ALREADY_HELD"]);
  });

  test("[Q5] fails a waiter with LOCK_TIMEOUT when waitMs have passed in the queue, not sooner", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 100 });
    expect(trace.pass(99)).toEqual([]);
    expect(trace.pass(1)).toEqual(["b1 ← failed LOCK_TIMEOUT"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released"]);
  });

  test("[Q5] forgets the end of a wait that was granted in time", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", { waitMs: 100 });
    trace.letGo("a1");
    expect(trace.pass(1_000)).toEqual([]);
    expect(trace.letGo("b1")).toEqual(["b1 ← released"]);
  });

  test("[Q5] lets a request without waitMs wait for ever", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1");
    expect(trace.pass(1e12)).toEqual([]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "b1 ← granted"]);
  });
});

describe("who leaves the queue", () => {
  test("[Q6] closes the gap that a cancelled waiter leaves, wherever it stood", () => {
    const trace = new TableTrace();
    for (const name of ["a1", "b1", "c1", "d1", "d2"]) trace.acquire(name);
    expect(trace.cancel("c1")).toEqual(["c1 ← failed CANCELLED"]);
    expect(trace.cancel("d2")).toEqual(["d2 ← failed CANCELLED"]);
    expect(trace.cancel("b1")).toEqual(["b1 ← failed CANCELLED"]);
    expect(trace.acquire("c2")).toEqual(["c2 ← queued 2 behind a"]);
    expect(trace.letGo("a1")).toEqual(["a1 ← released", "d1 ← granted"]);
  });

  test.for(["cancel", "time", "bye", "drop", "kick"] as const)(
    "[Q6] grants those whom a head stood in the way of when it leaves by %s [Q3]",
    (way) => {
      const trace = new TableTrace({ nodes: "abcde" });
      trace.acquire("a1", shared);
      trace.acquire("b1", { ...exclusive, waitMs: 50 });
      trace.acquire("c1", shared);
      trace.acquire("d1", shared);
      trace.acquire("e1", exclusive);
      const leave = {
        cancel: () => trace.cancel("b1"),
        time: () => trace.pass(50),
        bye: () => trace.bye("b"),
        drop: () => trace.drop("b"),
        kick: () => trace.kick("b"),
      };
      expect(leave[way]().filter((line) => line.includes("←") && !line.startsWith("b"))).toEqual([
        "c1 ← granted",
        "d1 ← granted",
      ]);
    },
  );
});

describe("permits", () => {
  test("[Q7] fails another limit with LIMIT_MISMATCH while any permit request is alive", () => {
    const trace = new TableTrace();
    trace.acquire("a1", permit(2));
    expect(trace.acquire("b1", permit(3))).toEqual(["b1 ← failed LIMIT_MISMATCH"]);
    expect(trace.acquire("b2", { ...permit(3), waitMs: 0 })).toEqual(["b2 ← failed LIMIT_MISMATCH"]);
    trace.letGo("a1");
    expect(trace.acquire("b3", permit(3))).toEqual(["b3 ← granted"]);
    expect(trace.acquire("a2", permit(2))).toEqual(["a2 ← failed LIMIT_MISMATCH"]);
  });

  test("[Q7] counts a permit request that only waits as alive", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    trace.acquire("b1", permit(2));
    expect(trace.acquire("c1", permit(3))).toEqual(["c1 ← failed LIMIT_MISMATCH"]);
    trace.cancel("b1");
    expect(trace.acquire("c2", permit(3))).toEqual(["c2 ← queued 1 behind a"]);
  });

  test("[Q7] does not take a refused permit request for a live one", () => {
    const trace = new TableTrace();
    trace.acquire("a1");
    expect(trace.acquire("b1", { ...permit(2), waitMs: 0 })).toEqual(["b1 ← failed LOCK_ALREADY_HELD"]);
    expect(trace.acquire("c1", permit(3))).toEqual(["c1 ← queued 1 behind a"]);
  });

  test.for(["bye", "drop", "kick"] as const)("[Q7] frees the limit when a session ends by %s", (way) => {
    const trace = new TableTrace();
    trace.acquire("a1", permit(2));
    trace[way]("a");
    expect(trace.acquire("b1", permit(3))).toEqual(["b1 ← granted"]);
  });
});
