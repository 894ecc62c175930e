// The hub's own figures, read from the text of `/metrics`, and what happened between two readings. Knows no page and no name of
// a metric beside those of the overview.

/** One reading: every sample by name and labels, as they stand in the text; and when it was read, in milliseconds. */
export type Scrape = { readonly atMs: number; readonly samples: ReadonlyMap<string, number> };

/** What happened between two readings: events a second, and hand-off times in milliseconds where there were any. */
export type Pulse = {
  readonly atMs: number;
  readonly grants: number;
  readonly skips: number;
  readonly failures: number;
  readonly lost: number;
  readonly handOffP50Ms: number | undefined;
  readonly handOffP99Ms: number | undefined;
};

/** Reads the Prometheus text form; what is no sample is passed over. */
export function readScrape(text: string, atMs: number): Scrape {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const [, key, value] = /^([a-zA-Z_:][^\s{]*(?:\{.*\})?)\s+(\S+)/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) samples.set(key, value === "+Inf" ? Infinity : Number(value));
  }
  return { atMs, samples };
}

/** What happened between two readings; a counter that went down belongs to a hub that was started anew and counts from 0. */
export function pulseOf(before: Scrape, after: Scrape): Pulse {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1_000);
  const rate = (name: string, label = "") => grown(before, after, name, label) / seconds;
  const buckets = bucketsOf(before, after, "baton_hand_off_seconds_bucket");
  return {
    atMs: after.atMs,
    grants: rate("baton_grants_total"),
    skips: rate("baton_skips_total"),
    failures: rate("baton_releases_total", 'outcome="failure"'),
    lost: rate("baton_lost_total"),
    handOffP50Ms: quantileMs(buckets, 0.5),
    handOffP99Ms: quantileMs(buckets, 0.99),
  };
}

/** How much all samples of a name, of every label or of one, have grown together. */
function grown(before: Scrape, after: Scrape, name: string, label: string): number {
  let sum = 0;
  for (const [key, value] of after.samples) {
    const isMeant = key === name || (key.startsWith(`${name}{`) && key.includes(label));
    if (isMeant) sum += growth(before.samples.get(key) ?? 0, value);
  }
  return sum;
}

function growth(before: number, after: number): number {
  return after >= before ? after - before : after;
}

type Bucket = { readonly upToSeconds: number; readonly count: number };

function bucketsOf(before: Scrape, after: Scrape, name: string): Bucket[] {
  const buckets: Bucket[] = [];
  for (const [key, value] of after.samples) {
    const [, bound] = key.startsWith(`${name}{`) ? (/le="([^"]+)"/.exec(key) ?? []) : [];
    if (bound === undefined) continue;
    const upToSeconds = bound === "+Inf" ? Infinity : Number(bound);
    buckets.push({ upToSeconds, count: growth(before.samples.get(key) ?? 0, value) });
  }
  return buckets.sort((one, other) => one.upToSeconds - other.upToSeconds);
}

/** A quantile of a cumulative histogram, as Prometheus has it: linear within the bucket that it falls into. */
function quantileMs(buckets: readonly Bucket[], quantile: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = quantile * total;
  let from: Bucket = { upToSeconds: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.upToSeconds === Infinity) return from.upToSeconds * 1_000;
      const within = (rank - from.count) / Math.max(1, bucket.count - from.count);
      return (from.upToSeconds + (bucket.upToSeconds - from.upToSeconds) * within) * 1_000;
    }
    from = bucket;
  }
  return from.upToSeconds * 1_000;
}
