// A checkpoint in etcd, written and read without an etcd.
import { expect, test } from "vitest";
import { chunksOf, digestOf, isWorthIt, readChunks } from "../../../server/engine/etcd-checkpoint.ts";
import type { KeyValue } from "../../../server/engine/etcd_pb.ts";
import { memoryBook } from "../../../server/engine/memory-journal.ts";
import { acquire, open, release, started } from "./contract.ts";

/** A table on which `c` keeps an answer with an earlier result than `b`, who was there before it. */
function tableWithAnswers() {
  const { engine } = started(memoryBook);
  open(engine, ["a", "b", "c"], 60_000);
  for (const [at, waiter] of ["c", "b"].entries()) {
    acquire(engine, "a", at + 1, { resource: `r${at}` });
    acquire(engine, waiter, 1, { resource: `r${at}` });
    release(engine, "a", at + 1, { result: { at } });
  }
  engine.commit();
  return engine.table;
}

function writtenAndRead(change: (text: string) => string = (text) => text) {
  const table = tableWithAnswers();
  const { chunks, digest } = chunksOf(table);
  const found = chunks.map((chunk): KeyValue => {
    const value = new TextEncoder().encode(change(new TextDecoder().decode(chunk)));
    return { $typeName: "etcdserverpb.KeyValue", key: value, createRevision: 1n, modRevision: 1n, value };
  });
  const made = { id: "one", revision: "1", atMs: 0, numbers: {}, chunks: chunks.length, digest };
  return { table, read: () => readChunks(made, found) };
}

test("a table that is read comes to the same as the one that was written, in whatever order it came about", () => {
  const { table, read } = writtenAndRead();
  expect([...table.kept.results.keys()]).toEqual(['{"at":0}', '{"at":1}']);
  expect([...read().kept.results.keys()]).toEqual(['{"at":1}', '{"at":0}']);
  expect(digestOf(read())).toBe(digestOf(table));
});

test("a checkpoint that is not as it was written is refused", () => {
  const { read } = writtenAndRead((text) => text.replace('"node":"b"', '"node":"x"'));
  expect(read).toThrow("checkpoint one in etcd is not as it was written");
});

test("is worth its while after so many bytes of entries, and after twice as many as the last one has", () => {
  const chunk = 256 * 1024;
  expect([isWorthIt(1_000, 1_000, undefined), isWorthIt(1_001, 1_000, undefined)]).toEqual([false, true]);
  expect(isWorthIt(1_001, 1_000, { chunks: 1 })).toBe(true);
  expect(isWorthIt(200 * chunk, 1_000, { chunks: 101 })).toBe(false);
  expect(isWorthIt(200 * chunk + 1, 1_000, { chunks: 101 })).toBe(true);
});
