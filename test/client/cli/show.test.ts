import { expect, test } from "vitest";
import { description, whyWaiting } from "../../../client/cli/show.ts";
import type { ResourceView } from "../../../shared/protocol.ts";

const free: ResourceView = { resource: "db", holders: [], holding: 0, waiting: 0, queue: [] };
const holder = {
  node: "a",
  session: "s1",
  id: 1,
  operation: "pull",
  mode: "once",
  fence: 41,
  attempt: 2,
  heldMs: 192_000,
} as const;
const waiter = {
  node: "b",
  session: "s2",
  id: 1,
  operation: "pull",
  mode: "once",
  waitedMs: 60_000,
  detached: false,
} as const;

test("the page shows holder, progress, queue, outcome and delay", () => {
  const text = description({
    ...free,
    holders: [{ ...holder, progress: { done: 5, total: 10, note: "unpacking" } }],
    holding: 1,
    queue: [waiter, { ...waiter, node: "c", session: "s3", detached: true, waitedMs: 999 }],
    waiting: 22,
    outcome: { operation: "update", node: "z", fence: 40, ageMs: 5_000, result: { bytes: 1 } },
  });
  expect(text).toBe(
    [
      "Name:     db",
      "Holding:  1",
      "Waiting:  22",
      "Delay:    none",
      `Outcome:  update succeeded on z 5s ago, fence 40, result {"bytes":1}`,
      "Why:      b (pull, once) is first in line, for 1m and 21 others behind it, and waits for a, which has held it for" +
        " 3m12s (pull, once) and reports 5 of 10 (50%), unpacking.",
      "Holders:",
      "  NODE  OPERATION  MODE  HELD   FENCE  ATTEMPT  PROGRESS                  SESSION",
      "  a     pull       once  3m12s  41     2        5 of 10 (50%), unpacking  s1",
      "Queue:",
      "  POSITION  NODE  OPERATION  MODE  WAITED  SOCKET     SESSION",
      "  1         b     pull       once  1m      connected  s2",
      "  2         c     pull       once  999ms   detached   s3",
      "  and 20 more",
      "",
    ].join("\n"),
  );
});

test("a resource of which the hub knows nothing is free", () => {
  expect(whyWaiting(free)).toBe("Nobody holds it and nobody waits: it is free.");
});

test("a held resource without waiters waits for nothing", () => {
  expect(whyWaiting({ ...free, holders: [holder], holding: 1 })).toBe("Nobody waits for it.");
});

test("[O2] a delay in force is the reason, though nobody holds it", () => {
  expect(whyWaiting({ ...free, queue: [waiter], waiting: 1, delayedMs: 12_000 })).toContain("a delay of another 12s");
});

test("[Q2] a request that waits for several shared holders says so", () => {
  const shared = { ...holder, mode: "shared" } as const;
  const view = { ...free, holders: [shared, shared], holding: 2, queue: [waiter], waiting: 1 };
  expect(whyWaiting(view)).toContain("waits for all 2 shared holders to leave");
});

test("[Q1] a permit that waits names how many are held", () => {
  const permit = { ...holder, mode: "permit" } as const;
  const view = { ...free, holders: [permit, permit], holding: 2, limit: 2, queue: [{ ...waiter, mode: "permit" }] };
  expect(whyWaiting({ ...view, queue: [{ ...waiter, mode: "permit" }], waiting: 1 })).toContain(
    "a permit, of which 2 of 2 are held",
  );
});

test("[S5] waiters that are all detached are not granted, and the sentence says why", () => {
  const view = { ...free, queue: [{ ...waiter, detached: true }], waiting: 1 };
  expect(whyWaiting(view)).toContain("no waiter is connected just now");
});

test("names and notes that others chose are escaped", () => {
  const text = description({
    ...free,
    resource: "\u009b2J",
    holders: [{ ...holder, node: "\u001bc", progress: { note: "\u202e" } }],
    holding: 1,
    outcome: { operation: "pull", node: "\u0007", fence: 1, ageMs: 1, result: "\u0085\u202e" },
  });
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});
