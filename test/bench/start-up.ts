// How long a durable hub takes to start, until it answers, with 100,000 live requests in its folder: as rows of its journal, and
// as a checkpoint. Knows no load.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../server/clock.ts";
import type { RequestMessage } from "../../server/core/command.ts";
import { writeCheckpoint } from "../../server/engine/checkpoint.ts";
import { createEngine } from "../../server/engine/engine.ts";
import { recoverWhole } from "../../server/engine/recovery.ts";
import { sqliteBook } from "../../server/engine/sqlite-journal.ts";
import { defaultLimits as limits } from "../../shared/limits.ts";
import { silentLog } from "../support/silent-log.ts";
import type { Plan } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";

const requests = 100_000;
const sessions = 1_000;
const resources = 20_000;
const batchSize = 64;

/** Two figures of P10. */
export async function startUpFigures({ rounds, hub }: Plan, folder: string): Promise<Figure[]> {
  const [rows, checkpoint] = [join(folder, "rows"), join(folder, "checkpoint")];
  await fill(rows);
  await cp(rows, checkpoint, { recursive: true });
  writeCheckpoint(checkpoint, recoverWhole(checkpoint).table);
  const figures: Figure[] = [];
  for (const [name, data] of [
    ["rows", rows],
    ["a checkpoint", checkpoint],
  ] as const) {
    const samples: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      const server = await startServer(hub("durable", "--data", data));
      samples.push(performance.now() - start);
      await server.kill();
    }
    figures.push({
      id: "P10",
      what: `start with 100,000 live requests in ${name}`,
      unit: "ms",
      value: spreadOf(samples),
      goal: { of: "value", bound: "at most", number: 2_000 },
    });
  }
  return figures;
}

async function fill(folder: string): Promise<void> {
  const settings = { limits, lockDelayMs: 0, outcomeTtlMs: 600_000 };
  const book = sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock: systemClock, log: silentLog });
  const engine = createEngine({ book, clock: systemClock, onEffect: () => {}, onProposal: () => {} });
  const identity = { secretDigest: "x".repeat(44), owner: "anybody", graceMs: 60_000, client: "", labels: {} };
  for (let place = 0; place < sessions; place += 1) {
    engine.propose({ type: "open", socket: `s${place}`, session: `s${place}`, node: `node-${place}`, ...identity });
  }
  for (let place = 0; place < requests; place += 1) {
    const resource = `sha256:${String(place % resources).padStart(64, "0")}`;
    const id = 1 + Math.floor(place / sessions);
    const message: RequestMessage = { type: "acquire", id, resource, operation: "pull", mode: "once", wanted: false };
    engine.propose({ type: "message", socket: `s${place % sessions}`, message });
    if (place % batchSize === 0) engine.commit();
  }
  engine.commit();
  await engine.close();
}
