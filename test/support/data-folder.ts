// Folders of durable hubs that live as long as a test: new ones, copies as a crash leaves them, and what is in them. Knows the
// names of the files; nothing of what they say.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { recordsOf, type TableRecord } from "../../server/core/snapshot.ts";
import type { LockTable } from "../../server/core/table.ts";
import { assertNever } from "../../shared/errors.ts";

/** The files that carry a book; what else is in a folder is of use to a running hub only. */
export const bookFiles = ["journal.db", "journal.db-wal", "journal.mark", "checkpoint.ndjson"] as const;

// In memory where there is such a place: test/faults asks what the disk does.
const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** An empty folder, gone when the test is over. */
export function dataFolder(): string {
  const folder = mkdtempSync(join(parent, "baton-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A copy of a folder as it stands, which is what a hub leaves that is killed at this moment. */
export function crashedCopyOf(folder: string): string {
  const copy = dataFolder();
  for (const name of bookFiles) {
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(copy, name));
  }
  return copy;
}

/** All that a table comes to, in a form that is equal for tables that decide alike. */
export function contentsOf(table: LockTable): unknown[] {
  const records = [...recordsOf(table)].toSorted((one, other) => {
    // In which order resources are listed decides nothing; that of sessions, and of the requests of one resource, does.
    const [first, second] = [placeOf(one), placeOf(other)];
    return first < second ? -1 : Number(first > second);
  });
  const outcomes = [...table.outcomes.resources].map(({ name }) => name);
  return JSON.parse(JSON.stringify([...records, { outcomes }]));
}

function placeOf(record: TableRecord): string {
  switch (record.kind) {
    case "table":
    case "session":
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
