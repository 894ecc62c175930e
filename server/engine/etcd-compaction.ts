// How a book in etcd stays small: at a marked entry one hub writes down the table, has that put in force, and drops what it
// stands for. Every hub looks whether its own table was the same there. Knows no watch and no lease.
import type { Logger } from "../log.ts";
import { keyIs, putOf } from "./etcd-append.ts";
import { chunksOf, digestOf, readChunks, type Checkpoint } from "./etcd-checkpoint.ts";
import { reasonOf, type EtcdClient } from "./etcd-client.ts";
import { bytesOf, textOf, type EtcdKeys } from "./etcd-keys.ts";
import { readRange, type EtcdState } from "./etcd-state.ts";
import type { ResponseOp } from "./etcd_pb.ts";

type CompactionParts = {
  readonly client: EtcdClient;
  readonly keys: EtcdKeys;
  readonly hub: string;
  /** The revision in which the hub's key was made. */
  readonly claim: bigint;
  readonly state: EtcdState;
  readonly log: Logger;
};

const putMsMax = 10_000;
const rangesPerRequestMax = 100;
const createRevision = 1;
const modRevision = 2;

/** The checkpoints of a book, as one hub sees and makes them. */
export class EtcdCompaction {
  readonly #parts: CompactionParts;
  /** Since which revision a checkpoint is wanted: whoever is to make it may be gone before there is one. */
  #wantedSince: bigint | undefined;
  /** The last marked entry, what the table came to there, and how many bytes of entries it stands for. */
  #marked: { id: string; digest: string; bytes: number } | undefined;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
  }

  /** Whether a checkpoint of what is in the table now, or was when this was asked for, is not in force yet. */
  get isWanted(): boolean {
    return this.#wantedSince !== undefined;
  }

  /** Asks for a checkpoint, unless one that is not in force yet will do. */
  want(): void {
    this.#wantedSince ??= this.#parts.state.revision;
  }

  /** A marked entry is folded; resolves when the checkpoint is in force and made room, if it is this hub's to make. */
  async mark({ hub, number }: { hub: string; number: number }): Promise<void> {
    const { state } = this.#parts;
    const id = `${hub}-${number}`;
    if (hub !== this.#parts.hub) {
      this.#marked = { id, digest: digestOf(state.table), bytes: state.bytes };
      return;
    }
    const { chunks, digest } = chunksOf(state.table);
    this.#marked = { id, digest, bytes: state.bytes };
    const { revision, atMs, written, numbers } = state;
    const upTo = { revision: String(revision), atMs, written, numbers: Object.fromEntries(numbers) };
    await this.#write({ id, ...upTo, chunks: chunks.length, digest }, chunks, state.checkpoint);
  }

  /** A checkpoint is in force; returns why this hub must not go on, if it decided otherwise. */
  inForce(value: Uint8Array, revision: bigint): string | undefined {
    const { state } = this.#parts;
    const made: Checkpoint = JSON.parse(textOf(value));
    state.checkpoint = { revision, made };
    state.table.tally.journal.checkpoints += 1;
    if (this.#wantedSince !== undefined && BigInt(made.revision) >= this.#wantedSince) this.#wantedSince = undefined;
    // A name is never used twice: of a hub that is gone nothing more will come.
    for (const hub of Object.keys(made.numbers)) if (!state.members.has(hub)) state.numbers.delete(hub);
    if (this.#marked?.id !== made.id) return undefined;
    state.bytes -= this.#marked.bytes;
    return this.#marked.digest === made.digest ? undefined : "its table is not that of the other hubs";
  }

  /** Whether an entry that was removed is one that no checkpoint stands for. */
  isNeeded({ hub, number }: { hub: string; number: number }): boolean {
    return number > (this.#parts.state.checkpoint?.made.numbers[hub] ?? 0);
  }

  async #write(made: Checkpoint, chunks: readonly Uint8Array<ArrayBuffer>[], before: EtcdState["checkpoint"]) {
    const { client, keys, hub, claim } = this.#parts;
    try {
      await this.#writeChunks(made, chunks);
    } catch (error) {
      await this.#remove([keys.chunks(made.id)]);
      throw error;
    }
    const pointer = keys.checkpoint;
    const isAsBefore = { target: modRevision, ...keyIs(pointer, "modRevision", before?.revision ?? 0n) };
    const living = { target: createRevision, ...keyIs(keys.hub(hub), "createRevision", claim) };
    const compare = [isAsBefore, living];
    const success = [putOf(pointer, bytesOf(JSON.stringify(made)))];
    const failure = [{ request: { case: "requestRange" as const, value: { key: pointer } } }];
    const { succeeded, responses } = await client.call(
      ({ kv }, options) => kv.txn({ compare, success, failure }, options),
      putMsMax,
    );
    // It may have been put in force by an attempt whose answer was lost.
    if (succeeded || idIn(responses) === made.id) await this.#drop(made, before);
    else await this.#remove([keys.chunks(made.id)]);
  }

  /** Writes the chunks and reads them back: what no hub could begin with must not take the place of entries. */
  async #writeChunks(made: Checkpoint, chunks: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
    const { client, keys } = this.#parts;
    for (const [place, chunk] of chunks.entries()) {
      const success = [putOf(keys.chunk(made.id, place), chunk)];
      await client.call(({ kv }, options) => kv.txn({ success }, options), putMsMax);
    }
    readChunks(made, (await readRange(client, keys.chunks(made.id))).found);
  }

  /** Drops the entries that the checkpoint stands for, chunks that stand for nothing, and what etcd remembers of all that. */
  async #drop({ id, numbers }: Checkpoint, before: EtcdState["checkpoint"]): Promise<void> {
    const { client, keys, state, log } = this.#parts;
    // The last entry of a hub that lives is what its next one is compared with.
    const ranges = Object.entries(numbers).map(([hub, number]) =>
      keys.entriesBefore(hub, state.members.has(hub) ? number : number + 1),
    );
    // Those of the checkpoint before, and of one that was never put in force; of another hub that lives one may be on its way.
    const isAnothers = (hub: string) => hub !== this.#parts.hub && state.members.has(hub);
    const idle = (await this.#written()).filter((other) => {
      return other === before?.made.id || (other !== id && !isAnothers(other.slice(0, other.lastIndexOf("-"))));
    });
    await this.#remove([...ranges, ...idle.map((other) => keys.chunks(other))]);
    if (before === undefined) return;
    // One checkpoint late, so that a hub that was away for a moment finds what it has missed.
    const revision = BigInt(before.made.revision);
    await client
      .call(({ kv }, options) => kv.compact({ revision }, options), putMsMax)
      .catch((error: unknown) => log.warn({ why: reasonOf(error) }, "etcd keeps its history; have it compacted there"));
  }

  /** The checkpoints of which there are chunks. */
  async #written(): Promise<string[]> {
    const { client, keys } = this.#parts;
    const { rangeEnd } = keys.allChunks;
    const ids: string[] = [];
    for (let { key } = keys.allChunks; ;) {
      const value = { key, rangeEnd, limit: 1n };
      const [first] = (await client.call(({ kv }, options) => kv.range(value, options), putMsMax)).kvs;
      if (first === undefined) return ids;
      const id = keys.checkpointOf(first.key);
      ids.push(id);
      key = keys.chunks(id).rangeEnd;
    }
  }

  async #remove(ranges: readonly ReturnType<EtcdKeys["chunks"]>[]): Promise<void> {
    const { client } = this.#parts;
    for (let first = 0; first < ranges.length; first += rangesPerRequestMax) {
      const success = ranges
        .slice(first, first + rangesPerRequestMax)
        .map((value) => ({ request: { case: "requestDeleteRange" as const, value } }));
      await client.call(({ kv }, options) => kv.txn({ success }, options), putMsMax);
    }
  }
}

/** The checkpoint in force, as a transaction that failed has found it. */
function idIn([found]: readonly ResponseOp[]): string | undefined {
  const pointer = found?.response.case === "responseRange" ? found.response.value.kvs[0] : undefined;
  if (pointer === undefined) return undefined;
  const { id }: Checkpoint = JSON.parse(textOf(pointer.value));
  return id;
}
