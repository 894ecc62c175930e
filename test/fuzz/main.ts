// `npm run fuzz [-- --minutes 60] [--seed N] …`: random scripts, storms and bytes on live hubs until the time is over or something
// is wrong, with the seed that repeats it. Knows no kind of fuzz from inside.
import { parseArgs } from "node:util";
import { attack } from "./attacks.ts";
import { fuzzOnce, kinds, type Kind } from "./fuzz.ts";
import { FuzzedHub, type FuzzedEngine } from "./fuzzed-hub.ts";
import { MemorySeries } from "./memory-series.ts";

const usage = `usage: npm run fuzz [-- options]
  --minutes N        how long (1)
  --seed N           the first seed; a failure prints what repeats it
  --kind KIND        ${kinds.join(", ")}; all in turn unless said
  --engine ENGINE    memory, durable; both in turn unless said
  --rounds N         so many rounds and no more
  --attacks          attacks on the hub's memory instead, with a table of what each costs
  --attack TEXT      those whose name contains it`;

// Few enough that a round is over in a few seconds.
const casesInRound: Record<Kind, number> = { "in order": 10, "at once": 20, bytes: 40 };
const tellMs = 30_000;
const engines: readonly FuzzedEngine[] = ["memory", "durable"];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    kind: { type: "string" },
    engine: { type: "string" },
    rounds: { type: "string", default: "Infinity" },
    attacks: { type: "boolean" },
    attack: { type: "string", default: "" },
    help: { type: "boolean" },
  },
});

if (values.help === true) console.log(usage);
// After thousands of broken sockets Node was seen to wait for ever for one of them when it is to end by itself.
else process.exit(values.attacks === true ? await attack(values.attack) : await fuzz());

async function fuzz(): Promise<number> {
  const picked = { kinds: only(kinds, values.kind), engines: only(engines, values.engine) };
  const [startMs, endMs] = [performance.now(), performance.now() + Number(values.minutes) * 60_000];
  const hubs = await Promise.all(picked.engines.map((engine) => FuzzedHub.start(engine)));
  const memory = hubs.map(() => new MemorySeries());
  const cases = new Map<Kind, number>();
  let toldMs = startMs;
  console.log(`seed ${values.seed}`);
  const tell = async (now: number) => {
    const counts = Array.from(cases, ([kind, count]) => `${kind} ${count}`).join(", ");
    const taken = hubs.map(async (hub, at) => {
      const { heap, native } = await hub.memory();
      return `${picked.engines[at]} ${Math.round(heap)} + ${Math.round(native)} MiB`;
    });
    const mebibytes = (await Promise.all(taken)).join(", ");
    console.log(`${Math.round((now - startMs) / 1_000)} s: ${counts}; ${mebibytes}`);
    toldMs = now;
  };
  try {
    for (let round = 0; round < Number(values.rounds) && performance.now() < endMs; round += 1) {
      const kind = picked.kinds[round % picked.kinds.length] ?? "in order";
      const at = Math.floor(round / picked.kinds.length) % hubs.length;
      const hub = hubs[at];
      if (hub === undefined) throw new Error("unreachable");
      const seed = Number(values.seed) + round;
      const { cases: tried, wrong } = await fuzzOnce(hub, kind, seed, casesInRound[kind]);
      if (wrong !== undefined) {
        console.error(wrong);
        return 1;
      }
      cases.set(kind, (cases.get(kind) ?? 0) + tried);
      memory[at]?.add(performance.now() - startMs, await hub.memory());
      if (performance.now() - toldMs > tellMs) await tell(performance.now());
    }
    await tell(performance.now());
    const growing = memory
      .map((series, at) => [picked.engines[at], series.leak()] as const)
      .filter(([, leak]) => leak !== undefined);
    for (const [engine, leak] of growing) console.error(`the ${engine} hub takes more and more memory: ${leak}`);
    return growing.length === 0 ? 0 : 1;
  } finally {
    for (const hub of hubs) await hub[Symbol.asyncDispose]();
  }
}

function only<const Name extends string>(names: readonly Name[], wanted: string | undefined): readonly Name[] {
  const found = wanted === undefined ? names : names.filter((name) => name === wanted);
  if (found.length > 0) return found;
  console.error(`there is no ${wanted}: there are ${names.join(", ")}\n${usage}`);
  process.exit(64);
}
