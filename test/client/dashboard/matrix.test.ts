import { expect, test } from "vitest";
import { cellText, matrixOf, type Cell } from "../../../client/dashboard/matrix.ts";
import type { HistoryEntry } from "../../../shared/pages.ts";
import { viewOf } from "./views.ts";

test("each node stands with each blob as it is now, else as it ended last", () => {
  const view = viewOf("blob-b", ["a"], ["b", "c"]);
  Object.assign(view.holders[0]!, { progress: { done: 1, total: 4 } });
  const ended = { resource: "blob-b", operation: "pull", number: 1, ageMs: 1 };
  const past: HistoryEntry[] = [
    { ...ended, node: "a", event: "released", outcome: "failure", message: "reset" },
    { ...ended, node: "d", event: "skipped" },
    { ...ended, node: "d", event: "failed", message: "late" },
    { ...ended, node: "e", event: "released", outcome: "success" },
    { ...ended, node: "f", event: "lost", code: "LOCK_EXPIRED" },
    { ...ended, node: "g", event: "granted" },
    { ...ended, node: "h", event: "released", outcome: "none" },
  ];
  const { nodes, blobs } = matrixOf([
    { view, past },
    { view: viewOf("blob-a", [], []), past: [] },
  ]);
  expect(nodes).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(blobs.map(({ resource }) => resource)).toEqual(["blob-a", "blob-b"]);
  expect([...(blobs[1]?.cells ?? [])].map(([node, cell]) => `${node} ${cellText(cell)}`)).toEqual([
    "a pulls it, 25 % done",
    "b is next",
    "c waits at place 2",
    "d has skipped it: another one has pulled it",
    "e has pulled it",
    "f has failed: LOCK_EXPIRED",
  ]);
});

test("whoever a remembered success names has pulled", () => {
  const view = { ...viewOf("blob", [], []), outcome: { operation: "pull", node: "a", fence: 1, ageMs: 0 } };
  const cell: Cell = { kind: "pulled" };
  expect(matrixOf([{ view, past: [] }]).blobs[0]?.cells.get("a")).toEqual(cell);
});
