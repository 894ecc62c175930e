// What a lock table comes to, so that two of them can be compared. Knows the records of a table; no journal.
import { recordsOf, type TableRecord } from "../../server/core/snapshot.ts";
import type { LockTable } from "../../server/core/table.ts";
import { assertNever } from "../../shared/errors.ts";

/** All that a table comes to, in a form that is equal for tables that decide alike. */
export function contentsOf(table: LockTable): unknown[] {
  const recorded = [...recordsOf(table)];
  const records = recorded.toSorted((one, other) => {
    // In which order resources are listed decides nothing; that of sessions, and of the requests of one resource, does.
    const [first, second] = [placeOf(one), placeOf(other)];
    return first < second ? -1 : Number(first > second);
  });
  const outcomes = recorded.flatMap((record) => (record.kind === "resource" && record.outcome ? [record.name] : []));
  const heads = [...table.resources.values()].flatMap(({ name, head }) => (head ? [`${name} ${head.order}`] : []));
  return JSON.parse(JSON.stringify([...records, { outcomes, heads: heads.sort() }]));
}

function placeOf(record: TableRecord): string {
  switch (record.kind) {
    case "table":
    case "result":
    case "session":
    case "history":
      return "";
    case "resource":
      return `resource ${record.name}`;
    case "request":
    case "references":
      return `${record.kind} ${record.resource}`;
    default:
      return assertNever(record);
  }
}
