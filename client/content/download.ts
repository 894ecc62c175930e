// Bytes from a registry into a writer: goes on after drops, begins anew where it must. Knows no hub.
import { ContentError, isPassing } from "./content-error.ts";
import { dropPauseMsMin, dropsMax } from "./limits.ts";
import type { Pause } from "./pause.ts";
import type { ContentDoor, Registry } from "./registry.ts";
import type { Writer } from "./writer.ts";

/** What is fetched, from where, and who is told how it goes. */
export type DownloadOptions = {
  registry: Registry;
  door: ContentDoor;
  digest: string;
  pause: Pause;
  /** Told of every chunk: bytes that came, and where the writer is now. */
  onBytes: (came: number, offset: number) => void;
  /** Told why the download goes on or begins anew. */
  onRetry: (error: Error) => void;
};

/**
 * Fills a writer and commits it. A connection that drops is taken up again with Range, at most 5 times; what does not
 * verify though part of it came from a rest is fetched once more from the first byte. Throws ContentError.
 */
export async function download(writer: Writer, options: DownloadOptions): Promise<void> {
  const hadRest = writer.status().resumed > 0;
  await fill(writer, options);
  try {
    await writer.commit();
  } catch (error) {
    if (!hadRest || !(error instanceof ContentError) || error.code !== "WRONG_DIGEST") throw error;
    options.onRetry(error);
    await fill(writer, options);
    await writer.commit();
  }
}

async function fill(writer: Writer, options: DownloadOptions): Promise<void> {
  for (let drops = 0; ; drops++) {
    try {
      const { offset, total } = writer.status();
      if (total === undefined || offset < total) await transfer(writer, options);
      return;
    } catch (error) {
      writer.signal.throwIfAborted();
      if (drops === dropsMax || !(error instanceof Error) || !isPassing(error)) throw error;
      options.onRetry(error);
      await options.pause(dropPauseMsMin * 2 ** drops * (0.5 + Math.random() / 2), writer.signal);
    }
  }
}

async function transfer(writer: Writer, { registry, door, digest, onBytes }: DownloadOptions): Promise<void> {
  const delivery = await registry.open(door, digest, writer.status().offset, writer.signal);
  try {
    if (delivery.from !== writer.status().offset) await writer.truncate();
    for await (const chunk of delivery.chunks) {
      await writer.write(chunk);
      onBytes(chunk.length, writer.status().offset);
    }
  } finally {
    await delivery.cancel();
  }
  const { offset, total } = writer.status();
  if (total !== undefined && offset < total) {
    throw new ContentError("DROPPED", `the registry ended ${digest} after ${offset} of ${total} bytes`);
  }
}
