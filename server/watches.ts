// All who watch, and when each is shown what has changed: one timer, work that many share done once, and nothing that piles up
// for one who reads slowly. Knows no socket, and of the table only how it looks.
import { countRefusal, type Limits } from "../shared/limits.ts";
import type { ClientMessageOf, HubMessage } from "../shared/protocol.ts";
import { isWithin, mayView, type Access } from "./access.ts";
import type { Clock } from "./clock.ts";
import type { WatchMessage } from "./core/command.ts";
import type { LockTable } from "./core/table.ts";
import { beginTouching, endTouching, takeTouched } from "./core/touched.ts";
import { rowOf, viewOf } from "./core/views.ts";
import { goneText, Scene, type Parts } from "./scene.ts";

/** One who watches. */
export type Watcher = {
  readonly access: Access | undefined;
  readonly connection: { unsentBytes(): number };
  /** Sends a message at once. */
  show(text: string): void;
  announce(message: HubMessage): void;
};

type Watch = {
  readonly watcher: Watcher;
  readonly message: ClientMessageOf<"watch">;
  /** What it is seen by, and what is seen. */
  access: Access | undefined;
  key: string;
  scene: Scene;
  dueMs: number;
  /** The version that was last shown, and the totals with it; nothing before the first picture. */
  seen: number | undefined;
  totals: string;
  /** What is being shown, as far as it is not said yet. */
  parts: Parts;
  said: number;
};

/** What is watched; times in milliseconds. */
type Watched = { readonly table: LockTable; nowMs(): number };

// No watch is shown changes more often; one that asks for it is shown them this often.
const intervalMsMin = 50;
// Whoever is shown thousands of changes at once is shown them less often: ten who watch must not slow down the work.
const msPerEntry = 0.2;
// What has changed is taken in at least this often, and those who had not read all are looked at again.
const takeMsMax = 250;
const againMs = 20;
const nothing: Parts = { type: "changes", entries: 0, texts: [] };

/** The watches of a hub. */
export class Watches {
  readonly #watched: Watched;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #watches = new Map<Watcher, Map<number, Watch>>();
  readonly #scenes = new Map<string, { scene: Scene; watches: number }>();
  /** How resources look at this moment, by name. New maps each time: V8 keeps one that is cleared, and all that was in it. */
  #rows = new Map<string, string>();
  #views = new Map<string, string>();
  #version = 0;
  #moment = 0;
  #count = 0;
  #cancel: (() => void) | undefined;

