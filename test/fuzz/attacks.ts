// What each attack on a hub's memory costs it by connection [B1], and what it costs another client meanwhile: one fresh hub and
// one attacking process each, and a table. Knows no attack from inside.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startHubProcess } from "../support/hub.ts";
import { connectWire, type Wire } from "../support/wire.ts";
import { attackNames } from "./attacker.ts";
import { residentMiBOf } from "./fuzzed-hub.ts";

/** How many connections there are of each kind, and what each may cost, where that is not as usual. */
type Plan = { count?: number; mebibytesMax?: number; isFilled?: true };
const plans: Record<string, Plan> = {
  "sockets that say nothing": { count: 1_000 },
  "fragments that never end": { count: 200 },
  "frames that never end": { count: 200 },
  "headers that never end": { count: 500 },
  "bodies that never end": { count: 200 },
  "labels of 8 KiB each": { count: 500 },
  // What is remembered is bounded in all: those bounds are met before, for they are no connection's cost.
  "a resource with a new name each time": { isFilled: true },
  "sessions left behind in their grace": { isFilled: true },
  // One that listens and one that floods.
  "events, never read": { mebibytesMax: 4, isFilled: true },
  "a result of 15 KiB under a new name each time": { count: 200, isFilled: true },
  // Of answers that are not acknowledged the hub keeps 128 MiB in all.
  "answers of 15 KiB, never acknowledged": { mebibytesMax: 3 },
  // A session may have so many, with names as long as these.
  "10,000 requests of one session": { count: 10, mebibytesMax: 20, isFilled: true },
};
const countElse = 100;
const quietMs = 3_000;
const attackMs = 8_000;
const afterMs = 5_000;
const mebibytesMaxElse = 2;

/** Runs those attacks whose names contain a text, all of them for an empty one; gives the exit code. */
export async function attack(wanted = ""): Promise<number> {
  console.log("RSS in MiB: at first, at most, by connection, after; another's grant p99 in ms: quiet, meanwhile");
  let isBad = false;
  for (const kind of attackNames.filter((name) => name.includes(wanted))) {
    const { count = countElse, mebibytesMax = mebibytesMaxElse, isFilled } = plans[kind] ?? {};
    const { atFirst, atMost, after, quiet, meanwhile } = await suffer(kind, count, isFilled === true);
    const each = (atMost - atFirst) / count;
    const isTooMuch = each > mebibytesMax;
    isBad ||= isTooMuch;
    const memory = [atFirst, atMost, each, after].map((mebibytes) => mebibytes.toFixed(mebibytes === each ? 3 : 0));
    const times = [quiet, meanwhile].map((ms) => ms.toFixed(1));
    console.log(
      `${kind.padEnd(48)} ×${count}: ${memory.join(" → ")}; ${times.join(" → ")}${isTooMuch ? "  TOO MUCH" : ""}`,
    );
  }
  return isBad ? 1 : 0;
}

async function suffer(kind: string, count: number, isFilled: boolean) {
  const hub = await startHubProcess({ args: ["--log-level", "error"] });
  const wire = await connectWire(hub.url);
  await wire.hello("witness");
  if (isFilled) await fill(hub.url);
  await grantsP99Ms(wire, quietMs / 2);
  const quiet = await grantsP99Ms(wire, quietMs);
  const atFirst = residentMiBOf(hub.pid);
  let atMost = atFirst;
  const sampling = setInterval(() => (atMost = Math.max(atMost, residentMiBOf(hub.pid))), 50);
  const attacker = fork(fileURLToPath(new URL("./attacker.ts", import.meta.url)), [hub.url, kind, String(count)]);
  const gone = once(attacker, "exit");
  const meanwhile = await grantsP99Ms(wire, attackMs);
  attacker.kill("SIGKILL");
  await gone;
  clearInterval(sampling);
  await pause(afterMs);
  await grantsP99Ms(wire, 500);
  const after = residentMiBOf(hub.pid);
  wire.terminate();
  await hub.stop();
  return { atFirst, atMost, after, quiet, meanwhile };
}

/** Has the hub remember as much as it may: names of 500 bytes, and results of 15 KiB. */
async function fill(url: string): Promise<void> {
  const wire = await connectWire(url);
  await wire.hello("filler");
  const text = "x".repeat(15 * 1_024);
  for (let id = 1; id <= 60_000; id += 1) {
    const result = id % 12 === 0 ? { result: text } : {};
    wire.send([
      { type: "acquire", id, resource: `${id}-${text}`.slice(0, 500) },
      { type: "release", id, outcome: "success", ...result },
    ]);
    if (id % 500 === 0) await wire.find((message) => message.type === "released" && message.id === id);
  }
  wire.terminate();
}

/** Asks for something and lets it go, a few milliseconds later again. */
async function grantsP99Ms(wire: Wire, durationMs: number): Promise<number> {
  const tookMs: number[] = [];
  for (const endMs = performance.now() + durationMs; performance.now() < endMs;) {
    const startMs = performance.now();
    const { id } = await wire.granted("witness");
    tookMs.push(performance.now() - startMs);
    await wire.released(id, "none");
    await pause(3);
  }
  return tookMs.sort((one, other) => one - other)[Math.floor(tookMs.length * 0.99)] ?? 0;
}
