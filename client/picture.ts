// What a watch shows at one moment. Knows no watch.
import type { HubMessageOf, ResourceRow, ResourceView } from "../shared/protocol.ts";
import { compareText } from "../shared/text.ts";

/** What there is in all, shown or not: resources, requests that hold and that wait, sessions of the hub. */
export type Totals = HubMessageOf<"watching">["totals"];

/** A picture; it never changes, the next moment has one of its own. */
export class Picture<Entry extends ResourceRow | ResourceView> {
  /** By the name of the resource. */
  readonly rows: ReadonlyMap<string, Entry>;
  readonly totals: Totals;
  /** Whether the connection is gone, so that nobody knows what has changed since. */
  readonly isStale: boolean;

  /** Made by the SDK alone. */
  constructor(rows: ReadonlyMap<string, Entry>, totals: Totals, isStale: boolean) {
    this.rows = rows;
    this.totals = totals;
    this.isStale = isStale;
  }

  /** The rows as a list, in the order of their names. */
  get resources(): Entry[] {
    return [...this.rows.values()].sort((one, other) => compareText(one.resource, other.resource));
  }

  /** What it is as JSON, in the words of the protocol. */
  toJSON(): { resources: Entry[]; totals: Totals; isStale: boolean } {
    const { resources, totals, isStale } = this;
    return { resources, totals, isStale };
  }
}
