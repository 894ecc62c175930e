// What happens on a hub, as it tells it over HTTP, over as many connections as it takes. Knows no socket and no session.
import { decodePage, historyEntry, type HistoryEntry } from "../shared/pages.ts";
import { BatonError } from "./baton-error.ts";
import type { Clock } from "./clock.ts";
import type { HttpCalls } from "./http-calls.ts";

/** One thing that has happened; or that some are missing, which the hub keeps no longer. */
export type HubEvent = HistoryEntry | { readonly event: "gap" };

/** What to be told of. */
export type EventOptions = {
  /** The number of the last event that is known; from now on if unsaid. */
  after?: number | undefined;
  /** Aborting ends it: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
};

/** A hub says something every 15 s. */
const silenceMsMax = 45_000;
const pauseMs = 1_000;

function nothing(): void {}

/**
 * The events of resources whose names begin so. Once it was connected it connects again by itself, and goes on after the last
 * event.
 *
 * @throws BatonError UNAVAILABLE when the first connection fails, UNAUTHORIZED, FORBIDDEN; the signal's reason
 */
export async function* eventFeed(
  calls: HttpCalls,
  clock: Clock,
  prefix: string,
  { after, signal }: EventOptions,
): AsyncGenerator<HubEvent, never, undefined> {
  let last = after;
  for (let isFirst = true; ; isFirst = false) {
    const silent = new AbortController();
    const signals = AbortSignal.any([silent.signal, ...(signal ? [signal] : [])]);
    let hush = nothing;
    try {
      const query = { prefix, ...(last !== undefined && { lastEventId: String(last) }) };
      const text = await calls.stream({ path: "/v1/events", query, signal: signals });
      for await (const block of blocksOf(text)) {
        isFirst = false;
        hush();
        hush = clock.after(silenceMsMax, () => silent.abort());
        const event = eventOf(block);
        if (event !== undefined && "number" in event) last = event.number;
        if (event !== undefined) yield event;
      }
    } catch (error) {
      signal?.throwIfAborted();
      const mayPass = error instanceof BatonError ? error.code === "UNAVAILABLE" : true;
      if (isFirst || !mayPass) throw error;
    } finally {
      hush();
      silent.abort();
    }
    await pause(clock, signal);
    signal?.throwIfAborted();
  }
}

/** Waits before the next try, unless it is aborted. */
async function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(pauseMs * (1 + Math.random()), resolve);
  const end = () => resolve();
  signal?.addEventListener("abort", end);
  await promise;
  cancel();
  signal?.removeEventListener("abort", end);
}

/** The blocks of a stream of server-sent events, each the text between two empty lines. */
async function* blocksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    yield* blocks;
  }
}

function eventOf(block: string): HubEvent | undefined {
  const lines = block.split("\n");
  if (lines.includes("event: gap")) return { event: "gap" };
  const data = lines.find((line) => line.startsWith("data: "));
  return data === undefined ? undefined : decodePage(historyEntry, data.slice("data: ".length));
}
