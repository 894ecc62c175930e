// What the process of a hub uses: its CPU, its memory, its collections of garbage, and how late its loop is. The library's own
// are not taken: its CPU counts from the first look on, its heap is what V8 has put aside, and its collections leave some out.
// Knows no hub.
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { Counter, Gauge, Registry } from "prom-client";
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
  addLoopDelay(registry);
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

function addLoopDelay(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const help = "How late the event loop was since the last look, by quantile";
  const collect = function (this: Gauge<"quantile">): void {
    for (const quantile of [0.5, 0.99, 1]) {
      const nanoseconds = delay.count === 0 ? 0 : delay.percentile(quantile * 100);
      this.set({ quantile: String(quantile) }, nanoseconds / 1e9);
    }
    delay.reset();
  };
  const name = "baton_loop_delay_seconds";
  registry.registerMetric(new Gauge({ name, help, labelNames: ["quantile"], registers: [], collect }));
}
