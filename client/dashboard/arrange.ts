// Which rows of a list of resources are shown, and in what order. Knows no page.
import { assertNever } from "../../shared/errors.ts";
import { compareText } from "../../shared/text.ts";
import type { ResourceRow } from "../index.ts";
import type { Order } from "./route.ts";

/** A row and when it came, by the page's own clock, in milliseconds. */
export type SeenRow = { readonly row: ResourceRow; readonly atMs: number };

/** What is wanted of all rows. */
export type Choice = {
  readonly search: string;
  readonly waiting: boolean;
  readonly problems: boolean;
  readonly order: Order;
  readonly descending: boolean;
};

const longWaitMs = 30_000;

/** Why a resource deserves a look: somebody waits though nobody holds it, or waits for long. */
export function problemOf({ row, atMs }: SeenRow, nowMs: number): string | undefined {
  if (row.waiting === 0) return undefined;
  if (row.holding === 0) return "somebody waits and nobody holds it";
  return longestWaitMs({ row, atMs }, nowMs) >= longWaitMs ? "somebody has waited for long" : undefined;
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

/** The chosen rows, in the chosen order, and by name where that says nothing. A search finds names of resources and holders. */
export function arrange(rows: readonly SeenRow[], choice: Choice, nowMs: number): SeenRow[] {
  const search = choice.search.toLowerCase();
  const isChosen = (seen: SeenRow) =>
    (!choice.waiting || seen.row.waiting > 0) &&
    (!choice.problems || problemOf(seen, nowMs) !== undefined) &&
    (search === "" ||
      seen.row.resource.toLowerCase().includes(search) ||
      seen.row.holders.some(({ node }) => node.toLowerCase().includes(search)));
  const sign = choice.descending ? -1 : 1;
  const compare = comparison(choice.order, nowMs);
  return rows
    .filter(isChosen)
    .sort((one, other) => sign * compare(one, other) || compareText(one.row.resource, other.row.resource));
}

type Comparison = (one: SeenRow, other: SeenRow) => number;

function by(value: (seen: SeenRow) => number): Comparison {
  return (one, other) => value(one) - value(other);
}

function comparison(order: Order, nowMs: number): Comparison {
  switch (order) {
    case "name":
      return (one, other) => compareText(one.row.resource, other.row.resource);
    case "holder":
      return (one, other) => compareText(one.row.holders[0]?.node ?? "", other.row.holders[0]?.node ?? "");
    case "held":
      return by((seen) => heldMs(seen, nowMs) ?? -1);
    case "waiting":
      return by(({ row }) => row.waiting);
    case "longest":
      return by((seen) => longestWaitMs(seen, nowMs));
    case "outcome":
      return by(({ row, atMs }) => (row.outcome === undefined ? -1 : row.outcome.ageMs + nowMs - atMs));
    default:
      return assertNever(order);
  }
}
