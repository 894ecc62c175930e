// `npm run bench [-- P1 P3] [--json FILE] [--strict] …`: runs the benches that are named, or all, and prints one table.
// Knows no bench from inside.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Bench, Plan } from "./bench.ts";
import { meets, type Figure } from "./figure.ts";
import { countOthers, thisMachine } from "./machine.ts";
import { p1 } from "./p1.ts";
import { p1b } from "./p1b.ts";
import { p2 } from "./p2.ts";
import { p10 } from "./p10.ts";
import { p11 } from "./p11.ts";
import { p3 } from "./p3.ts";
import { p6 } from "./p6.ts";
import { p7 } from "./p7.ts";
import { p8 } from "./p8.ts";
import { flood } from "./flood.ts";
import { legend, tableOf } from "./report.ts";
import { hubFile, hubProgram } from "./server-process.ts";

const benches: readonly Bench[] = [p1, p1b, p2, p3, p6, p7, p8, p10, p11, flood];

const usage = `usage: npm run bench -- [NUMBER…] [options]
  NUMBER…          ${benches.map(({ id }) => id).join(", ")}; all unless named
  --rounds N       rounds that count (5)
  --round-ms MS    length of a round (1000)
  --json FILE      write the figures there as well
  --strict         exit 1 when a goal is missed
  --hub FILE       measure another hub's main file
  --profile DIR    have each hub write a CPU profile there`;

const { values, positionals } = readArguments();
if (values.help === true) console.log(usage);
else await main();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: "5" },
        "round-ms": { type: "string", default: "1000" },
        json: { type: "string" },
        strict: { type: "boolean" },
        hub: { type: "string", default: hubFile },
        profile: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const picked = benches.filter(({ id }) => positionals.length === 0 || positionals.some((name) => isSame(name, id)));
  const unknown = positionals.filter((name) => !benches.some(({ id }) => isSame(name, id)));
  if (unknown.length > 0) refuse(`there is no bench ${unknown.join(", ")}`);
  const plan: Plan = {
    rounds: wholeNumber("--rounds", values.rounds),
    roundMs: wholeNumber("--round-ms", values["round-ms"]),
    hub: (engine, ...flags) => hubProgram(values.hub, engine, flags, values.profile),
  };
  const machine = thisMachine();
  const othersShare = countOthers();
  console.log(
    `${machine.cores} cores (${machine.processor}), Node ${machine.node}; ${plan.rounds} rounds of ${plan.roundMs} ms`,
  );
  const figures: Figure[] = [];
  for (const { id, run } of picked) {
    console.error(`${id} …`);
    figures.push(...(await run(plan)));
  }
  const othersPercent = Math.round(othersShare() * 100);
  console.log(`${tableOf(figures)}\n${legend}`);
  console.log(
    `others kept ${othersPercent} % of the machine busy meanwhile${othersPercent > 5 ? ": measure again" : ""}`,
  );
  if (values.json !== undefined) {
    const told = figures.map((figure) => ({ ...figure, met: meets(figure) }));
    writeFileSync(values.json, `${JSON.stringify({ machine, othersPercent, plan, figures: told }, null, 2)}\n`);
  }
  if (values.strict === true && figures.some((figure) => meets(figure) === false)) process.exitCode = 1;
}

function isSame(name: string, id: string): boolean {
  return name.toLowerCase() === id.toLowerCase();
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : refuse(`${flag} is a whole number from 1, not ${text}`);
}

function refuse(reason: string): never {
  console.error(`${reason}\n${usage}`);
  process.exit(64);
}
