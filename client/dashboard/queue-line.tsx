// The queue as a line of nodes behind who holds: it moves as the queue moves. Knows a view of one resource, nothing else.
import { duration, printable } from "../../shared/wording.ts";
import type { ResourceView } from "../index.ts";
import { shareDone } from "./why.ts";

type Holder = ResourceView["holders"][number];
type Waiter = ResourceView["queue"][number];
/** One node in the picture. */
type Figure = { key: string; x: number; y: number; node: string; age: string; state: FigureState };
type FigureState =
  | { kind: "holder"; share: number | undefined }
  | { kind: "waiter"; position: number; detached: boolean };

const holderX = 84;
const firstWaiterX = 236;
const waiterGap = 104;
const holderGap = 128;
const holdersMax = 4;
const holderRadius = 30;
const ringRadius = 37;
const waiterRadius = 22;

/** Who holds and who stands behind, first come first. `sinceMs`: how long ago the view came. */
export function QueueLine({ view, sinceMs }: { view: ResourceView; sinceMs: number }) {
  const holders = view.holders.slice(0, holdersMax);
  const middle = (Math.max(1, holders.length) * holderGap) / 2;
  const figures = [
    ...holders.map((holder, place) => holderFigure(holder, place, sinceMs)),
    ...view.queue.map((waiter, place) => waiterFigure(waiter, place, middle, sinceMs)),
  ];
  const more = view.waiting - view.queue.length;
  const moreHolders = view.holding - holders.length;
  const width = firstWaiterX + view.queue.length * waiterGap + (more > 0 ? 90 : 0);
  const label = `${view.holding} holding, ${view.waiting} waiting`;
  return (
    <div class="line-scroller" tabIndex={0} role="group" aria-label={`The queue: ${label}`}>
      <svg class="line" width={width} height={middle * 2 + 8} role="img" aria-label={label}>
        {view.queue.length > 0 && (
          <line class="rope" x1={holderX + 50} y1={middle - 14} x2={width - 60} y2={middle - 14} />
        )}
        {holders.length === 0 && <FreePlace y={middle - 14} isDelayed={view.delayedMs !== undefined} />}
        {figures.map((figure) => (
          <FigureOf {...figure} key={figure.key} />
        ))}
        {moreHolders > 0 && (
          <text class="more" x={holderX} y={middle * 2}>
            and {moreHolders} more
          </text>
        )}
        {more > 0 && (
          <text class="more" x={width - 50} y={middle - 10}>
            +{more}
          </text>
        )}
      </svg>
    </div>
  );
}

function holderFigure(holder: Holder, place: number, sinceMs: number): Figure {
  const state: FigureState = { kind: "holder", share: shareDone(holder.progress) };
  return figureOf(holder, holderX, place * holderGap + holderGap / 2 - 14, holder.heldMs + sinceMs, state);
}

function waiterFigure(waiter: Waiter, place: number, middle: number, sinceMs: number): Figure {
  const state: FigureState = { kind: "waiter", position: place + 1, detached: waiter.detached };
  return figureOf(waiter, firstWaiterX + place * waiterGap, middle - 14, waiter.waitedMs + sinceMs, state);
}

function figureOf(
  { session, id, node }: Holder | Waiter,
  x: number,
  y: number,
  ageMs: number,
  state: FigureState,
): Figure {
  return { key: `${session}/${id}`, x, y, node, age: duration(Math.round(ageMs)), state };
}

function FigureOf({ x, y, node, age, state }: Figure) {
  const isHolder = state.kind === "holder";
  const radius = isHolder ? holderRadius : waiterRadius;
  const look = isHolder ? "holding" : state.detached ? "waiting detached" : "waiting";
  return (
    <g class={`figure ${look}`} style={{ transform: `translate(${x}px, ${y}px)` }}>
      <title>{printable(node)}</title>
      {isHolder && state.share !== undefined && <Ring share={state.share} />}
      <circle r={radius} />
      {isHolder && state.share === undefined && <path class="baton" d="M-9 9 9-9" />}
      <text class="inside" y="5">
        {isHolder ? (state.share === undefined ? "" : `${Math.floor(state.share * 100)}%`) : state.position}
      </text>
      <text class="name" y={radius + (isHolder ? 27 : 20)}>
        {shortened(printable(node))}
      </text>
      <text class="age" y={radius + (isHolder ? 44 : 36)}>
        {age}
      </text>
    </g>
  );
}

/** How far the holder is, as an arc around it. */
function Ring({ share }: { share: number }) {
  const around = 2 * Math.PI * ringRadius;
  return (
    <>
      <circle class="ring" r={ringRadius} />
      <circle
        class="ring done"
        r={ringRadius}
        transform="rotate(-90)"
        stroke-dasharray={`${around}`}
        style={{ strokeDashoffset: `${around * (1 - share)}px` }}
      />
    </>
  );
}

function FreePlace({ y, isDelayed }: { y: number; isDelayed: boolean }) {
  return (
    <g class="figure free" style={{ transform: `translate(${holderX}px, ${y}px)` }}>
      <circle r={holderRadius} />
      <text class="inside" y="5">
        {isDelayed ? "pause" : "free"}
      </text>
    </g>
  );
}

const shownMax = 14;

/** Names that differ tend to differ at their ends, so the middle goes. */
function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= shownMax) return name;
  return `${characters.slice(0, 6).join("")}…${characters.slice(-7).join("")}`;
}
