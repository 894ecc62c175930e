// Which rows of a list of resources are shown, and in what order. Knows no page.
import { assertNever } from "../../shared/errors.ts";
import { compareText } from "../../shared/text.ts";
import { searchable } from "../../shared/wording.ts";
import type { ResourceRow } from "../index.ts";
import type { Order } from "./route.ts";

/** A row, when it came by the page's own clock in milliseconds, and the words in which a search looks. */
export type SeenRow = { readonly row: ResourceRow; readonly atMs: number; readonly words: string };

/** What is wanted of all rows. */
export type Choice = {
  readonly search: string;
  readonly waiting: boolean;
  readonly problems: boolean;
  readonly order: Order;
  readonly descending: boolean;
};

const longWaitMs = 30_000;

/** A row that came at a time, in milliseconds. */
export function seenAt(row: ResourceRow, atMs: number): SeenRow {
  const words = [row.resource, ...row.holders.map(({ node }) => node)].map(searchable).join("\n");
  return { row, atMs, words };
}

/** Rows in the order of their names. */
export function byName(rows: Iterable<SeenRow>): SeenRow[] {
  return [...rows].sort((one, other) => compareText(one.row.resource, other.row.resource));
}

/** Why a resource deserves a look: somebody waits though nobody holds it, or waits for long. */
export function problemOf(seen: SeenRow, nowMs: number): string | undefined {
  if (seen.row.waiting === 0) return undefined;
  if (seen.row.holding === 0) return "somebody waits and nobody holds it";
  return longestWaitMs(seen, nowMs) >= longWaitMs ? "somebody has waited for long" : undefined;
}

/** How long the first in line has waited by now, in milliseconds; 0 when nobody waits. */
export function longestWaitMs({ row, atMs }: SeenRow, nowMs: number): number {
  return row.waiting === 0 ? 0 : row.oldestWaitMs + Math.max(0, nowMs - atMs);
}

/** How long the first holder has held by now, in milliseconds; undefined when nobody holds. */
export function heldMs({ row, atMs }: SeenRow, nowMs: number): number | undefined {
  const [first] = row.holders;
  return first === undefined ? undefined : first.heldMs + Math.max(0, nowMs - atMs);
}

/**
 * The chosen rows of those that stand in the order of their names, in the chosen order, and by name where that says nothing. A
 * search finds names of resources and holders. The time is asked for only where it decides: of two ages the greater one stays so.
 */
export function arrange(rows: readonly SeenRow[], choice: Choice, nowMs: () => number): SeenRow[] {
  const { waiting, problems, order, descending } = choice;
  const search = choice.search.toLowerCase();
  const now = problems ? nowMs() : 0;
  const found = rows.filter(
    (seen) =>
      (!waiting || seen.row.waiting > 0) &&
      (!problems || problemOf(seen, now) !== undefined) &&
      seen.words.includes(search),
  );
  if (order === "name") return descending ? found.toReversed() : found;
  const sign = descending ? -1 : 1;
  if (order === "holder") return found.sort((one, other) => sign * compareText(holderOf(one), holderOf(other)));
  return found
    .map((seen) => ({ seen, key: keyOf(seen, order) }))
    .sort((one, other) => sign * (one.key - other.key) || 0)
    .map(({ seen }) => seen);
}

function holderOf({ row }: SeenRow): string {
  return row.holders[0]?.node ?? "";
}

/** What is compared; of an age what it was when the page's clock stood at 0. */
function keyOf({ row, atMs }: SeenRow, order: Exclude<Order, "name" | "holder">): number {
  switch (order) {
    case "held":
      return (row.holders[0]?.heldMs ?? -Infinity) - atMs;
    case "waiting":
      return row.waiting;
    case "longest":
      return (row.waiting === 0 ? -Infinity : row.oldestWaitMs) - atMs;
    case "outcome":
      return (row.outcome?.ageMs ?? -Infinity) - atMs;
    default:
      return assertNever(order);
  }
}
