// What `baton top` shows at one moment, and what a key makes of it. Knows a picture and a size; no terminal and no hub.
import { assertNever } from "../../shared/errors.ts";
import { compareText } from "../../shared/text.ts";
import type { Picture, ResourceRow } from "../index.ts";
import { duration, printable, searchable } from "./output.ts";

const orders = ["waiting", "longest", "held", "name"] as const;
type Order = (typeof orders)[number];

/** A row and when it came, in milliseconds. */
type SeenRow = { readonly row: ResourceRow; readonly atMs: number };

/** A picture, and its rows with the times at which they came. */
type Scene = {
  readonly picture: Picture<ResourceRow> | undefined;
  readonly rows: ReadonlyMap<string, SeenRow>;
};

/** The newest picture, and what the reader has chosen. */
export type TopView = Scene & {
  readonly order: Order;
  readonly filter: string;
  readonly isFiltering: boolean;
  /** What stands still, and since when. */
  readonly paused: (Scene & { readonly atMs: number }) | undefined;
  readonly first: number;
};

/** As it begins. */
export const emptyView: TopView = {
  picture: undefined,
  rows: new Map(),
  order: "waiting",
  filter: "",
  isFiltering: false,
  paused: undefined,
  first: 0,
};

/** The view after a new picture; one that is paused keeps it for later. */
export function shown(view: TopView, picture: Picture<ResourceRow>, nowMs: number): TopView {
  const rows = new Map<string, SeenRow>();
  for (const [name, row] of picture.rows) {
    // A row that is the same object has not changed since it came, and its ages count from then.
    const known = view.rows.get(name);
    rows.set(name, known?.row === row ? known : { row, atMs: nowMs });
  }
  return { ...view, picture, rows };
}

/** The view after what was typed on a screen of so many rows; undefined when that ends it. */
export function pressed(view: TopView, key: string, nowMs: number, rows: number): TopView | undefined {
  if (key === "\u0003") return undefined;
  if (view.isFiltering) return typed(view, key);
  switch (key) {
    case "q":
    case "\u0004":
      return undefined;
    case "s":
      return { ...view, order: orders[(orders.indexOf(view.order) + 1) % orders.length] ?? "waiting", first: 0 };
    case "/":
      return { ...view, isFiltering: true };
    case "p":
    case " ":
      return { ...view, paused: view.paused === undefined ? { ...sceneOf(view), atMs: nowMs } : undefined };
    case "j":
    case "\u001b[B":
      return { ...view, first: Math.min(view.first + 1, lastFirst(arranged(view, nowMs).length, rows)) };
    case "k":
    case "\u001b[A":
      return { ...view, first: Math.max(0, view.first - 1) };
    case "g":
      return { ...view, first: 0 };
    case "\u001b":
      return { ...view, filter: "", first: 0 };
    default:
      return view;
  }
}

/** What is in sight: what stands still, or the newest. */
function sceneOf({ paused, picture, rows }: TopView): Scene {
  return paused ?? { picture, rows };
}

function typed(view: TopView, key: string): TopView {
  if (key === "\r" || key === "\n") return { ...view, isFiltering: false };
  if (key === "\u001b") return { ...view, isFiltering: false, filter: "" };
  if (key === "\u007f" || key === "\b") return { ...view, filter: Array.from(view.filter).slice(0, -1).join("") };
  // Arrows and the like are no letters.
  return key.startsWith("\u001b") ? view : { ...view, filter: view.filter + key, first: 0 };
}

const headings = ["RESOURCE", "HOLDER", "HELD", "PROGRESS", "WAITING", "LONGEST"];
const numbers = new Set(["HELD", "WAITING", "LONGEST"]);
const nameColumnsMin = 12;
const numberColumnsMin = 6;
/** What is left out, in this order, where there is no room for all. */
const leaving = ["PROGRESS", "LONGEST", "HELD", "HOLDER", "WAITING"];
/** Lines above the rows: totals, what was chosen, headings. */
const headLines = 3;

/** The row that stands first when the last one stands at the bottom of a screen of so many rows. */
function lastFirst(found: number, rows: number): number {
  return Math.max(0, found - Math.max(0, rows - headLines));
}

/** The lines of a screen of that size: never more, and none wider. */
export function topLines(view: TopView, nowMs: number, columns: number, rows: number): string[] {
  const now = view.paused?.atMs ?? nowMs;
  const found = arranged(view, now);
  const first = Math.min(view.first, lastFirst(found.length, rows));
  const cells = found.slice(first, first + rows).map((seen) => cellsOf(seen, now, bar));
  const body = aligned([headings, ...cells], columns);
  if (found.length === 0 && sceneOf(view).picture !== undefined) body.push(emptyLine(view));
  return [totalsLine(view), choiceLine(view, found.length), ...body].map((line) => cut(line, columns)).slice(0, rows);
}

/** All rows as a table, for whom no screen bounds. */
export function topTable(picture: Picture<ResourceRow>): string[] {
  const found = arranged(shown(emptyView, picture, 0), 0);
  return aligned([headings, ...found.map((seen) => cellsOf(seen, 0, percent))], Infinity);
}

