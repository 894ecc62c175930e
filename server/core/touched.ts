// Which resources have changed since those who watch last looked, and by how much their counts. While nobody watches it costs
// one check. Knows no watch; no part of what is kept.
import type { Counts, Resource } from "./records.ts";
import { isForgettable } from "./resource.ts";
import type { LockTable } from "./table.ts";

/** What has changed of one resource: its name, and what that adds to the counts of all. */
export type Change = { readonly name: string } & Counts;

const none: Counts = { resources: 0, holding: 0, waiting: 0 };

/** Notes that a resource is about to change, if anybody watches: what it counts until then is what was last told of it. */
export function touch({ touched }: LockTable, resource: Resource): void {
  if (touched === undefined || resource.isTouched) return;
  resource.isTouched = true;
  resource.told = isForgettable(resource) ? none : countsOf(resource);
  touched.push(resource);
}

/** Begins to note what changes, from the table as it stands. */
export function beginTouching(table: LockTable): void {
  table.touched = [];
}

/** Ends it: nobody watches any more. */
export function endTouching(table: LockTable): void {
  for (const resource of table.touched ?? []) resource.isTouched = false;
  table.touched = undefined;
}

/** All changes since the last call. A resource that went and came again is in it twice. */
export function takeTouched(table: LockTable): Change[] {
  const { touched = [] } = table;
  if (touched.length > 0) table.touched = [];
  return touched.map((resource) => {
    const before = resource.told ?? none;
    const after = table.resources.get(resource.name) === resource ? countsOf(resource) : none;
    resource.isTouched = false;
    return {
      name: resource.name,
      resources: after.resources - before.resources,
      holding: after.holding - before.holding,
      waiting: after.waiting - before.waiting,
    };
  });
}

function countsOf({ holders, queue }: Resource): Counts {
  return { resources: 1, holding: holders.size, waiting: queue.size };
}
