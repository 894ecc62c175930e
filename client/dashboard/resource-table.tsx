// The table of resources: thousands of rows, of which those in sight are drawn. Knows rows; not where they come from.
import { useEffect, useRef, useState } from "preact/hooks";
import { duration } from "../../shared/wording.ts";
import { ago } from "./ago.ts";
import { heldMs, longestWaitMs, problemOf, type SeenRow } from "./arrange.ts";
import { Foreign } from "./foreign.tsx";
import { hashOf, type Order } from "./route.ts";
import { shareDone } from "./why.ts";
import { windowOf } from "./window.ts";

const rowHeight = 44;

const columns: readonly { order: Order; title: string; className: string }[] = [
  { order: "name", title: "Resource", className: "wide" },
  { order: "holder", title: "Holder", className: "middle" },
  { order: "held", title: "Held for", className: "number aside" },
  { order: "waiting", title: "Waiting", className: "number" },
  { order: "longest", title: "Longest wait", className: "number roomy aside" },
  { order: "outcome", title: "Last success", className: "middle aside" },
];

type Sorting = { order: Order; descending: boolean };
type TableProps = {
  rows: readonly SeenRow[];
  nowMs: number;
  sorting: Sorting;
  /** The name of a resource. */
  selected: string | undefined;
  onSort: (sorting: Sorting) => void;
};

/** The rows under their headings; a heading sorts, a name leads to its resource. */
export function ResourceTable({ rows, nowMs, sorting, selected, onSort }: TableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [{ top, height }, setPlace] = useState({ top: 0, height: 800 });
  const look = () => {
    const { current } = scroller;
    if (current !== null) setPlace({ top: current.scrollTop, height: current.clientHeight });
  };
  useEffect(() => {
    look();
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, []);
  useEffect(() => {
    const { current } = scroller;
    const place = rows.findIndex(({ row }) => row.resource === selected);
    if (current === null || place < 0) return;
    const at = place * rowHeight;
    if (at < current.scrollTop) current.scrollTop = at;
    else if (at + 2 * rowHeight > current.scrollTop + current.clientHeight)
      current.scrollTop = at + 2 * rowHeight - current.clientHeight;
  }, [selected]);
  const { first, end, aboveHeight, belowHeight } = windowOf(rows.length, rowHeight, top, height);
  return (
    <div class="scroller" ref={scroller} onScroll={look}>
      <table class="resources" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.order} {...column} sorting={sorting} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Space height={aboveHeight} />
          {rows.slice(first, end).map((seen, place) => (
            <Row
              key={seen.row.resource}
              seen={seen}
              nowMs={nowMs}
              place={first + place}
              isSelected={seen.row.resource === selected}
            />
          ))}
          <Space height={belowHeight} />
        </tbody>
      </table>
    </div>
  );
}

function Space({ height }: { height: number }) {
  return height === 0 ? null : (
    <tr aria-hidden="true">
      <td style={{ height: `${height}px`, padding: 0 }} />
    </tr>
  );
}

type HeadingProps = (typeof columns)[number] & { sorting: Sorting; onSort: (sorting: Sorting) => void };

function Heading({ order, title, className, sorting, onSort }: HeadingProps) {
  const isChosen = order === sorting.order;
  const direction = sorting.descending ? "descending" : "ascending";
  // Of a number the largest is asked for first.
  const isNumber = className.includes("number");
  const sort = () => onSort({ order, descending: isChosen ? !sorting.descending : isNumber });
  return (
    <th scope="col" class={className} aria-sort={isChosen ? direction : "none"}>
      <button type="button" onClick={sort}>
        {title}
        <span aria-hidden="true">{isChosen ? (sorting.descending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}

type RowProps = { seen: SeenRow; nowMs: number; place: number; isSelected: boolean };

function Row({ seen, nowMs, place, isSelected }: RowProps) {
  const { row } = seen;
  const [holder] = row.holders;
  const held = heldMs(seen, nowMs);
  const problem = problemOf(seen, nowMs);
  const wait = longestWaitMs(seen, nowMs);
  return (
    <tr aria-rowindex={place + 2} class={isSelected ? "selected" : ""} aria-selected={isSelected}>
      <th scope="row" class="wide">
        <a href={hashOf({ view: "resource", name: row.resource })}>
          <Foreign text={row.resource} />
        </a>
        {problem !== undefined && (
          <span class="mark warning" title={problem} role="img" aria-label={problem}>
            !
          </span>
        )}
      </th>
      <td class="middle">
        {holder === undefined ? (
          <span class="quiet">free</span>
        ) : (
          <span class="holder">
            <Foreign text={holder.node} />
            {row.holding > 1 && <span class="quiet">+{row.holding - 1}</span>}
            <Share share={shareDone(holder.progress)} />
          </span>
        )}
      </td>
      <td class="number aside">{held === undefined ? "" : duration(Math.round(held))}</td>
      <td class="number">{row.waiting === 0 ? <span class="quiet">0</span> : <strong>{row.waiting}</strong>}</td>
      <td class="number aside">{wait === 0 ? "" : duration(Math.round(wait))}</td>
      <td class="middle aside">
        {row.outcome !== undefined && (
          <span class="holder">
            <Foreign text={`${row.outcome.operation} by ${row.outcome.node}`} />
            <span class="quiet">{ago(row.outcome.ageMs + nowMs - seen.atMs)}</span>
          </span>
        )}
      </td>
    </tr>
  );
}

/** How far a holder is, as a small bar and in words. */
function Share({ share }: { share: number | undefined }) {
  if (share === undefined) return null;
  const percent = Math.floor(share * 100);
  return (
    <span class="share" role="img" aria-label={`${percent} % done`}>
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
