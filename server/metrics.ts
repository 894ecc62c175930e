// What a hub counts, as Prometheus reads it: adds nothing up by itself, and names no resource and no node. Knows no route.
import { Counter, Gauge, Registry } from "prom-client";
import { defaultLimits, type Refusals } from "../shared/limits.ts";
import type { LockTable } from "./core/table.ts";
import { processMetrics } from "./process-metrics.ts";
import { SpreadHistogram } from "./spread-histogram.ts";
import type { Traffic } from "./traffic.ts";

/** What the metrics are about. */
type Measured = {
  readonly engine: { readonly table: LockTable; isReachable(): boolean };
  readonly watches: { readonly count: number };
};

type Labelled = { readonly labels: Record<string, string>; readonly value: number };

/** Gives the text of all metrics of a hub at the moment of the call. */
export function metricsOf({ engine, watches }: Measured, traffic: Traffic): () => Promise<string> {
  const registry = new Registry();
  const { table } = engine;
  const { tally } = table;
  const gauge = (name: string, help: string, read: () => number) =>
    addValues(registry, "gauge", name, help, () => [{ labels: {}, value: read() }]);
  const counter = (name: string, help: string, read: () => number) =>
    addValues(registry, "counter", name, help, () => [{ labels: {}, value: read() }]);
  const counters = (name: string, help: string, label: string, read: () => Iterable<[string, number]>) =>
    addValues(registry, "counter", name, help, () =>
      Array.from(read(), ([word, value]) => labelled(label, word, value)),
    );

  addValues(registry, "gauge", "baton_sessions", "Sessions, by whether they have a socket", () => [
    labelled("state", "attached", table.sessionOfSocket.size),
    labelled("state", "detached", table.sessions.size - table.sessionOfSocket.size),
  ]);
  gauge("baton_holders", "Requests that hold", () => table.holding);
  gauge("baton_waiters", "Requests that wait", () => table.waiting);
  gauge("baton_resources", "Resources that are held, awaited, delayed or remembered", () => table.resources.size);
  gauge("baton_outcomes", "Outcomes that are remembered", () => table.outcomes.size);
  gauge("baton_references", "References in all sets", () => table.references.count);
  gauge("baton_history_entries", "Entries of the history", () => table.history.kept);
  gauge("baton_sockets", "WebSockets that are open", () => traffic.sockets);
  gauge("baton_watches", "Live watches", () => watches.count);
  gauge("baton_engine_reachable", "1 if the engine can be reached", () => Number(engine.isReachable()));
  gauge(
    "baton_journal_unheard_entries",
    "Entries of this hub that are not back from the journal",
    () => tally.journal.unheard,
  );
  gauge("baton_journal_bytes", "What no checkpoint stands for yet, about", () => tally.journal.bytes);

  counter("baton_checkpoints_total", "Checkpoints that took the place of entries", () => tally.journal.checkpoints);
  counter("baton_grants_total", "Grants", () => tally.grants);
  counter("baton_hand_offs_total", "Grants to requests that had waited", () => tally.handOffs);
  counter("baton_skips_total", "Requests that someone else's success served", () => tally.skips);
  counters("baton_releases_total", "Grants that ended, by outcome", "outcome", () => Object.entries(tally.releases));
  counters("baton_failures_total", "Requests that ended without a grant, by code", "code", () =>
    Object.entries(tally.failed),
  );
  counters("baton_lost_total", "Grants that were taken back, by code", "code", () => Object.entries(tally.lost));
  counter("baton_sessions_opened_total", "Sessions that were opened", () => tally.sessionsOpened);
  counter("baton_sessions_resumed_total", "Sessions that were resumed", () => tally.sessionsResumed);
  counters("baton_sessions_ended_total", "Sessions that ended, by why", "why", () =>
    Object.entries(tally.sessionsEnded),
  );
  counters("baton_refusals_total", "How often a bound was met, by its name", "bound", () =>
    refusalsByBound(table.refusals),
  );
  counters("baton_frames_total", "WebSocket frames, by direction", "direction", () => [
    ["in", traffic.framesIn],
    ["out", traffic.framesOut],
  ]);
  counters("baton_bytes_total", "Payload of WebSocket frames in bytes, by direction", "direction", () => [
    ["in", traffic.bytesIn],
    ["out", traffic.bytesOut],
  ]);

  for (const [name, help, spread] of [
    ["baton_wait_seconds", "How long granted requests had waited", tally.waits],
    ["baton_hold_seconds", "How long grants were held", tally.holds],
    ["baton_hand_off_seconds", "From what frees a resource, or asks for it, to the grant that is sent", tally.turns],
    ["baton_commit_seconds", "How long the journal takes to make a batch safe", tally.commits],
  ] as const) {
    registry.registerMetric(new SpreadHistogram(name, help, spread));
  }
  const process = processMetrics();
  return async () => `${await registry.metrics()}\n${await process.metrics()}`;
}

// Past these nothing is refused: the oldest of the history goes, and a list is the first of it and a count.
const refusingNothing: readonly string[] = ["historyResourceMax", "historyMax", "listEntriesMax"];
const bounds = Object.keys(defaultLimits).filter((bound) => !refusingNothing.includes(bound));

/** How often each bound was met, at 0 from the start: a series that begins with 1 never rose to it. */
function refusalsByBound(refusals: Refusals): [string, number][] {
  return Object.entries({ ...Object.fromEntries(bounds.map((bound) => [bound, 0])), ...Object.fromEntries(refusals) });
}

function labelled(label: string, word: string, value: number): Labelled {
  return { labels: { [label]: word }, value };
}

function addValues(
  registry: Registry,
  type: "gauge" | "counter",
  name: string,
  help: string,
  read: () => readonly Labelled[],
): void {
  const how = { name, help, registers: [] };
  if (type === "gauge") {
    const collect = function (this: Gauge): void {
      for (const { labels, value } of read()) this.set(labels, value);
    };
    return registry.registerMetric(new Gauge({ ...how, labelNames: ["state"], collect }));
  }
  const collect = function (this: Counter): void {
    this.reset();
    for (const { labels, value } of read()) this.inc(labels, value);
  };
  registry.registerMetric(
    new Counter({ ...how, labelNames: ["outcome", "code", "why", "bound", "direction"], collect }),
  );
}
