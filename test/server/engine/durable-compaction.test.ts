// A journal that compacts itself while it is written to: its rows go, nothing else does.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import type { Engine } from "../../../server/engine/engine.ts";
import { recoverWhole } from "../../../server/engine/recovery.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import type { Logger } from "../../../server/log.ts";
import { crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { contentsOf } from "../../support/table-contents.ts";
import { acquire, open, release, started } from "./contract.ts";

const compactCharacters = 20_000;

function startIn(folder: string, log: Logger = silentLog, clock = new HandClock()) {
  return started(
    (settings, clock) => sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock, log, compactCharacters }),
    clock,
  );
}

/** Has a node ask and release, a batch each, until it is told to stop; other things happen in between. */
async function work(engine: Engine, node: string, isOver: () => boolean): Promise<void> {
  for (let id = 1; !isOver(); id += 1) {
    acquire(engine, node, id, { resource: `r${id % 50}`, mode: id % 3 === 0 ? "exclusive" : "once" });
    engine.commit();
    if (id % 5 !== 0) release(engine, node, id, { result: { id } });
    engine.commit();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function rowsIn(folder: string): { count: number; first: number } {
  using database = new DatabaseSync(join(folder, "journal.db"), { readOnly: true });
  const { count, first } = { ...database.prepare("SELECT count(*) AS count, min(first) AS first FROM batch").get() };
  return { count: Number(count), first: Number(first) };
}

test("rows give way to a checkpoint again and again while the hub works, and nothing is lost", async () => {
  const folder = dataFolder();
  const orders: number[] = [];
  const error = vi.fn<Logger["error"]>();
  const log: Logger = {
    ...silentLog,
    debug: ({ order }: { order?: unknown }) => void orders.push(Number(order)),
    error,
  };
  const { engine } = startIn(folder, log);
  open(engine, ["a", "b"], 60_000);
  await work(engine, "a", () => orders.length === 3 || error.mock.calls.length > 0);
  // Of the rows that the first checkpoint stands for, none is left.
  expect(rowsIn(folder).first).toBeGreaterThan(orders[0]!);
  expect(error).not.toHaveBeenCalled();
  const copy = crashedCopyOf(folder);
  const recovered = recoverWhole(copy);
  expect(contentsOf(recovered.table)).toEqual(contentsOf(engine.table));
  expect(recovered.checkpointOrder).toBeGreaterThan(0);
  await engine.close();
  expect(contentsOf(recoverWhole(folder).table)).toEqual(contentsOf(recovered.table));
});

test("rows that a crash has left beside their checkpoint go in the next run", async () => {
  const folder = dataFolder();
  const orders: number[] = [];
  const log = { ...silentLog, debug: ({ order }: { order?: unknown }) => void orders.push(Number(order)) };
  const first = startIn(folder, log);
  open(first.engine, "a", 60_000);
  await work(first.engine, "a", () => orders.length === 1);
  const copy = crashedCopyOf(folder);
  await first.engine.close();
  const left = rowsIn(copy);
  expect(left.first).toBeLessThan(orders[0]!);
  const { engine } = startIn(copy);
  for (let commits = 0; commits < left.count / 64 + 1; commits += 1) {
    open(engine, `n${commits}`);
  }
  expect(rowsIn(copy).first).toBeGreaterThan(orders[0]!);
  await engine.close();
});

test("a journal that grew long over several short runs is compacted too", async () => {
  let folder = dataFolder();
  let checkpoint = 0;
  for (let run = 0; checkpoint === 0; run += 1) {
    expect(run).toBeLessThan(40);
    const made: number[] = [];
    const log = { ...silentLog, debug: ({ order }: { order?: unknown }) => void made.push(Number(order)) };
    const { engine } = startIn(folder, log);
    for (let id = 0; id < 5; id += 1) open(engine, `n${run}-${id}`, 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    // A worker starts as fast as the machine lets it.
    if (engine.table.sessions.size > 100) await vi.waitFor(() => expect(made).not.toEqual([]), { timeout: 20_000 });
    // What is made while the hub closes is not in the copy.
    checkpoint = made[0] ?? 0;
    folder = crashedCopyOf(folder);
    await engine.close();
  }
  expect(recoverWhole(folder).checkpointOrder).toBe(checkpoint);
});

test("a checkpoint that was not finished is no checkpoint, and goes", async () => {
  const folder = dataFolder();
  const first = startIn(folder);
  open(first.engine, "a", 60_000);
  const copy = crashedCopyOf(folder);
  const half = join(copy, "checkpoint.ndjson.new");
  writeFileSync(half, '{"baton":"checkpoint","format":1}\n{"kind":"tab');
  const { engine } = startIn(copy);
  expect([...engine.table.sessions.keys()]).toEqual(["a"]);
  expect(existsSync(half)).toBe(false);
  await engine.close();
});

test("a checkpoint that cannot be made leaves the journal as it is, and is said", async () => {
  const folder = dataFolder();
  const error = vi.fn<Logger["error"]>();
  const { engine } = startIn(folder, { ...silentLog, error });
  open(engine, "a", 60_000);
  // Another's row is damaged on the disk while the hub runs.
  using other = new DatabaseSync(join(folder, "journal.db"));
  other.exec("UPDATE batch SET crc = crc + 1 WHERE first = (SELECT max(first) FROM batch)");
  await work(engine, "a", () => error.mock.calls.length > 0);
  expect(error.mock.calls[0]?.[1]).toBe("no checkpoint could be made; the journal grows on");
  expect(existsSync(join(folder, "checkpoint.ndjson"))).toBe(false);
  await engine.close();
});

test("a checkpoint longer than one read is read whole", async () => {
  const folder = dataFolder();
  const { engine } = startIn(folder);
  open(engine, "a", 60_000);
  const name = "ü".repeat(200);
  for (let id = 1; id <= 4_000; id += 1) acquire(engine, "a", id, { resource: `${name}${id}` });
  engine.commit();
  await vi.waitFor(() => expect(existsSync(join(folder, "checkpoint.ndjson"))).toBe(true), { timeout: 10_000 });
  expect(statSync(join(folder, "checkpoint.ndjson")).size).toBeGreaterThan(2 * 1024 * 1024);
  expect(String(readFileSync(join(folder, "checkpoint.ndjson"))).split("\n").length).toBeGreaterThan(8_000);
  expect(contentsOf(recoverWhole(crashedCopyOf(folder)).table)).toEqual(contentsOf(engine.table));
  await engine.close();
});
