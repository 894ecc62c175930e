// What a folder comes to when it is taken up is the table that the hub decided by, whatever was done to it: after every batch,
// with deadlines that have come and are not yet carried out, by rows alone, by a checkpoint and the rows after it, and over
// restarts [B7]. `BATON_RUNS=1000` for more runs.
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Command, TableSettings } from "../../../server/core/command.ts";
import { writeCheckpoint } from "../../../server/engine/checkpoint.ts";
import { createEngine, type Engine } from "../../../server/engine/engine.ts";
import { recover } from "../../../server/engine/sqlite-file.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import { crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { silentLog } from "../../support/silent-log.ts";
import { contentsOf } from "../../support/table-contents.ts";
import { graces, intents, settings } from "../core/intents.ts";
import type { ModelSettings } from "../core/model-records.ts";
import { ModelledTable } from "../core/modelled-table.ts";

const runs = Number(process.env["BATON_RUNS"] ?? 20);

type Asked = { command: Command; nowMs: number };
const askedOf = new WeakMap<object, Asked[]>();

/** Keeps what is asked of a table that is checked against its model, from the first nodes on that its making lets in. */
class RecordedTable extends ModelledTable {
  get asked(): Asked[] {
    const asked = askedOf.get(this) ?? [];
    askedOf.set(this, asked);
    return asked;
  }

  override step(command: Command): string[] {
    // The hub has deadlines of its own, which come late: in one batch with whatever is asked next.
    if (command.type !== "deadline") this.asked.push({ command, nowMs: this.nowMs });
    return super.step(command);
  }
}

/** What happens after a batch. */
const deeds = fc.array(fc.constantFrom("nothing", "nothing", "nothing", "a checkpoint", "a kill"), { minLength: 1 });
const batchSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });

test(
  "[B7] a folder comes to the table that the hub decides by, after every batch",
  { timeout: 60_000 + runs * 500 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        graces,
        intents,
        batchSizes,
        deeds,
        async (settings, graces, intents, sizes, deeds) => {
          const recorded = new RecordedTable(settings, graces);
          for (const intent of intents) recorded.follow(intent);
          const hub = new JournaledHub(settings);
          for (const [place, { commands, nowMs }] of batchesOf(recorded.asked, sizes).entries()) {
            const deed = deeds[place % deeds.length];
            hub.decide(commands, nowMs);
            hub.check();
            if (deed === "a checkpoint") hub.writeCheckpoint();
            if (deed === "a kill" || commands.some(({ type }) => type === "begin")) await hub.restart();
          }
          await hub.stop();
        },
      ),
      { numRuns: runs },
    );
  },
);

/** A hub's engine on a folder, and the time that the test gives. */
class JournaledHub {
  readonly #clock = new HandClock();
  readonly #settings: TableSettings;
  #folder = dataFolder();
  #engine: Engine;

  constructor({ lockDelayMs, outcomeTtlMs, ...bounds }: ModelSettings) {
    this.#settings = { lockDelayMs, outcomeTtlMs, limits: { ...limits, ...bounds } };
    // The steps are counted from 1 on, as those of the table that was recorded.
    this.#clock.wallAheadMs = -2_000_000_000_000;
    this.#engine = this.#start();
  }

  /** Commands come, and then time passes, or the other way round; deadlines that have come go into the same batch. */
  decide(commands: readonly Command[], nowMs: number): void {
    const passes = [
      () => this.#clock.pass(nowMs - this.#clock.nowMs()),
      () => commands.forEach((command) => this.#propose(command)),
    ];
    for (const pass of commands.length % 2 === 0 ? passes : passes.toReversed()) pass();
    this.#engine.commit();
  }

  /** Whether a hub that takes up the folder now finds the table of this one. */
  check(): void {
    const [decidedBy, found] = [contentsOf(this.#engine.table), contentsOf(recover(this.#folder).table)];
    // Asked before expect is, which takes longer.
    if (!isDeepStrictEqual(found, decidedBy)) expect(found).toEqual(decidedBy);
  }

  /** As the compactor does. */
  writeCheckpoint(): void {
    writeCheckpoint(this.#folder, recover(this.#folder).table);
  }

  /** The hub is killed, and another goes on with what it has left. */
  async restart(): Promise<void> {
    this.#folder = crashedCopyOf(this.#folder);
    await this.#engine.close();
    this.check();
    this.#engine = this.#start();
    this.check();
  }

  async stop(): Promise<void> {
    await this.#engine.close();
    this.check();
  }

  #start(): Engine {
    const [folder, settings, clock] = [this.#folder, this.#settings, this.#clock];
    const book = sqliteBook({ folder, settings, recoveryGraceMs: 30, clock, log: silentLog });
    return createEngine({ book, clock, onEffect: () => {}, onProposal: () => {} });
  }

  #propose(command: Command): void {
    switch (command.type) {
      // A hub begins when it starts.
      case "begin":
        return;
      // The book has begun with a step more than the table that was recorded.
      case "acknowledge":
        return this.#engine.propose({ ...command, order: command.order + 1 });
      case "revoke":
        return this.#engine.propose(command.fence === undefined ? command : { ...command, fence: command.fence + 1 });
      default:
        return this.#engine.propose(command);
    }
  }
}

/** Commands of one time in batches of these sizes, over and over. */
function batchesOf(asked: readonly Asked[], sizes: readonly number[]) {
  const batches: { commands: Command[]; nowMs: number }[] = [];
  for (const { command, nowMs } of asked) {
    const last = batches.at(-1);
    const sizeMax = sizes[batches.length % sizes.length] ?? 1;
    if (last === undefined || last.nowMs !== nowMs || last.commands.length >= sizeMax) {
      batches.push({ commands: [command], nowMs });
    } else last.commands.push(command);
  }
  return batches;
}
