// What happens, told as it happens, to those who listen over HTTP (server-sent events). Each reads the history from where it is;
// nothing is kept for one who is slow but the history itself. Knows no route and no token.
import { countRefusal, type Limits } from "../shared/limits.ts";
import type { Clock } from "./clock.ts";
import { readAfter } from "./core/history-reading.ts";
import type { Entry } from "./core/history-ring.ts";
import { historyRowOf } from "./core/history-row.ts";
import type { LockTable } from "./core/table.ts";
import type { Streams } from "./http/history-routes.ts";
import { inLine } from "./http/slices.ts";

type Listener = Parameters<Streams["open"]>[0];

/** What is told; times in milliseconds. */
type Told = { readonly table: LockTable; nowMs(): number };

const lookMs = 50;
const heartbeatMs = 15_000;
const entriesMax = 100;
const newestMax = 1_000;
const firstText = "retry: 1000\n\n";
const gapText = "event: gap\ndata: {}\n\n";
const heartbeatText = ":\n\n";

/** The event streams of a hub. */
export class EventStreams implements Streams {
  readonly #clock: Clock;
  readonly #told: Told;
  readonly #limits: Limits;
  readonly #waiting = new Set<() => void>();
  /** The texts of the newest events by their numbers, for all who are told them. */
  readonly #newest = new Map<number, string>();
  #newestMs = 0;
  #count = 0;
  #isLooking = false;

  constructor(clock: Clock, told: Told, limits: Limits) {
    this.#clock = clock;
    this.#told = told;
    this.#limits = limits;
  }

  /** A stream of the text of events; undefined when there are as many as may be. */
  open(listener: Listener): ReadableStream<Uint8Array> | undefined {
    const { table } = this.#told;
    if (this.#count >= this.#limits.eventStreamsMax) {
      countRefusal(table.refusals, "eventStreamsMax");
      return undefined;
    }
    let isOpen = false;
    const texts = this.#texts({ ...listener, meant: () => (isOpen ? listener.meant() : undefined) });
    const encoder = new TextEncoder();
    const begin = () => {
      isOpen = true;
      this.#count += 1;
    };
    const end = () => {
      if (isOpen) this.#count -= 1;
      isOpen = false;
    };
    return new ReadableStream<Uint8Array>(
      {
        // Called when what was given before has been taken: whoever is slow is told less often.
        pull: async (controller) => {
          if (!isOpen) begin();
          const text = await texts.next();
          if (text.done === true) {
            end();
            controller.close();
          } else controller.enqueue(encoder.encode(text.value));
        },
        cancel: async () => {
          end();
          await texts.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async *#texts({ meant, lastEventId }: Listener): AsyncGenerator<string, undefined, undefined> {
    const { history } = this.#told.table;
    let number = Math.min(lastEventId ?? history.number, history.number);
    let isBehind = lastEventId !== undefined && lastEventId > history.number;
    let spokeMs = this.#clock.nowMs();
    yield firstText;
    for (;;) {
      // Many of them keep nobody else waiting.
      await inLine();
      const isMeant = meant();
      if (isMeant === undefined) return undefined;
      const reading = readAfter(history, number, entriesMax, isMeant);
      ({ number } = reading);
      const texts = reading.entries.map((entry) => this.#textOf(entry));
      if (isBehind || reading.isGap) texts.unshift(gapText);
      isBehind = false;
      const isDue = this.#clock.nowMs() - spokeMs >= heartbeatMs;
      if (texts.length === 0 && isDue) texts.push(heartbeatText);
      if (texts.length > 0) {
        spokeMs = this.#clock.nowMs();
        yield texts.join("");
      } else if (number >= history.number) await this.#news();
    }
  }

  #textOf(entry: Entry): string {
    const nowMs = this.#told.nowMs();
    // A text has ages in it.
    if (this.#newest.size >= newestMax || nowMs - this.#newestMs > lookMs) {
      this.#newest.clear();
      this.#newestMs = nowMs;
    }
    let text = this.#newest.get(entry.number);
    if (text === undefined) {
      text = eventText(entry.event, entry.number, historyRowOf(entry, nowMs));
      this.#newest.set(entry.number, text);
    }
    return text;
  }

  /** Settles when it is time to look again. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      if (this.#isLooking) return;
      this.#isLooking = true;
      this.#clock.after(lookMs, () => {
        this.#isLooking = false;
        for (const look of this.#waiting) look();
        this.#waiting.clear();
      });
    });
  }
}

function eventText(event: string, number: number, data: object): string {
  return `id: ${number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
