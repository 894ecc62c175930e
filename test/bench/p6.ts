// P6: what a waiter takes of the hub's memory, and whether a hand-off, or a waiter that comes and goes, costs more in a queue
// of 100,000 than in one of 1,000. Memory engine.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import { DeepQueue, type QueueSample } from "./deep-queue.ts";
import { costOf, type Figure } from "./figure.ts";
import { alternate, contender, ratioOf, spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";

const [shallow, deep] = [1_000, 100_000];
const bytesMax = 400;
const ratioMax = 1.3;

/** P6. */
export const p6: Bench = {
  id: "P6",
  run: async ({ rounds, roundMs, hub }) => {
    const bytes: number[] = [];
    for (let round = 0; round < rounds; round += 1) bytes.push(await bytesOfWaiter());
    await using server = await startServer(hub("memory", "--limit", `resourceWaitersMax=${2 * deep}`));
    using few = new DeepQueue(server, "shallow");
    using many = new DeepQueue(server, "deep");
    await few.lineUp(shallow);
    await many.lineUp(deep);
    const handOnFew = contender(() => few.handOn(roundMs));
    const handOnMany = contender(() => many.handOn(roundMs));
    const comeFew = contender(() => few.comeAndGo(roundMs));
    const comeMany = contender(() => many.comeAndGo(roundMs));
    await alternate([handOnFew, handOnMany, comeFew, comeMany], rounds);
    const goal = { of: "value", bound: "at most", number: bytesMax } as const;
    return [
      { id: "P6", what: "one of 100,000 waiters, 1,000 sessions", unit: "B", value: spreadOf(bytes), goal },
      figure("hand-off in a queue of 100,000", handOnMany.samples, handOnFew.samples),
      figure("enqueue and cancel there", comeMany.samples, comeFew.samples),
    ];
  },
};

function figure(what: string, ours: QueueSample[], limit: QueueSample[]): Figure {
  const [many, few] = [ours, limit].map((samples) => samples.map(({ usEach }) => usEach));
  if (many === undefined || few === undefined) throw new Error("unreachable");
  const value = spreadOf(few);
  const beside = { what: "in one of 1,000", unit: "µs", value, ratio: ratioOf(many, few), cost: costOf(limit) };
  const goal = { of: "ratio", bound: "at most", number: ratioMax } as const;
  return { id: "P6", what, unit: "µs", value: spreadOf(many), cost: costOf(ours), beside, goal };
}

async function bytesOfWaiter(): Promise<number> {
  const file = fileURLToPath(new URL("./waiter-memory.ts", import.meta.url));
  const child = fork(file, { execArgv: ["--expose-gc"] });
  const [said]: { bytesEach: number }[] = await once(child, "message");
  return said?.bytesEach ?? Number.NaN;
}