  constructor(watched: Watched, clock: Clock, limits: Limits) {
    this.#watched = watched;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Carries out what somebody said about watching, who may be gone by now. */
  take(watcher: Watcher | undefined, message: WatchMessage): void {
    if (watcher === undefined) return;
    if (message.type === "watch") this.#open(watcher, message);
    else this.#close(watcher, message.id);
  }

  /** Somebody is gone, and all its watches with it. */
  remove(watcher: Watcher): void {
    for (const watch of this.#watches.get(watcher)?.values() ?? []) this.#drop(watch);
    this.#watches.delete(watcher);
    this.#setTimer();
  }

  stop(): void {
    this.#cancel?.();
  }

  #open(watcher: Watcher, message: ClientMessageOf<"watch">): void {
    const { sessionWatchesMax, hubWatchesMax } = this.#limits;
    const [{ id }, { access }] = [message, watcher];
    const own = this.#watches.get(watcher) ?? new Map<number, Watch>();
    const bound = own.size >= sessionWatchesMax ? "sessionWatchesMax" : "hubWatchesMax";
    if (own.size >= sessionWatchesMax || this.#count >= hubWatchesMax) {
      countRefusal(this.#watched.table.refusals, bound);
      const message = `no more watches: ${bound} is ${this.#limits[bound]}`;
      return watcher.announce({ type: "failed", id, code: "TOO_MANY_REQUESTS", message });
    }
    if (this.#count === 0) beginTouching(this.#watched.table);
    this.#takeIn();
    const unseen = { dueMs: this.#clock.nowMs(), seen: undefined, totals: "", parts: nothing, said: 0 };
    own.set(id, { watcher, message, access, ...this.#sceneFor(message, access), ...unseen });
    this.#watches.set(watcher, own);
    this.#count += 1;
    this.#setTimer();
  }

  #close(watcher: Watcher, id: number): void {
    const watch = this.#watches.get(watcher)?.get(id);
    const message = `unwatch names ${id}, which is no watch of this session`;
    if (watch === undefined) return watcher.announce({ type: "error", id, code: "INVALID_MESSAGE", message });
    this.#watches.get(watcher)?.delete(id);
    this.#drop(watch);
    this.#setTimer();
  }

  /** Ends the watch of one who may see nothing any more, be it in the middle of a picture. */
  #forbid({ watcher, message: { id } }: Watch): void {
    this.#close(watcher, id);
    watcher.announce({ type: "failed", id, code: "FORBIDDEN", message: "the token allows to watch no longer" });
  }

  #drop(watch: Watch): void {
    this.#leave(watch);
    this.#count -= 1;
    if (this.#count === 0) endTouching(this.#watched.table);
  }

  #leave({ key }: Watch): void {
    const shared = this.#scenes.get(key);
    if (shared !== undefined) shared.watches -= 1;
    if (shared?.watches === 0) this.#scenes.delete(key);
  }

  /** What that watch sees; shared by all who may see the same. */
  #sceneFor({ prefix = "", resource, limit }: ClientMessageOf<"watch">, access: Access | undefined) {
    const { table } = this.#watched;
    const key = JSON.stringify([prefix, resource, limit, access?.prefixes]);
    const isAllowed = (name: string) => access !== undefined && isWithin(access, name);
    const scene = (): Scene =>
      new Scene(
        {
          table,
          isMeant: (name) => (resource === undefined ? name.startsWith(prefix) : name === resource) && isAllowed(name),
          entriesMax: resource === undefined ? limit : 1,
          // A UTF-16 unit is at most three bytes of UTF-8.
          unitsMax: this.#limits.frameBytesMax / 3,
          textOf: (name) => this.#textOf(name, resource !== undefined),
        },
        this.#version,
      );
    const shared = this.#scenes.get(key) ?? { scene: scene(), watches: 0 };
    shared.watches += 1;
    this.#scenes.set(key, shared);
    return { key, scene: shared.scene };
  }

  #textOf(name: string, isWhole: boolean): string {
    const texts = isWhole ? this.#views : this.#rows;
    const known = texts.get(name);
    if (known !== undefined) return known;
    const resource = this.#watched.table.resources.get(name);
    if (resource === undefined) return goneText(name);
    const nowMs = this.#watched.nowMs();
    const look = isWhole ? viewOf(resource, nowMs, this.#limits.listEntriesMax) : rowOf(resource, nowMs);
    const text = JSON.stringify(look);
    texts.set(name, text);
    return text;
  }

  #takeIn(): void {
    const changes = takeTouched(this.#watched.table);
    [this.#rows, this.#views] = [new Map(), new Map()];
    this.#moment += 1;
    if (changes.length === 0) return;
    this.#version += 1;
    for (const { scene } of this.#scenes.values()) scene.update(changes, this.#version);
  }

  readonly #look = (): void => {
    this.#takeIn();
    const nowMs = this.#clock.nowMs();
    for (const own of this.#watches.values()) {
      for (const watch of own.values()) {
        const { access } = watch.watcher;
        if (access === undefined || !mayView(access)) this.#forbid(watch);
        else if (watch.dueMs <= nowMs) this.#show(watch, nowMs);
      }
    }
    this.#setTimer();
  };

  /** Says what is left to say of what was begun, or else what is new. */
  #show(watch: Watch, nowMs: number): void {
    if (!isDrained(watch.watcher)) return;
    if (watch.said === watch.parts.texts.length) this.#begin(watch);
    while (watch.said < watch.parts.texts.length && isDrained(watch.watcher)) {
      watch.watcher.show(`{"type":"${watch.parts.type}","id":${watch.message.id},${watch.parts.texts[watch.said]}`);
      watch.said += 1;
    }
    if (watch.said < watch.parts.texts.length) return;
    const intervalMs = Math.max(intervalMsMin, watch.message.intervalMs);
    const pauseMs = intervalMs * Math.max(1, Math.ceil((watch.parts.entries * msPerEntry) / intervalMs));
    // Those who are shown something equally often are shown it at the same moments, and share the work.
    watch.dueMs = (Math.floor(nowMs / pauseMs + 0.5) + 1) * pauseMs;
    watch.parts = nothing;
    watch.said = 0;
  }

  #begin(watch: Watch): void {
    const { access } = watch.watcher;
    if (watch.access !== access) {
      const sight = this.#sceneFor(watch.message, access);
      // Another token, or the same read again, may allow the same: then nothing is shown anew.
      const seen = sight.scene === watch.scene ? watch.seen : undefined;
      this.#leave(watch);
      Object.assign(watch, sight, { access, seen });
    }
    const parts = watch.scene.since(watch.seen, this.#moment);
    const { totals } = watch.scene;
    const isNews = parts.type === "watching" || parts.entries > 0 || totals !== watch.totals;
    watch.seen = this.#version;
    watch.totals = totals;
    if (isNews) watch.parts = parts;
  }

  #setTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#count === 0) return;
    const nowMs = this.#clock.nowMs();
    let waitMs = takeMsMax;
    for (const own of this.#watches.values()) {
      for (const { dueMs, watcher } of own.values()) {
        waitMs = Math.min(waitMs, isDrained(watcher) ? dueMs - nowMs : Math.max(againMs, dueMs - nowMs));
      }
    }
    this.#cancel = this.#clock.after(Math.max(0, waitMs), this.#look);
  }
}

/** Whether all that somebody was sent has left the process. */
function isDrained({ connection }: Watcher): boolean {
  return connection.unsentBytes() === 0;
}
