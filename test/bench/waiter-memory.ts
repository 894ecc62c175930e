// A process of its own for P6: a hub with 1,000 sessions on connections that lead nowhere, and what each of 100,000 waiters of
// one resource takes of its heap. Says so to its parent, in bytes.
import { systemClock } from "../../server/clock.ts";
import { memoryBook } from "../../server/engine/memory-journal.ts";
import { Hub } from "../../server/hub.ts";
import { defaultLimits } from "../../shared/limits.ts";

const sessions = 1_000;
const waitersEach = 100;
const settings = { limits: defaultLimits, lockDelayMs: 0, outcomeTtlMs: 600_000 };
const hub = new Hub({
  settings: { name: "hub", limits: defaultLimits, heartbeatMs: 60_000, graceMaxMs: 60_000 },
  clock: systemClock,
  book: memoryBook(settings, systemClock),
});

function nothing(): void {}

const callers = Array.from({ length: sessions }, (_, at) =>
  hub.connected({
    id: String(at),
    send: nothing,
    close: nothing,
    unsentBytes: () => 0,
    pause: nothing,
    resume: nothing,
  }),
);
for (const [at, caller] of callers.entries()) caller.receive(JSON.stringify({ type: "hello", node: `node-${at}` }));
// The first request of each is alone on its resource, so that what a session has for its requests is there.
await askAll((at) => `own-${at}`, 1);
const before = heapBytes();
for (let id = 2; id < 2 + waitersEach; id += 1) await askAll(() => "deep", id);
process.send?.({ bytesEach: (heapBytes() - before) / hub.engine.table.waiting });
process.exit();

async function askAll(resourceOf: (at: number) => string, id: number): Promise<void> {
  for (const [at, caller] of callers.entries()) {
    caller.receive(JSON.stringify({ type: "acquire", id, resource: resourceOf(at) }));
  }
  // Two rounds: one that ends the turn, and one after it.
  for (let round = 0; round < 2; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
