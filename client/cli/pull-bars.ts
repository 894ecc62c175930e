// A bar per blob on a terminal, in an order that stays. Knows the events of a pull and a width; nothing of hub or registry.
import { assertNever } from "../../shared/errors.ts";
import type { Blob, PullEvent } from "../content/index.ts";
import { bytesText, percentText } from "./bytes.ts";
import { printable } from "./output.ts";
import { holderText, shortDigest, type PullView } from "./pull-view.ts";

/** A terminal, as far as bars need it. */
export type Screen = {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
};

type BarState =
  | { name: "asking" }
  | { name: "waiting"; behind: string }
  | { name: "downloading"; bytes: number; fromBytes: number; sinceMs: number; note: string }
  | { name: "exists" }
  | { name: "done" }
  | { name: "skipped"; by: string }
  | { name: "failed"; message: string };

type Bar = { blob: Blob; state: BarState };

const barColumns = 24;
const redrawMs = 100;

/** Bars that are redrawn ten times a second, until `end`. */
export function barsView(screen: Screen, nowMs: () => number): PullView {
  const bars = new Bars(nowMs);
  let drawn = 0;
  const draw = (): void => {
    const lines = bars.lines(screen.columns, screen.rows);
    const up = drawn === 0 ? "" : `\u001b[${drawn}A`;
    screen.write(up + lines.map((line) => `\u001b[2K${line}\n`).join("") + (drawn > lines.length ? "\u001b[J" : ""));
    drawn = lines.length;
  };
  const timer = setInterval(draw, redrawMs);
  timer.unref();
  return {
    show: (event) => bars.show(event),
    end: () => {
      clearInterval(timer);
      draw();
    },
  };
}

/** The state of every bar, and the lines that they are just now. */
export class Bars {
  readonly #bars = new Map<string, Bar>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes in what happened. */
  show(event: PullEvent): void {
    if (event.type === "resolved" || event.type === "summary") return;
    if (event.type === "blob") {
      if (!this.#bars.has(event.blob.digest))
        this.#bars.set(event.blob.digest, { blob: event.blob, state: { name: "asking" } });
      return;
    }
    const bar = this.#bars.get(event.digest);
    if (bar !== undefined) bar.state = stateAfter(bar.state, event, this.#nowMs());
  }

  /** One line per blob, at most `rows - 1`, none wider than the screen; what is finished gives way first. */
  lines(columns: number, rows: number): string[] {
    const all = [...this.#bars.values()];
    const room = Math.max(rows - 1, 1);
    if (all.length <= room) return all.map((bar) => fit(lineOf(bar, this.#nowMs()), columns));
    const open = all.filter(({ state }) => !isOver(state));
    const shown = open.slice(0, room - 1);
    const rest = `… ${all.length - open.length} of ${all.length} blobs are there, ${open.length - shown.length} more are not shown`;
    return [...shown.map((bar) => lineOf(bar, this.#nowMs())), rest].map((line) => fit(line, columns));
  }
}

type BarEvent = Exclude<PullEvent, { type: "resolved" | "blob" | "summary" }>;

function stateAfter(state: BarState, event: BarEvent, nowMs: number): BarState {
  switch (event.type) {
    case "exists":
      return { name: "exists" };
    case "queued":
      return { name: "waiting", behind: holderText(event) };
    case "granted": {
      const note = event.previous === undefined ? "" : `after ${event.previous.node}`;
      return { name: "downloading", bytes: 0, fromBytes: 0, sinceMs: nowMs, note };
    }
    case "resumed":
      return state.name === "downloading" ? { ...state, bytes: event.bytes, fromBytes: event.bytes } : state;
    case "progress":
      return state.name === "downloading" ? { ...state, bytes: event.bytes } : state;
    case "retry":
      return state.name === "downloading" ? { ...state, note: event.message } : state;
    case "done":
      return { name: "done" };
    case "skipped":
      return { name: "skipped", by: event.by };
    case "failed":
      return { name: "failed", message: event.message };
    default:
      return assertNever(event);
  }
}

function isOver({ name }: BarState): boolean {
  return name === "exists" || name === "done" || name === "skipped";
}

function lineOf({ blob, state }: Bar, nowMs: number): string {
  const head = `${shortDigest(blob.digest)}  ${blob.kind.padEnd(8)}  ${bytesText(blob.size).padStart(9)}  `;
  switch (state.name) {
    case "asking":
      return `${head}${empty}`;
    case "waiting":
      return `${head}${empty}  waiting, ${state.behind} downloads it`;
    case "downloading":
      return `${head}${drawing(state.bytes, blob.size)}  ${percentText(state.bytes, blob.size).padStart(5)}  ${speed(state, nowMs)}`;
    case "exists":
      return `${head}${full}  exists`;
    case "done":
      return `${head}${full}  done`;
    case "skipped":
      return `${head}${full}  done by ${state.by}`;
    case "failed":
      return `${head}${empty}  failed: ${state.message}`;
    default:
      return assertNever(state);
  }
}

const empty = `[${" ".repeat(barColumns)}]`;
const full = `[${"=".repeat(barColumns)}]`;

function drawing(bytes: number, total: number): string {
  const filled = total === 0 ? barColumns : Math.min(Math.floor((bytes / total) * barColumns), barColumns);
  return `[${"=".repeat(filled)}${filled < barColumns ? ">" : ""}${" ".repeat(Math.max(barColumns - filled - 1, 0))}]`;
}

function speed({ bytes, fromBytes, sinceMs, note }: Extract<BarState, { name: "downloading" }>, nowMs: number): string {
  const seconds = (nowMs - sinceMs) / 1000;
  const rate = seconds < 0.2 || bytes <= fromBytes ? "" : `${bytesText((bytes - fromBytes) / seconds)}/s`;
  return note === "" ? rate : `${rate}  ${note}`;
}

/** A wider line would wrap, and the next redraw would start a row too low. */
function fit(line: string, columns: number): string {
  const safe = printable(line);
  return safe.length < columns ? safe : `${safe.slice(0, Math.max(columns - 2, 1))}…`;
}
