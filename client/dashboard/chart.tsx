// A line chart over time that follows the page's width and colours. Knows uPlot; not what is drawn.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { look } from "./look.ts";

/** One line: its name, the colour of the page that it takes, and how its values are said. */
export type Line = { readonly name: string; readonly colour: string; readonly values: readonly (number | undefined)[] };
type ChartProps = {
  readonly title: string;
  /** Seconds since the epoch, one for each value. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly unit: string;
};

const height = 190;

/** The lines over their times, with a legend that says the last values, or those under the pointer. */
export function Chart({ title, times, lines, unit }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const data: uPlot.AlignedData = [[...times], ...lines.map(({ values }) => values.map((value) => value ?? null))];
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    const drawn = new uPlot(optionsFor(current.clientWidth, lines, unit), data, current);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: current.clientWidth, height }));
    resized.observe(current);
    return () => {
      resized.disconnect();
      drawn.destroy();
    };
  }, [look.value]);
  useEffect(() => plot.current?.setData(data), [times, lines]);
  const last = lines.map(({ name, values }) => `${name} ${said(values.at(-1), unit)}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        <span class="legend">
          {lines.map(({ name, colour, values }) => (
            <span key={name}>
              <i class="dot" style={{ background: `var(${colour})` }} />
              {name} <b class="number">{said(values.at(-1), unit)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}: ${last}`} />
    </figure>
  );
}

function optionsFor(width: number, lines: readonly Line[], unit: string): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--rule"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 28, space: 72, values: (_plot, values) => values.map(clockTime) },
      { ...axis, size: unit === "" ? 44 : 62, values: (_plot, values) => values.map((value) => said(value, unit)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colour(line.colour),
        width: 1.75,
        points: { show: false },
        spanGaps: true,
      })),
    ],
  };
}

/** Hours, minutes and seconds of a time in seconds since the epoch. */
function clockTime(seconds: number): string {
  return new Date(seconds * 1_000).toTimeString().slice(0, 8);
}

/** A value in few digits with its unit. */
function said(value: number | undefined | null, unit: string): string {
  if (value === undefined || value === null) return "–";
  if (value >= 10_000) return `${(value / 1_000).toFixed(value >= 100_000 ? 0 : 1)}k${unit}`;
  const digits = value === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${unit}`;
}
