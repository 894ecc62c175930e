// The journal in etcd, which other hubs write too: what every one of them appends stands in one order, that of the revisions,
// and every one of them hears all of it. Knows entries, leases and the watch; decides nothing.
import type { Clock } from "../clock.ts";
import type { Command } from "../core/command.ts";
import type { Logger } from "../log.ts";
import { appendEntry } from "./etcd-append.ts";
import { reasonOf, type EtcdClient } from "./etcd-client.ts";
import { isWorthIt } from "./etcd-checkpoint.ts";
import { EtcdCompaction } from "./etcd-compaction.ts";
import { EtcdIntake } from "./etcd-intake.ts";
import { bytesOf, hubOf, type EtcdKeys, type Entry, type Written } from "./etcd-keys.ts";
import type { EtcdLease } from "./etcd-lease.ts";
import { takeEntry, type EtcdState } from "./etcd-state.ts";
import { EtcdWatch } from "./etcd-watch.ts";
import type { Event } from "./etcd_pb.ts";
import { JournalError, type Batch, type Hear, type Journal } from "./journal.ts";

/** What a journal in etcd is made of. */
export type EtcdJournalParts = {
  readonly client: EtcdClient;
  readonly keys: EtcdKeys;
  readonly hub: string;
  /** What the clocks of this machine say now. */
  readonly written: () => Written;
  readonly lease: EtcdLease;
  readonly state: EtcdState;
  readonly recoveryGraceMs: number;
  /** How often a hub that has nothing to say says so, to prove its watch and to carry the table's time on. */
  readonly beatMs: number;
  /** How many bytes of entries make a checkpoint worth its while. */
  readonly compactBytes: number;
  readonly log: Logger;
  /** Told once when the hub can no longer be sure that it is one; nothing is heard after that. */
  readonly onLost: (why: string) => void;
};

type Open = { readonly hear: Hear; readonly nowMs: () => number };

const appendMsMax = 5_000;
const closeMsMax = 2_000;
// One that failed may fail again, and each is as large as the table.
const checkpointPauseMs = 5_000;
// By then a member that fell silent is passed by, or another leader elected; soon after, the hub is given up.
const unsureMs = 4_000;

/** One hub's end of the journal. */
export class EtcdJournal implements Journal {
  readonly survivesMs: number;
  readonly isCommitFree = false;
  readonly #parts: EtcdJournalParts;
  readonly #open: Open;
  readonly #clock: Clock;
  readonly #claim: bigint;
  readonly #intake: EtcdIntake;
  /** How far this hub is with the entry that a checkpoint is made of. */
  #mark: "idle" | "due" | "under way" = "idle";
  readonly #compaction: EtcdCompaction;
  #isClosed = false;
  readonly #watch: EtcdWatch;
  #cancelBeat: () => void = () => {};

