// A running pull as a matrix: which node is how far with which blob. Knows rows and views, no page.
import { assertNever } from "../../shared/errors.ts";
import type { HistoryEntry } from "../../shared/pages.ts";
import { compareText } from "../../shared/text.ts";
import type { ResourceView } from "../index.ts";
import { shareDone } from "./why.ts";

/** How a node stands with a blob. */
export type Cell =
  | { readonly kind: "holding"; readonly share: number | undefined }
  | { readonly kind: "waiting"; readonly position: number }
  | { readonly kind: "pulled" }
  | { readonly kind: "skipped" }
  | { readonly kind: "failed"; readonly why: string };

/** Blobs by name, each with how nodes stand with it; and all nodes, sorted. */
export type PullMatrix = {
  readonly nodes: readonly string[];
  readonly blobs: readonly { readonly resource: string; readonly cells: ReadonlyMap<string, Cell> }[];
};

/** The matrix of these resources. */
export function matrixOf(
  resources: readonly { readonly view: ResourceView; readonly past: readonly HistoryEntry[] }[],
): PullMatrix {
  const blobs = resources
    .map(({ view, past }) => ({ resource: view.resource, cells: cellsOf(view, past) }))
    .sort((one, other) => compareText(one.resource, other.resource));
  const nodes = new Set(blobs.flatMap(({ cells }) => [...cells.keys()]));
  return { nodes: [...nodes].sort(compareText), blobs };
}

function cellsOf(view: ResourceView, past: readonly HistoryEntry[]): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  const put = (node: string, cell: Cell | undefined) => {
    if (cell !== undefined && !cells.has(node)) cells.set(node, cell);
  };
  for (const { node, progress } of view.holders) put(node, { kind: "holding", share: shareDone(progress) });
  view.queue.forEach(({ node }, place) => put(node, { kind: "waiting", position: place + 1 }));
  for (const entry of past) if (entry.node !== undefined) put(entry.node, cellOf(entry));
  if (view.outcome !== undefined) put(view.outcome.node, { kind: "pulled" });
  return cells;
}

function cellOf({ event, outcome, message, code }: HistoryEntry): Cell | undefined {
  const why = message ?? code ?? "no reason given";
  if (event === "skipped") return { kind: "skipped" };
  if (event === "failed" || event === "lost") return { kind: "failed", why };
  if (event !== "released") return undefined;
  if (outcome === "success") return { kind: "pulled" };
  return outcome === "failure" ? { kind: "failed", why } : undefined;
}

/** A cell in words. */
export function cellText(cell: Cell): string {
  switch (cell.kind) {
    case "holding":
      return cell.share === undefined ? "pulls it" : `pulls it, ${Math.floor(cell.share * 100)} % done`;
    case "waiting":
      return cell.position === 1 ? "is next" : `waits at place ${cell.position}`;
    case "pulled":
      return "has pulled it";
    case "skipped":
      return "has skipped it: another one has pulled it";
    case "failed":
      return `has failed: ${cell.why}`;
    default:
      return assertNever(cell);
  }
}
