// What the disk allows: how long one synced commit of one row takes in SQLite, on the disk on which the durable hubs of the
// bench keep their folders. Knows no hub.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Commits rows of so many characters, one after another, for that long; the microseconds of one, on average. */
export function measureCommitUs(folder: string, characters: number, roundMs: number): number {
  using database = new DatabaseSync(join(folder, `commits-${characters}.db`));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000");
  database.exec("CREATE TABLE IF NOT EXISTS batch (first INTEGER PRIMARY KEY, commands TEXT) STRICT");
  const insert = database.prepare("INSERT INTO batch (commands) VALUES (?)");
  const commands = "x".repeat(characters);
  const start = performance.now();
  let commits = 0;
  let tookMs = 0;
  for (; tookMs < roundMs; tookMs = performance.now() - start) {
    insert.run(commands);
    commits += 1;
  }
  return (tookMs / commits) * 1_000;
}
