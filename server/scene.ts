// What one kind of watch sees: the first rows of some resources, or one resource whole, and since which version each is as it
// is. All who watch the same share it. Knows no session and no time.
import type { HubMessageOf } from "../shared/protocol.ts";
import type { LockTable } from "./core/table.ts";
import type { Change } from "./core/touched.ts";
import { namesAfter } from "./core/name-page.ts";
import type { IsMeant } from "./core/views.ts";
import { NameWindow } from "./name-window.ts";

type Totals = HubMessageOf<"watching">["totals"];

/** What a scene shows, and how one resource of it looks: JSON text. */
export type SceneParts = {
  readonly table: LockTable;
  readonly isMeant: IsMeant;
  readonly entriesMax: number;
  /** UTF-16 units that one message may have. */
  readonly unitsMax: number;
  readonly textOf: (name: string) => string;
};

/** Messages without their beginning, which names their type and the watch; `entries` is how many resources they are about. */
export type Parts = {
  readonly type: "watching" | "changes";
  readonly entries: number;
  readonly texts: readonly string[];
};

/** What is seen by all who watch the same. */
export class Scene {
  readonly #parts: SceneParts;
  readonly #window: NameWindow;
  #counts = { resources: 0, holding: 0, waiting: 0 };
  /** Of what is shown, the version in which it last changed. */
  #shown = new Map<string, number>();
  /** What was shown and is no longer, by the version in which it went, oldest first. */
  readonly #gone = new Map<string, number>();
  /** What went up to that version is known no longer: whoever has seen no more needs a new picture. */
  #forgotten: number;
  #last: { moment: number; from: number | undefined; parts: Parts } | undefined;

  /** @param version the one that the table is at, with everything noted */
  constructor(parts: SceneParts, version: number) {
    this.#parts = parts;
    const { table, isMeant, entriesMax } = parts;
    this.#window = new NameWindow(entriesMax, (count) =>
      namesAfter(table.resources.keys().filter(isMeant), undefined, count),
    );
    this.#forgotten = version;
    for (const name of this.#window.first()) this.#shown.set(name, version);
    for (const { name, holders, queue } of table.resources.values()) {
      if (isMeant(name)) this.#count({ resources: 1, holding: holders.size, waiting: queue.size });
    }
  }

  /** Takes in what has changed, as a new version. */
  update(changes: readonly Change[], version: number): void {
    const { table, isMeant, entriesMax } = this.#parts;
    let isSame = true;
    for (const change of changes) {
      const { name } = change;
      if (!isMeant(name)) continue;
      this.#count(change);
      isSame = !this.#window.note(name, table.resources.has(name)) && isSame;
      if (this.#shown.has(name)) this.#shown.set(name, version);
    }
    if (isSame) return;
    const before = this.#shown;
    this.#shown = new Map();
    for (const name of this.#window.first()) {
      this.#shown.set(name, before.get(name) ?? version);
      this.#gone.delete(name);
    }
    for (const name of before.keys()) if (!this.#shown.has(name)) this.#gone.set(name, version);
    for (const [name, went] of this.#gone) {
      if (this.#gone.size <= 2 * entriesMax) return;
      this.#gone.delete(name);
      this.#forgotten = went;
    }
  }

  /** Holders, waiters and resources among what is meant, shown or not; sessions are those of the hub. */
  get totals(): string {
    const { resources, holding, waiting } = this.#counts;
    const { size } = this.#parts.table.sessions;
    return JSON.stringify({ resources, held: holding, waiting, sessions: size } satisfies Totals);
  }

  /**
   * What there is to say to one who has seen that version; to one who has seen nothing, or too little, all of it. At one moment
   * the texts stay as they are, so that what was written for one serves the others.
   */
  since(seen: number | undefined, moment: number): Parts {
    const from = seen === undefined || seen < this.#forgotten ? undefined : seen;
    const last = this.#last;
    if (last !== undefined && last.moment === moment && last.from === from) return last.parts;
    const parts = from === undefined ? this.#picture() : this.#changes(from);
    this.#last = { moment, from, parts };
    return parts;
  }

  #picture(): Parts {
    const rows = Array.from(this.#shown.keys(), this.#parts.textOf);
    return { type: "watching", entries: rows.length, texts: this.#messages(rows, true) };
  }

  #changes(seen: number): Parts {
    const rows: string[] = [];
    for (const [name, version] of this.#shown) if (version > seen) rows.push(this.#parts.textOf(name));
    for (const [name, version] of this.#gone) if (version > seen) rows.push(goneText(name));
    return { type: "changes", entries: rows.length, texts: this.#messages(rows, false) };
  }

  #messages(rows: readonly string[], isPicture: boolean): string[] {
    const pages: string[][] = [[]];
    let units = 0;
    for (const row of rows) {
      if (units > 0 && units + row.length > this.#parts.unitsMax) {
        pages.push([]);
        units = 0;
      }
      pages.at(-1)?.push(row);
      units += row.length + 1;
    }
    const totals = `],"totals":${this.totals}`;
    return pages.map((page, place) => {
      const more = isPicture && place < pages.length - 1 ? ',"more":true}' : "}";
      return `"resources":[${page.join(",")}${totals}${more}`;
    });
  }

  #count({ resources, holding, waiting }: Omit<Change, "name">): void {
    this.#counts.resources += resources;
    this.#counts.holding += holding;
    this.#counts.waiting += waiting;
  }
}

/** What is said of a resource that is there no longer. */
export function goneText(resource: string): string {
  return JSON.stringify({ resource, gone: true });
}
