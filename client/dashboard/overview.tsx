// The overview: counts, rates, hand-off times, and what deserves a look. Knows the feed and the samples.
import { useComputed } from "@preact/signals";
import { duration } from "../../shared/wording.ts";
import { arrange, longestWaitMs } from "./arrange.ts";
import { Chart } from "./chart.tsx";
import { nowMs } from "./clock.ts";
import { Emptiness } from "./emptiness.tsx";
import { rows, totals } from "./feed.ts";
import { Foreign } from "./foreign.tsx";
import { allResources, hashOf } from "./route.ts";
import { counts, pulses } from "./samples.ts";
import type { Pulse } from "./scrape.ts";
import { Title } from "./title.tsx";
import { CircleWarning } from "./waits-view.tsx";

const longestShown = 6;

/** How the hub does. */
export function Overview() {
  return (
    <section class="view" aria-labelledby="title">
      <Title>Overview</Title>
      <CircleWarning />
      <Tiles />
      {totals.value?.resources === 0 && (
        <Emptiness
          title="Nothing is coordinated yet"
          command={
            "baton run db-migrate -- sleep 30\nbaton run db-migrate -- sleep 30   # in another shell: it waits, and is told to skip"
          }
        >
          The hub is ready. Start the first piece of work, and watch it here:
        </Emptiness>
      )}
      <div class="columns">
        <CountChart />
        <PulseCharts />
        <Longest />
      </div>
    </section>
  );
}

function Tiles() {
  const { value } = totals;
  const pulse = pulses.value?.at(-1);
  return (
    <dl class="tiles">
      <Tile name="Sessions" value={value?.sessions} href="#/sessions" />
      <Tile name="Resources" value={value?.resources} href={hashOf(allResources)} />
      <Tile name="Held" value={value?.held} href={hashOf({ ...allResources, order: "held", descending: true })} />
      <Tile name="Waiting" value={value?.waiting} href={hashOf({ ...allResources, waiting: true })} />
      <Tile name="Grants / s" value={pulse === undefined ? undefined : Math.round(pulse.grants)} />
      <Tile name="Skips / s" value={pulse === undefined ? undefined : Math.round(pulse.skips)} />
    </dl>
  );
}

function Tile({ name, value, href }: { name: string; value: number | undefined; href?: string }) {
  const shown = value === undefined ? "–" : value.toLocaleString("en");
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{href === undefined ? shown : <a href={href}>{shown}</a>}</dd>
    </div>
  );
}

function CountChart() {
  const { value } = counts;
  return (
    <div class="card">
      <Chart
        title="Held and waiting"
        unit=""
        times={value.map(({ atMs }) => atMs / 1_000)}
        lines={[
          { name: "held", colour: "--accent", values: value.map(({ held }) => held) },
          { name: "waiting", colour: "--lost", values: value.map(({ waiting }) => waiting) },
        ]}
      />
    </div>
  );
}

function PulseCharts() {
  const { value } = pulses;
  if (value === undefined) {
    return (
      <div class="card">
        <h2>Rates and hand-off times</h2>
        <p class="quiet">This hub does not tell its figures to this page: its /metrics cannot be read.</p>
      </div>
    );
  }
  const times = value.map(({ atMs }) => atMs / 1_000);
  const line = (name: string, colour: string, read: (pulse: Pulse) => number | undefined) => ({
    name,
    colour,
    values: value.map(read),
  });
  return (
    <>
      <div class="card">
        <Chart
          title="Each second"
          unit=""
          times={times}
          lines={[
            line("grants", "--accent", ({ grants }) => grants),
            line("skips", "--skipped", ({ skips }) => skips),
            line("failures", "--failed", ({ failures }) => failures),
            line("lost", "--lost", ({ lost }) => lost),
          ]}
        />
      </div>
      <div class="card">
        <Chart
          title="Hand-off time"
          unit=" ms"
          times={times}
          lines={[
            line("half within", "--accent", ({ handOffP50Ms }) => handOffP50Ms),
            line("99 % within", "--lost", ({ handOffP99Ms }) => handOffP99Ms),
          ]}
        />
      </div>
    </>
  );
}

/** Where somebody has waited longest. */
function Longest() {
  const longest = useComputed(() => {
    const choice = { search: "", waiting: true, problems: false, order: "longest", descending: true } as const;
    return arrange(rows.value, choice, () => nowMs.value).slice(0, longestShown);
  });
  return (
    <div class="card">
      <h2>Waiting longest</h2>
      {longest.value.length === 0 && <p class="quiet">Nobody waits for anything.</p>}
      <ol class="longest">
        {longest.value.map((seen) => (
          <li key={seen.row.resource}>
            <a href={hashOf({ view: "resource", name: seen.row.resource })}>
              <Foreign text={seen.row.resource} />
            </a>
            <span class="quiet">
              {seen.row.waiting} behind{" "}
              {seen.row.holders[0] === undefined ? (
                "nobody"
              ) : (
                <Foreign text={seen.row.holders[0].node} className="inline" />
              )}
            </span>
            <b class="number">{duration(Math.round(longestWaitMs(seen, nowMs.value)))}</b>
          </li>
        ))}
      </ol>
    </div>
  );
}
