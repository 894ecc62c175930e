// Where everything of a book stands in etcd, and how an entry is written. Knows no etcd beyond keys and bytes.
import type { Command } from "../core/command.ts";
import type { Moment } from "./recovery.ts";

/** What one hub appends at once: commands, and the table's time at which it did, in milliseconds. */
export type Entry = {
  readonly atMs: number;
  /** Those of earlier versions do not say. */
  readonly written?: Written;
  readonly commands: readonly Command[];
  /** Whether a checkpoint is to be made of what the table comes to with it. */
  readonly isMarked?: true;
};

/** When something was written by the clocks of a machine, in milliseconds; those of two, or of one before and after it was
 * started anew, are never compared. */
export type Written = Omit<Moment, "tableMs"> & { readonly machine: string };

/** A key of the watched range, read. */
export type Place =
  | { readonly is: "hub"; readonly hub: string }
  | { readonly is: "entry"; readonly hub: string; readonly number: number }
  | { readonly is: "checkpoint" };

/** Bytes as the generated code has them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const digits = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text. */
export function bytesOf(text: string): Bytes {
  return encoder.encode(text);
}

/** The text of bytes that `bytesOf` made. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The keys under a prefix. What is watched is under `log/`; the chunks of checkpoints, which are large, are not. */
export class EtcdKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix.endsWith("/") ? prefix : `${prefix}/`;
  }

  /** Says that there is a book, since when and in which form. */
  get book(): Bytes {
    return bytesOf(`${this.#prefix}book`);
  }

  /** Everything that is watched, from its first key up to what is no longer in it. */
  get log(): { key: Bytes; rangeEnd: Bytes } {
    return rangeOf(`${this.#prefix}log/`);
  }

  /** Says that a hub lives, on its lease. */
  hub(hub: string): Bytes {
    return bytesOf(`${this.#prefix}log/hub/${hub}`);
  }

  entry(hub: string, number: number): Bytes {
    return bytesOf(`${this.#prefix}log/entry/${hub}/${String(number).padStart(digits, "0")}`);
  }

  /** The entries of a hub up to the one of that number, which is left. */
  entriesBefore(hub: string, number: number): { key: Bytes; rangeEnd: Bytes } {
    return { key: this.entry(hub, 0), rangeEnd: this.entry(hub, number) };
  }

  /** Says which checkpoint is in force. */
  get checkpoint(): Bytes {
    return bytesOf(`${this.#prefix}log/checkpoint`);
  }

  chunk(checkpoint: string, number: number): Bytes {
    return bytesOf(`${this.#prefix}chunk/${checkpoint}/${String(number).padStart(digits, "0")}`);
  }

  chunks(checkpoint: string): { key: Bytes; rangeEnd: Bytes } {
    return rangeOf(`${this.#prefix}chunk/${checkpoint}/`);
  }

  /** Every checkpoint's chunks. */
  get allChunks(): { key: Bytes; rangeEnd: Bytes } {
    return rangeOf(`${this.#prefix}chunk/`);
  }

  /** The checkpoint that a chunk is of. */
  checkpointOf(chunk: Uint8Array): string {
    return textOf(chunk).slice(`${this.#prefix}chunk/`.length).split("/", 1).join();
  }

  /** What a key of the watched range is of; undefined for one that no hub has made. */
  placeOf(key: Uint8Array): Place | undefined {
    const [what, hub, number, ...more] = textOf(key).slice(`${this.#prefix}log/`.length).split("/");
    if (what === "checkpoint" && hub === undefined) return { is: "checkpoint" };
    if (hub === undefined || more.length > 0) return undefined;
    if (what === "hub" && number === undefined) return { is: "hub", hub };
    if (what === "entry" && number !== undefined && /^\d{16}$/.test(number)) {
      return { is: "entry", hub, number: Number(number) };
    }
    return undefined;
  }
}

/** The name of the hub that a socket's name begins with. */
export function hubOf(socket: string): string {
  return socket.slice(0, Math.max(0, socket.lastIndexOf("/")));
}

function rangeOf(prefix: string): { key: Bytes; rangeEnd: Bytes } {
  // The first key past all that begin so: `/` is followed by `0`.
  return { key: bytesOf(prefix), rangeEnd: bytesOf(`${prefix.slice(0, -1)}0`) };
}
