import { expect, test } from "vitest";
import { attemptsOf, lastFailureOf } from "../../../client/dashboard/attempts.ts";
import type { HistoryEntry } from "../../../shared/pages.ts";
import type { Part } from "../../../client/dashboard/why.ts";

const text = (parts: readonly Part[]) => parts.map((part) => (typeof part === "string" ? part : part.foreign)).join("");
const base = { operation: "pull", heldMs: 4_000 };
let number = 100;
const happened = (
  ageMs: number,
  fields: Partial<HistoryEntry> & Pick<HistoryEntry, "event" | "node">,
): HistoryEntry => {
  number -= 1;
  return { number, ageMs, resource: "r", ...base, ...fields };
};

const history: readonly HistoryEntry[] = [
  happened(1_000, { event: "granted", node: "z" }),
  happened(2_000, { event: "skipped", node: "d", by: "b" }),
  happened(2_000, { event: "skipped", node: "c", by: "b" }),
  happened(2_001, { event: "released", node: "b", outcome: "success", attempt: 2 }),
  happened(6_000, { event: "released", node: "a", outcome: "failure", message: "connection reset" }),
  happened(9_000, { event: "lost", node: "x", code: "LOCK_REVOKED", actor: "ann", reason: "it hangs" }),
  happened(9_500, { event: "released", node: "y", outcome: "none" }),
  happened(99_000, { event: "skipped", node: "w", by: "v" }),
];

test("each attempt that has ended is told with its end; who was skipped together is told together", () => {
  expect(attemptsOf(history).map(({ ending, said }) => `${ending}: ${text(said)}`)).toEqual([
    "skipped: 2 nodes were skipped: done by b",
    "done: b succeeded after 4s",
    "failed: a failed after 4s: connection reset",
    "lost: x lost it after 4s: LOCK_REVOKED, by ann: it hangs",
    "none: y let it go after 4s",
    "skipped: w was skipped: done by v",
  ]);
});

test("the failure before is the newest of that operation", () => {
  expect(lastFailureOf(history, "pull")).toEqual({ node: "a", message: "connection reset" });
  expect(lastFailureOf(history, "delete")).toBeUndefined();
});
