// What every engine promises, whatever its journal. Each engine's own test names how to open one, and what it keeps.
import { afterEach, describe, expect, it } from "vitest";
import type { Effect } from "../../../server/core/effect.ts";
import { createEngine, type Engine } from "../../../server/engine/engine.ts";
import type { Book } from "../../../server/engine/journal.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import type { RequestMessage, TableSettings } from "../../../server/core/command.ts";
import { HandClock } from "../../support/hand-clock.ts";

/** Opens a new and empty book for a test; the engines over it are closed when the test is over. */
export type OpenBook = (settings: TableSettings, clock: HandClock) => Book;
type OpenBookLater = (settings: TableSettings, clock: HandClock) => Promise<Book>;

const settings: TableSettings = { limits, lockDelayMs: 0, outcomeTtlMs: 600_000 };

/** The promises, for the books that `openBook` opens. */
export function engineContract(name: string, openBook: OpenBook | OpenBookLater): void {
  describe(`the ${name} engine`, () => {
    const engines = enginesOfTest();

    const opened = async () => {
      const clock = new HandClock();
      const book = await openBook(settings, clock);
      const parts = started(() => book, clock);
      engines.add(parts.engine);
      const settled = () => new Promise<void>((resolve) => parts.engine.whenInEffect(resolve));
      await settled();
      return { ...parts, settled };
    };

    it("answers the commands of a turn in the order in which they were proposed", async () => {
      const { engine, answers, settled } = await opened();
      open(engine, ["a", "b"]);
      acquire(engine, "a", 1);
      acquire(engine, "b", 1);
      engine.commit();
      await settled();
      expect(answers()).toEqual(["a granted 1", "b queued 1"]);
    });

    it("answers nothing before the turn is committed [B3]", async () => {
      const { engine, answers, settled } = await opened();
      open(engine, "a");
      await settled();
      acquire(engine, "a", 1);
      expect(answers()).toEqual([]);
      engine.commit();
      await settled();
      expect(answers()).toEqual(["a granted 1"]);
    });

    it("gives each step an order number of its own, greater than the one before [F1]", async () => {
      const { engine, settled } = await opened();
      const first = engine.table.order;
      open(engine, ["a", "b", "c"]);
      await settled();
      expect(engine.table.order).toBe(first + 3);
    });

    it("proposes a deadline as a command when its time has come [B7]", async () => {
      const { engine, answers, clock, settled } = await opened();
      open(engine, ["a", "b"]);
      acquire(engine, "a", 1);
      acquire(engine, "b", 1, { waitMs: 50 });
      engine.commit();
      await settled();
      answers();
      clock.pass(49);
      await settled();
      expect(answers()).toEqual([]);
      clock.pass(1);
      await settled();
      expect(answers()).toEqual(["b failed 1 LOCK_TIMEOUT"]);
    });

    it("keeps one timer, for the soonest of many deadlines", async () => {
      const { engine, clock, settled } = await opened();
      open(engine, ["a", "b"]);
      acquire(engine, "a", 1);
      for (let id = 1; id <= 100; id += 1) acquire(engine, "b", id, { waitMs: 10_000 - id });
      engine.commit();
      await settled();
      expect(clock.timers).toBe(1);
    });

    it("is reachable until it is closed, and leaves no timer behind", async () => {
      const { engine, clock, settled } = await opened();
      open(engine, ["a", "b"]);
      acquire(engine, "a", 1, { holdMs: 1_000 });
      engine.commit();
      await settled();
      expect(engine.isReachable()).toBe(true);
      await engine.close();
      expect(clock.timers).toBe(0);
    });
  });
}

/** Whatever engine is put into it is closed when the test is over. */
export function enginesOfTest(): Set<Engine> {
  const engines = new Set<Engine>();
  afterEach(async () => {
    await Promise.all(Array.from(engines, (engine) => engine.close()));
    engines.clear();
  });
  return engines;
}

/** An engine over a new book, its clock, and what it answers. */
export function started(openBook: OpenBook, clock = new HandClock()) {
  const book = openBook(settings, clock);
  const effects: Effect[] = [];
  const onProposal = () => clock.afterRound(() => engine.commit());
  const engine: Engine = createEngine({ book, clock, onEffect: (effect) => effects.push(effect), onProposal });
  const answers = () =>
    effects.splice(0).flatMap((effect) => {
      if (effect.type !== "tell") return [];
      const { socket, answer } = effect;
      return [socket, answer.type, answer.id, "code" in answer && answer.code].filter(Boolean).join(" ");
    });
  return { engine, clock, answers };
}

/** Opens a session for each node; its socket has the node's name. */
export function open(engine: Engine, nodes: string | string[], graceMs = 0): void {
  const identity = { secretDigest: "", owner: "", graceMs, client: "", labels: {} };
  for (const node of [nodes].flat()) engine.propose({ type: "open", socket: node, session: node, node, ...identity });
  engine.commit();
}

/** Proposes that a session of that node's name has a second socket. */
export function resume(engine: Engine, session: string): void {
  engine.propose({ type: "resume", socket: `${session}/2`, session });
}

/** Proposes an acquire, of the one resource unless another is named. */
export function acquire(engine: Engine, socket: string, id: number, fields: Fields<"acquire"> = {}): void {
  const ask = { type: "acquire", id, resource: "r", operation: "run", mode: "once", wanted: false } as const;
  engine.propose({ type: "message", socket, message: { ...ask, ...fields } });
}

/** Proposes a release, with success unless another outcome is given. */
export function release(engine: Engine, socket: string, id: number, fields: Fields<"release"> = {}): void {
  const message = { type: "release", id, outcome: "success", retry: true, ...fields } as const;
  engine.propose({ type: "message", socket, message });
}

type Fields<Type extends RequestMessage["type"]> = Partial<Extract<RequestMessage, { type: Type }>>;
