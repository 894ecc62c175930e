// What a book in etcd comes to at one revision: checkpoint and rest, folded. Every hub that folds the same keys has the same
// table. Knows the keys of a book; writes none.
import { step } from "../core/lock-table.ts";
import type { TableSettings } from "../core/command.ts";
import { createTable, type LockTable } from "../core/table.ts";
import { readChunks, type Checkpoint } from "./etcd-checkpoint.ts";
import { isCompacted, type EtcdClient } from "./etcd-client.ts";
import { type EtcdKeys, type Bytes, type Entry, textOf, type Written } from "./etcd-keys.ts";
import type { KeyValue } from "./etcd_pb.ts";
import { JournalError } from "./journal.ts";

/** How far a reader has come, and whom it has heard of. */
export type EtcdState = {
  table: LockTable;
  /** Which etcd it is. */
  readonly clusterId: bigint;
  /** The latest time that any entry was given, in milliseconds. */
  atMs: number;
  /** When that entry was written, or the last one that says so. */
  written: Written | undefined;
  /** All up to this revision is in the table. */
  revision: bigint;
  /** By hub, the number of its last entry that is in the table. */
  readonly numbers: Map<string, number>;
  /** By hub that lives, the revision in which its key was made. */
  readonly members: Map<string, bigint>;
  /** The checkpoint in force. */
  checkpoint: { readonly revision: bigint; readonly made: Checkpoint } | undefined;
  /** How many bytes the entries after the checkpoint have, about. */
  bytes: number;
};

/** What the key of a book holds. */
export type BookRecord = { readonly format: number; readonly order: number };

const readMsMax = 10_000;
// Chunks are large, and entries small as a rule.
const pageChunksMax = 64n;
const pageEntriesMax = 256n;
const foldedAtOnce = 256;
// What an entry takes in etcd beside its value, about.
const entryOverheadBytes = 256;
// Where an entry is missing, a hub that runs makes a checkpoint which does without it.
const attemptPauseMs = 100;

/** Reads and folds the book; again from the start when etcd drops what is being read. */
export async function readState(client: EtcdClient, keys: EtcdKeys, settings: TableSettings): Promise<EtcdState> {
  const untilMs = client.clock.nowMs() + readMsMax;
  for (;;) {
    try {
      return await readOnce(client, keys, settings);
    } catch (error) {
      if (client.clock.nowMs() >= untilMs || !(isCompacted(error) || error instanceof GapError)) throw error;
      await new Promise<void>((resolve) => void client.clock.after(attemptPauseMs, resolve));
    }
  }
}

/** All keys of a range at one revision, in the order of the keys; at the present one for 0. */
export async function readRange(
  client: EtcdClient,
  range: { key: Bytes; rangeEnd: Bytes },
  atRevision = 0n,
  limit = pageChunksMax,
): Promise<{ found: KeyValue[]; revision: bigint; clusterId: bigint }> {
  const found: KeyValue[] = [];
  let { key } = range;
  let revision = atRevision;
  let clusterId = 0n;
  for (;;) {
    const page = await client.call(
      ({ kv }, options) => kv.range({ key, rangeEnd: range.rangeEnd, limit, revision }, options),
      readMsMax,
    );
    if (revision === 0n) revision = page.header?.revision ?? 0n;
    clusterId = page.header?.clusterId ?? 0n;
    found.push(...page.kvs);
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return { found, revision, clusterId };
    // The next key after the last one.
    key = new Uint8Array([...last.key, 0]);
  }
}

/** Entries are missing: somebody has dropped them just now, or removed them by hand. */
class GapError extends JournalError {}

async function readOnce(client: EtcdClient, keys: EtcdKeys, settings: TableSettings): Promise<EtcdState> {
  const { found, revision, clusterId } = await readRange(client, keys.log, 0n, pageEntriesMax);
  const { found: books } = await readRange(
    client,
    { key: keys.book, rangeEnd: new Uint8Array([...keys.book, 0]) },
    revision,
  );
  const pointer = found.find(({ key }) => keys.placeOf(key)?.is === "checkpoint");
  const state = await startOf(client, keys, { settings, book: books[0], pointer, revision, clusterId });
  const madeIn = books[0]?.createRevision ?? 0n;
  const isOlder = ({ key, modRevision }: KeyValue) => modRevision < madeIn && keys.placeOf(key)?.is === "entry";
  if (pointer === undefined && found.some(isOlder)) {
    throw new JournalError("the book's own key was removed in etcd; remove all that is under the prefix to begin anew");
  }
  const inOrder = found.toSorted((one, other) => (one.modRevision < other.modRevision ? -1 : 1));
  for (const [number, { key, value, modRevision, createRevision }] of inOrder.entries()) {
    // The lease is renewed meanwhile.
    if (number % foldedAtOnce === 0) await new Promise<void>((resolve) => void client.clock.after(0, resolve));
    const place = keys.placeOf(key);
    if (place?.is === "hub") state.members.set(place.hub, createRevision);
    if (place?.is === "entry" && modRevision > BigInt(state.checkpoint?.made.revision ?? 0)) {
      foldEntry(state, place, value);
    }
  }
  state.revision = revision;
  return state;
}

async function startOf(
  client: EtcdClient,
  keys: EtcdKeys,
  from: {
    settings: TableSettings;
    book: KeyValue | undefined;
    pointer: KeyValue | undefined;
    revision: bigint;
    clusterId: bigint;
  },
): Promise<EtcdState> {
  const { settings, book, pointer, revision, clusterId } = from;
  if (book === undefined) throw new JournalError("the book's own key is missing in etcd: was it removed by hand?");
  const { order }: BookRecord = JSON.parse(textOf(book.value));
  const empty = { revision, clusterId, members: new Map<string, bigint>(), bytes: 0 };
  if (pointer === undefined) {
    const table = createTable(settings, order);
    return { ...empty, table, atMs: 0, written: undefined, numbers: new Map(), checkpoint: undefined };
  }
  const made: Checkpoint = JSON.parse(textOf(pointer.value));
  const { found } = await readRange(client, keys.chunks(made.id), revision);
  const table = readChunks(made, found);
  const checkpoint = { revision: pointer.modRevision, made };
  const { atMs, written, numbers } = made;
  return { ...empty, table, atMs, written, numbers: new Map(Object.entries(numbers)), checkpoint };
}

function foldEntry(state: EtcdState, place: { hub: string; number: number }, value: Uint8Array): void {
  const { commands } = takeEntry(state, place, value);
  for (const command of commands) step(state.table, command, state.atMs);
}

/** Notes that an entry is next, and when; throws when one before it is missing. */
export function takeEntry(
  state: Pick<EtcdState, "atMs" | "written" | "numbers" | "bytes">,
  { hub, number }: { hub: string; number: number },
  value: Uint8Array,
): Entry {
  const before = state.numbers.get(hub) ?? 0;
  if (number !== before + 1) {
    const advice = "put it back, or remove all that is under the prefix to begin anew";
    throw new GapError(`entry ${before + 1} of ${hub} is missing in etcd: was it removed by hand? ${advice}`);
  }
  state.numbers.set(hub, number);
  state.bytes += value.length + entryOverheadBytes;
  const entry: Entry = JSON.parse(textOf(value));
  state.atMs = Math.max(state.atMs, entry.atMs);
  state.written = entry.written ?? state.written;
  return entry;
}
