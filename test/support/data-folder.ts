// Folders of durable hubs that live as long as a test: new ones, and copies as a crash leaves them. Knows the names of
// the files; nothing of what they say.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

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