  constructor(parts: EtcdJournalParts, open: Open) {
    const { client, keys, state, hub, recoveryGraceMs } = parts;
    const claim = state.members.get(hub);
    if (claim === undefined) throw new JournalError(`the key of ${hub} is missing in etcd: was it removed by hand?`);
    this.#parts = parts;
    this.#open = open;
    this.#claim = claim;
    this.#clock = client.clock;
    this.#compaction = new EtcdCompaction({ ...parts, claim });
    const heard = () => state.numbers.get(hub) ?? 0;
    this.#intake = new EtcdIntake({
      clock: client.clock,
      heard: heard(),
      append: (number, commands) => this.#append(number, commands),
      onFailure: (error) => this.#lose(`nothing can be appended in etcd: ${reasonOf(error)}`),
    });
    this.survivesMs = recoveryGraceMs;
    this.#watch = new EtcdWatch({
      client,
      range: keys.log,
      revision: () => state.revision,
      hear: (events) => {
        for (const event of events) this.#take(event);
        this.#intake.hear(heard());
        this.#count();
      },
      onFailure: (why) => this.#lose(why),
    });
    this.#beatLater();
  }

  append({ commands }: Batch): void {
    this.#intake.add(commands);
    this.#count();
  }

  whenHeard(callback: () => void): void {
    this.#intake.whenHeard(callback);
  }

  isOurs(socket: string | undefined): boolean {
    const { state, hub } = this.#parts;
    const owner = socket === undefined ? undefined : hubOf(socket);
    if (owner !== undefined && state.members.has(owner)) return owner === hub;
    // What is nobody's is the eldest hub's.
    for (const claim of state.members.values()) if (claim < this.#claim) return false;
    return true;
  }

  isReachable(): boolean {
    if (this.#isClosed || !this.#parts.lease.isSure()) return false;
    return this.#intake.unheard === 0 || this.#intake.stillMs() < unsureMs;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#clock.after(closeMsMax, resolve);
      this.whenHeard(resolve);
    });
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#isClosed = true;
    this.#intake.stop();
    this.#cancelBeat();
    this.#watch.stop();
    await this.#parts.lease.close();
    this.#parts.client.close();
  }

  #lose(why: string): void {
    if (this.#isClosed) return;
    this.#parts.log.error({ why }, "the hub can no longer be sure that it is one");
    this.#parts.onLost(why);
    void this.#end();
  }

  async #append(number: number, commands: readonly string[]): Promise<void> {
    const { client, keys, hub, written, lease, state } = this.#parts;
    const mark = this.#mark === "due" ? ',"isMarked":true' : "";
    if (this.#mark === "due") this.#mark = "under way";
    const when = `"atMs":${this.#open.nowMs()},"written":${JSON.stringify(written())}`;
    const value = bytesOf(`{${when},"commands":[${commands.join(",")}]${mark}}`);
    const { clusterId, revision } = state;
    const entry = { hub, claim: this.#claim, number, value, seen: { clusterId, revision } };
    const loss = await appendEntry(client, keys, entry, Math.min(appendMsMax, lease.sureMs()));
    if (loss !== undefined) this.#lose(loss);
  }

  #count(): void {
    const { table, bytes } = this.#parts.state;
    table.tally.journal.unheard = this.#intake.unheard;
    table.tally.journal.bytes = bytes;
  }

  #take({ type, kv }: Event): void {
    const { keys, state, lease } = this.#parts;
    if (kv === undefined || this.#isClosed) return;
    // A hub that was paused acts on nothing before it knows that it still is one.
    if (!lease.isSure()) return this.#lose("its lease is no longer sure to run");
    const place = keys.placeOf(kv.key);
    const isDeleted = type === 1;
    if (place?.is === "hub") this.#takeHub(place.hub, isDeleted ? undefined : kv.createRevision);
    if (kv.modRevision > state.revision) state.revision = kv.modRevision;
    if (place?.is === "entry" && isDeleted && this.#compaction.isNeeded(place)) this.#compaction.want();
    if (place?.is === "entry" && !isDeleted && place.number > (state.numbers.get(place.hub) ?? 0)) {
      this.#takeEntry(place, takeEntry(state, place, kv.value));
    }
    if (place?.is === "checkpoint" && isDeleted) {
      state.checkpoint = undefined;
      this.#compaction.want();
    } else if (place?.is === "checkpoint") {
      const why = this.#compaction.inForce(kv.value, kv.modRevision);
      if (why !== undefined) this.#lose(why);
    }
    this.#markIfWanted();
  }

  #takeEntry(place: { hub: string; number: number }, { atMs, commands, isMarked }: Entry): void {
    const { hub, state, compactBytes, log } = this.#parts;
    this.#open.hear({ commands, nowMs: atMs });
    if (isWorthIt(state.bytes, compactBytes, state.checkpoint?.made)) this.#compaction.want();
    if (!isMarked) return;
    this.#compaction
      .mark(place)
      .catch(async (error: unknown) => {
        log.warn({ error }, "no checkpoint could be made; the journal grows on");
        await new Promise<void>((resolve) => void this.#clock.after(checkpointPauseMs, resolve));
      })
      .finally(() => {
        if (place.hub === hub) this.#mark = "idle";
        this.#markIfWanted();
      });
  }

  /** Has this hub's next entry be the one that a checkpoint is made of, if one is wanted and checkpoints are its own to make. */
  #markIfWanted(): void {
    if (this.#isClosed || this.#mark !== "idle" || !this.#compaction.isWanted || !this.isOurs(undefined)) return;
    this.#mark = "due";
    this.#intake.beat();
  }

  #takeHub(name: string, createRevision: bigint | undefined): void {
    const { hub, state, recoveryGraceMs } = this.#parts;
    if (createRevision !== undefined) {
      state.members.set(name, createRevision);
      return;
    }
    if (name === hub) return this.#lose("its key in etcd is gone");
    state.members.delete(name);
    const gone: Command = { type: "gone", hub: name, recoveryGraceMs };
    this.append({ commands: [gone], nowMs: 0 });
  }

  #beatLater(): void {
    this.#cancelBeat = this.#clock.after(this.#parts.beatMs, () => this.#beat());
  }

  #beat(): void {
    const { lease, beatMs } = this.#parts;
    const stillMs = this.#intake.stillMs();
    if (!lease.isSure()) return this.#lose("its lease is no longer sure to run");
    // What is on its way is given up in time by whoever sends it; what came in and does not come back, is the watch's fault.
    if (stillMs >= beatMs && !this.#intake.isSending) {
      if (this.#intake.unheard === 0) this.#intake.beat();
      else if (stillMs < beatMs + appendMsMax) this.#watch.restart();
      else return this.#lose("what it appends does not come back");
    }
    this.#beatLater();
  }
}
