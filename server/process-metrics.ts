// What the process of a hub uses: its CPU, its memory, its collections of garbage, and how late its loop is. The library's own
// are not taken: its CPU counts from the first look on, its heap is what V8 has put aside, and its collections leave some out.
// Knows no hub.
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { Counter, Gauge, Registry, Summary } from "prom-client";
import { addSpan, newSpread, shortMs } from "./core/tally.ts";
import { SpreadHistogram } from "./spread-histogram.ts";

let ofProcess: Registry | undefined;

/** The metrics of this process, of which there is one however many hubs are in it; the first call begins to count collections. */
export function processMetrics(): Registry {
  return (ofProcess ??= begin());
}

function begin(): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => number) => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  const name = "baton_process_cpu_seconds_total";
  const help = "CPU time since the process began";
  registry.registerMetric(new Counter({ name, help, registers: [], collect: setCpuTime }));
  const startedMs = Date.now() - process.uptime() * 1_000;
  gauge("baton_process_start_time_seconds", "When the process began, since the epoch", () => startedMs / 1_000);
  gauge("baton_process_resident_memory_bytes", "Memory in RAM", () => process.memoryUsage.rss());
  gauge("baton_process_heap_bytes", "JavaScript heap in use", () => process.memoryUsage().heapUsed);
  gauge("baton_process_external_bytes", "Memory of buffers outside the heap", () => process.memoryUsage().external);
  addCollections(registry);
  registry.registerMetric(new LoopDelay());
  return registry;
}

function setCpuTime(this: Counter): void {
  const { user, system } = process.cpuUsage();
  this.reset();
  this.inc((user + system) / 1e6);
}

function addCollections(registry: Registry): void {
  const collections = newSpread(shortMs);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) addSpan(collections, duration);
  }).observe({ entryTypes: ["gc"] });
  const help = "How long the loop stood still for a collection of garbage";
  registry.registerMetric(new SpreadHistogram("baton_collection_seconds", help, collections));
}

const resolutionMs = 10;
const loopDelay = { name: "baton_loop_delay_seconds", help: "How late the event loop was" };

/** How late the event loop is: quantiles since the last look, and a sum and a count since the first. */
class LoopDelay extends Summary {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #seconds = 0;
  #count = 0;

  constructor() {
    super({ ...loopDelay, registers: [] });
    this.#delay.enable();
  }

  /** What the library asks for when it writes its text. */
  getForPromString() {
    const { name } = loopDelay;
    const { count, mean } = this.#delay;
    const quantiles = [0.5, 0.99, 1].map((quantile) => {
      const value = count === 0 ? 0 : lateness(this.#delay.percentile(quantile * 100));
      return { metricName: name, labels: { quantile: String(quantile) }, value };
    });
    this.#count += count;
    this.#seconds += count === 0 ? 0 : count * lateness(mean);
    this.#delay.reset();
    const sum = { metricName: `${name}_sum`, labels: {}, value: this.#seconds };
    const total = { metricName: `${name}_count`, labels: {}, value: this.#count };
    return { ...loopDelay, type: "summary", values: [...quantiles, sum, total] };
  }
}

/** Measured is the time from one look to the next, which would be the resolution if nothing were late; in seconds. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1_000);
}