function totalsLine(view: TopView): string {
  const { picture } = sceneOf(view);
  if (picture === undefined) return "baton top: waiting for the hub";
  const { resources, held, waiting, sessions } = picture.totals;
  const state = [view.paused && "PAUSED", view.picture?.isStale && "DISCONNECTED"].filter(Boolean).join(", ") || "live";
  return `baton top  ${state}  resources ${resources}  held ${held}  waiting ${waiting}  sessions ${sessions}`;
}

function choiceLine({ order, filter, isFiltering }: TopView, found: number): string {
  if (isFiltering) return `/${printable(filter)}█  finds ${found}  Enter keeps it  Esc ends it`;
  const only = filter === "" ? "" : `  /${printable(filter)} finds ${found}`;
  return `by ${order}${only}  s sort  / filter  p pause  j k scroll  q quit`;
}

function emptyLine({ filter }: TopView): string {
  return filter === "" ? "nothing is held, awaited or remembered" : "nothing fits";
}

function arranged(view: TopView, nowMs: number): SeenRow[] {
  const { filter, order } = view;
  const wanted = filter.toLowerCase();
  const fits = ({ row: { resource, holders } }: SeenRow) =>
    [resource, ...holders.map(({ node }) => node)].some((name) => searchable(name).includes(wanted));
  const compare = (one: SeenRow, other: SeenRow) =>
    weight(other, order, nowMs) - weight(one, order, nowMs) || compareText(one.row.resource, other.row.resource);
  return [...sceneOf(view).rows.values()].filter(fits).sort(compare);
}

/** What has more of it stands higher. */
function weight({ row, atMs }: SeenRow, order: Order, nowMs: number): number {
  const [first] = row.holders;
  switch (order) {
    case "waiting":
      return row.waiting;
    case "longest":
      return row.waiting === 0 ? -1 : row.oldestWaitMs + nowMs - atMs;
    case "held":
      return first === undefined ? -1 : first.heldMs + nowMs - atMs;
    case "name":
      return 0;
    default:
      return assertNever(order);
  }
}

type Share = (share: number) => string;

function cellsOf({ row, atMs }: SeenRow, nowMs: number, share: Share): string[] {
  const [holder] = row.holders;
  const others = row.holding > 1 ? ` +${row.holding - 1}` : "";
  const age = (milliseconds: number) => duration(Math.max(0, Math.round(milliseconds + nowMs - atMs)));
  return [
    printable(row.resource),
    holder === undefined ? "-" : printable(holder.node) + others,
    holder === undefined ? "-" : age(holder.heldMs),
    progressCell(holder, share),
    String(row.waiting),
    row.waiting === 0 ? "-" : age(row.oldestWaitMs),
  ];
}

function progressCell(holder: ResourceRow["holders"][number] | undefined, share: Share): string {
  const { done, total, note } = holder?.progress ?? {};
  if (done !== undefined && total !== undefined && total > 0) return share(Math.min(1, done / total));
  return note === undefined ? "-" : cut(printable(note), 15);
}

function percent(share: number): string {
  return `${Math.floor(share * 100)}%`;
}

function bar(share: number): string {
  const blocks = Math.round(share * 10);
  return `${"█".repeat(blocks)}${"░".repeat(10 - blocks)} ${percent(share).padStart(4)}`;
}

/** Columns two spaces apart. What does not fit is taken from the resource first, then from the holder; then columns leave. */
function aligned(lines: readonly (readonly string[])[], columns: number): string[] {
  const widths = headings.map((heading, column) => {
    // Of one width while ages grow, so that nothing moves at every change.
    const least = numbers.has(heading) ? numberColumnsMin : 0;
    return Math.max(least, ...lines.map((line) => length(line[column] ?? "")));
  });
  const widthOf = (column: number) => widths[column] ?? 0;
  const leastOf = (column: number) => (column < 2 ? Math.min(nameColumnsMin, widthOf(column)) : widthOf(column));
  let shown = headings.map((_, column) => column);
  const over = (width: (column: number) => number) =>
    shown.reduce((sum, column) => sum + width(column), 2 * (shown.length - 1)) - columns;
  for (const heading of leaving) if (over(leastOf) > 0) shown = shown.filter((column) => headings[column] !== heading);
  for (const column of [0, 1]) widths[column] = Math.max(leastOf(column), widthOf(column) - Math.max(0, over(widthOf)));
  return lines.map((line) =>
    shown
      .map((column) => fitted(line[column] ?? "", widthOf(column), numbers.has(headings[column] ?? "")))
      .join("  ")
      .trimEnd(),
  );
}

function fitted(cell: string, width: number, isNumber: boolean): string {
  const shown = cut(cell, width);
  const space = " ".repeat(Math.max(0, width - length(shown)));
  return isNumber ? space + shown : shown + space;
}

function cut(text: string, width: number): string {
  return length(text) <= width
    ? text
    : `${Array.from(text)
        .slice(0, Math.max(0, width - 1))
        .join("")}…`;
}

function length(text: string): number {
  return Array.from(text).length;
}
