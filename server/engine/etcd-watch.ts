// Every change of a book in etcd, in the order of the revisions and each once: the watch is made anew when it breaks, from where
// it was. Knows no entry.
import { isCallFailure, type EtcdClient } from "./etcd-client.ts";
import type { Bytes } from "./etcd-keys.ts";
import type { Event } from "./etcd_pb.ts";

type WatchParts = {
  readonly client: EtcdClient;
  readonly range: { readonly key: Bytes; readonly rangeEnd: Bytes };
  /** All changes up to this revision have been heard. */
  readonly revision: () => bigint;
  readonly hear: (events: readonly Event[]) => void;
  /** Told why no more can be heard: what was missed is gone, or what was heard makes no sense. */
  readonly onFailure: (why: string) => void;
};

const pauseMs = 100;
const restartMsMin = 1_000;

/** A watch that lasts until it is stopped or fails for good. */
export class EtcdWatch {
  readonly #parts: WatchParts;
  #current = new AbortController();
  #begunMs = 0;
  #isStopped = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    void this.#follow();
  }

  /** Gives up a watch that stands and is silent, and begins anew at another member; not before it has had its time. */
  restart(): void {
    const { clock } = this.#parts.client;
    if (clock.nowMs() - this.#begunMs < restartMsMin) return;
    this.#parts.client.rotate();
    this.#current.abort();
  }

  stop(): void {
    this.#isStopped = true;
    this.#current.abort();
  }

  async #follow(): Promise<void> {
    const { client, onFailure } = this.#parts;
    while (!this.#isStopped) {
      this.#current = new AbortController();
      this.#begunMs = client.clock.nowMs();
      try {
        await this.#hearOne(this.#current.signal);
      } catch (error) {
        // What is no failure of the call is one of the book, or of the hub itself.
        if (!isCallFailure(error)) return onFailure(String(error));
      }
      if (!this.#isStopped) await new Promise<void>((resolve) => void client.clock.after(pauseMs, resolve));
    }
  }

  async #hearOne(signal: AbortSignal): Promise<void> {
    const { client, range, revision, hear } = this.#parts;
    const startRevision = revision() + 1n;
    for await (const { events, canceled, compactRevision } of client.watch({ ...range, startRevision }, signal)) {
      if (compactRevision > 0n) throw new Error("it was away for so long that what happened meanwhile is gone");
      if (canceled || this.#isStopped) return;
      hear(events);
    }
  }
}
