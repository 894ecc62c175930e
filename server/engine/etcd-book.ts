// How a hub joins a book in etcd: it says that it lives, reads all that is there, and begins. Knows no command but the first.
import type { Clock } from "../clock.ts";
import type { TableSettings } from "../core/command.ts";
import type { Logger } from "../log.ts";
import { keyIs, putOf } from "./etcd-append.ts";
import { reasonOf, type EtcdClient } from "./etcd-client.ts";
import { EtcdJournal } from "./etcd-journal.ts";
import { bytesOf, EtcdKeys, hubOf } from "./etcd-keys.ts";
import { EtcdLease } from "./etcd-lease.ts";
import { readState, type BookRecord, type EtcdState } from "./etcd-state.ts";
import { JournalError, type Book } from "./journal.ts";
import { momentNow, timeNow } from "./recovery.ts";

type BookParts = {
  readonly client: EtcdClient;
  readonly prefix: string;
  /** The hub's name, never used twice; its sockets' names begin with it and a slash. */
  readonly hub: string;
  /** The machine it runs on, and since which start of it. */
  readonly machine: string;
  readonly settings: TableSettings;
  readonly recoveryGraceMs: number;
  readonly heartbeatMs: number;
  readonly compactBytes?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told once when the hub can no longer be sure that it is one. */
  readonly onLost: (why: string) => void;
  /** What this process knows from the names that it had before; kept up to date. */
  readonly past?: EtcdPast;
};

/** The number of the last step that a process has heard of: a book that knows less was wiped, or put back from a copy [F1]. */
export type EtcdPast = { order: number };

const joinMsMax = 10_000;
// Reading as much back takes about a second.
const compactBytesUsual = 16 * 1024 * 1024;
// Other hubs may have heard of some more steps than this one: as many as a second of microseconds has.
const unheardSteps = 1_000_000;
// However slow the heart, a watch that is silent is found out soon.
const beatMsMax = 5_000;
const format = 1;
// Faults of leases and watches that were mended in these: etcd-io/etcd#16822, #15247.
const soundVersions: ReadonlyMap<string, number> = new Map([
  ["3.4", 31],
  ["3.5", 13],
]);

/** Joins the book under a prefix, made when there is none; resolves when all that is in it is folded. */
export async function etcdBook(parts: BookParts): Promise<Book> {
  const {
    client,
    hub,
    machine,
    settings,
    recoveryGraceMs,
    heartbeatMs,
    compactBytes = compactBytesUsual,
    clock,
    log,
    past = { order: 0 },
  } = parts;
  const keys = new EtcdKeys(parts.prefix);
  let lease: EtcdLease | undefined;
  try {
    await warnOfVersion(client, log);
    // Nothing dies with the lease but the hub's claim to be there: sessions live in the book.
    const granted = await EtcdLease.grant(client, 3 * heartbeatMs);
    lease = granted;
    await announce(client, keys, { hub, lease, order: clock.wallMicroseconds() });
    const state = await readState(client, keys, settings);
    const gone = goneFrom(state);
    const onLost = (why: string) => {
      past.order = Math.max(past.order, state.table.order);
      parts.onLost(why);
    };
    const isReopened = isFirst(state, hub);
    const { nowMs, isUndated } = timeOf(state, parts, isReopened);
    if (!isReopened) warnOfSettings(state.table.settings, settings, log);
    return {
      table: state.table,
      nowMs,
      beginning: {
        type: "begin",
        order: orderAfter(past, state, parts),
        settings,
        recoveryGraceMs,
        isUndated,
        gone,
        isReopened,
      },
      open: (hear, nowMs) =>
        new EtcdJournal(
          {
            client,
            keys,
            hub,
            written: () => ({ machine, ...momentNow(clock) }),
            lease: granted,
            state,
            recoveryGraceMs,
            beatMs: Math.min(heartbeatMs, beatMsMax),
            compactBytes,
            log,
            onLost,
          },
          { hear, nowMs },
        ),
    };
  } catch (error) {
    // A hub that never began must not seem to live.
    await lease?.close();
    client.close();
    if (error instanceof JournalError) throw error;
    throw new JournalError(`etcd cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

/** Puts the hub's key, on its lease, and the book's own unless it is there. */
async function announce(
  client: EtcdClient,
  keys: EtcdKeys,
  { hub, lease, order }: { hub: string; lease: EtcdLease; order: number },
): Promise<void> {
  const living = putOf(keys.hub(hub), bytesOf(""), lease.id);
  const record: BookRecord = { format, order };
  const book = putOf(keys.book, bytesOf(JSON.stringify(record)));
  const isNew = [keyIs(keys.book, "version", 0n)];
  await client.call(
    ({ kv }, options) => kv.txn({ compare: isNew, success: [book, living], failure: [living] }, options),
    joinMsMax,
  );
}

/** The least number of the next step. */
function orderAfter(past: EtcdPast, { table }: EtcdState, { clock, log }: BookParts): number {
  const wall = clock.wallMicroseconds();
  if (table.order >= past.order) return wall;
  log.warn(
    { order: table.order, heard: past.order },
    "etcd knows less than this hub: it was wiped, or put back from a copy",
  );
  return Math.max(wall, past.order + unheardSteps);
}

/** Whether nobody works on the book: who is there and never began does not. */
function isFirst({ members, numbers }: EtcdState, hub: string): boolean {
  return members.keys().every((other) => other === hub || !numbers.has(other));
}

/**
 * The table's time now, by the clocks of the machine that wrote the last entry: those of two machines are never compared. Where
 * others are there, time goes on by their entries too, and a wall clock has no say in it [B4].
 */
function timeOf(
  { atMs, written }: EtcdState,
  { machine, clock }: BookParts,
  isReopened: boolean,
): { nowMs: number; isUndated: boolean } {
  if (written?.machine !== machine) return { nowMs: atMs, isUndated: isReopened };
  if (isReopened) return timeNow({ tableMs: atMs, ...written }, clock);
  return { nowMs: atMs + Math.max(0, momentNow(clock).bootMs - written.bootMs), isUndated: false };
}

/** Every hub decides by the settings of the one that joined last, or they would not decide alike. */
function warnOfSettings(before: TableSettings, now: TableSettings, log: Logger): void {
  const old = valuesOf(before);
  const changed = Object.entries(valuesOf(now)).flatMap(([name, value]) => (old[name] === value ? [] : [name]));
  if (changed.length > 0)
    log.warn({ changed }, "other hubs had other settings; this hub's are in force for all of them now");
}

function valuesOf({ limits, ...others }: TableSettings): Record<string, number> {
  return { ...others, ...limits };
}

/** The hubs whose sockets are in the table and that do not live. */
function goneFrom({ table, members }: EtcdState): string[] {
  const hubs = new Set(Array.from(table.sessionOfSocket.keys(), hubOf));
  return [...hubs].filter((hub) => hub !== "" && !members.has(hub));
}

async function warnOfVersion(client: EtcdClient, log: Logger): Promise<void> {
  const { version } = await client.call(({ maintenance }, options) => maintenance.status({}, options), joinMsMax);
  const [, line = "", patch] = /^(\d+\.\d+)\.(\d+)/.exec(version) ?? [];
  const sound = soundVersions.get(line);
  if (sound === undefined || Number(patch) >= sound) return;
  log.warn({ version }, `this etcd has known faults of leases and watches; take ${line}.${sound} or later`);
}
