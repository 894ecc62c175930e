// What the overview draws over time: the hub's counts each second, and its own figures every two. Knows the feed and `/metrics`.
import { signal } from "@preact/signals";
import { startAsking } from "./asking.ts";
import { isPaused } from "./clock.ts";
import { totals } from "./feed.ts";
import { givenToken, hub } from "./link.ts";
import { pulseOf, readScrape, type Pulse, type Scrape } from "./scrape.ts";

/** The hub's counts at one moment, in milliseconds of the wall clock. */
export type Count = { readonly atMs: number; readonly held: number; readonly waiting: number };

const samplesMax = 300;
const countMs = 1_000;
const scrapeMs = 2_000;
const restMs = 30_000;

/** The counts of the last five minutes. */
export const counts = signal<readonly Count[]>([]);
/** What happened in the last ten minutes; undefined where the hub tells no figures. */
export const pulses = signal<readonly Pulse[] | undefined>([]);

function takeCount(): void {
  const { value } = totals;
  if (value === undefined || isPaused.value || hub.value === undefined) return;
  const count = { atMs: Date.now(), held: value.held, waiting: value.waiting };
  counts.value = [...counts.value.slice(1 - samplesMax), count];
}

let last: Scrape | undefined;
let restUntilMs = 0;

async function scrape(): Promise<Scrape | undefined> {
  if (performance.now() < restUntilMs) return undefined;
  const text = await readMetrics();
  if (text !== undefined) return readScrape(text, Date.now());
  // Asked again only now and then: a hub that has no figures for this reader will hardly get some.
  restUntilMs = performance.now() + restMs;
  return undefined;
}

function takePulse(scrape: Scrape | undefined): void {
  if (scrape === undefined && pulses.value?.length === 0) pulses.value = undefined;
  if (scrape !== undefined && last !== undefined) {
    pulses.value = [...(pulses.value ?? []).slice(1 - samplesMax), pulseOf(last, scrape)];
  } else if (scrape !== undefined) pulses.value ??= [];
  last = scrape;
}

async function readMetrics(): Promise<string | undefined> {
  const token = givenToken();
  try {
    const response = await fetch(
      "/metrics",
      token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } },
    );
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Samples from now on, whatever view is open, so that the overview has a past when it is opened. */
export function startSamples(): void {
  setInterval(takeCount, countMs);
  // One after the other: of two that come at one moment, the second would make much of little time.
  startAsking(scrapeMs, { ask: scrape, show: takePulse });
}
