// The report of a bench run: one table for people. Knows nothing of how the figures came about.
import { meets, type Figure } from "./figure.ts";
import type { Spread } from "./rounds.ts";

const headings = ["#", "what", "hub", "beside", "ratio", "goal", "", "hub CPU", "its CPU", "load CPU", "joined"];

/** What the columns hold that their headings have no room for. */
export const legend =
  "medians, least and most in brackets; ratio: hub to beside, round by round; CPU: µs for one pair, round trip or " +
  "hand-off, and how busy that kept a core; joined: messages in a frame from the hub";

/** The table: a line for each figure, medians with what they lie between. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return rows.map(lineOf).join("\n");
}

function rowOf(figure: Figure): string[] {
  const { id, what, unit, value, beside, cost } = figure;
  return [
    id,
    what,
    `${spreadText(value)} ${unit}`,
    beside === undefined ? "" : `${beside.what} ${spreadText(beside.value)} ${beside.unit}`,
    beside === undefined ? "" : spreadText(beside.ratio),
    goalText(figure),
    verdictText(figure),
    cost === undefined ? "" : cpuText(cost.serverUs, cost.serverCores),
    beside?.cost === undefined ? "" : cpuText(beside.cost.serverUs, beside.cost.serverCores),
    cost === undefined ? "" : cpuText(cost.loadUs, cost.loadCores),
    cost === undefined ? "" : numberText(cost.messagesPerFrame),
  ];
}

function goalText({ goal }: Figure): string {
  if (goal === undefined) return "";
  return `${goal.bound === "at least" ? "≥" : "≤"} ${goal.number}`;
}

function verdictText(figure: Figure): string {
  const met = meets(figure);
  if (met === undefined) return "";
  return met ? "PASS" : "miss";
}

function cpuText(us: number | undefined, cores: number | undefined): string {
  return us === undefined || cores === undefined ? "unknown" : `${us.toFixed(1)}, ${Math.round(cores * 100)} %`;
}

function spreadText({ median, min, max }: Spread): string {
  return `${numberText(median)} (${numberText(min)}–${numberText(max)})`;
}

/** Three digits that tell, thousands apart. */
function numberText(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
