// The caller's side of a session where several hubs share one book, as a pure state machine.
import { expect, it } from "vitest";
import { ConnectionBench as Bench } from "./connection-bench.ts";

it("goes round all hubs, from one by chance, before it waits longer", () => {
  const bench = new Bench(0, 3);
  bench.on({ kind: "start" });
  const tries = Array.from({ length: 7 }, () => {
    const [dial] = bench.on({ kind: "token", token: undefined });
    bench.broken();
    const { state } = bench.connection;
    const untilMs = state.kind === "resting" ? state.untilMs : NaN;
    const waitMs = untilMs - bench.nowMs;
    bench.at(untilMs);
    return [dial?.kind === "dial" && dial.hub, waitMs];
  });
  expect(tries).toEqual([
    [1, 50],
    [2, 50],
    [0, 50],
    [1, 100],
    [2, 100],
    [0, 100],
    [1, 200],
  ]);
});

it("[S13] where there are several hubs it goes to another with its session, at any moment of the time that the hub said", () => {
  const bench = new Bench(15_000, 2).open({ graceMs: 15_000 });
  bench.hear({ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 });
  const effects = bench.on({ kind: "closed", code: 1012, reason: "" });
  expect(effects).toMatchObject([{ kind: "disconnected" }, { kind: "detached" }, { retryInMs: 500 }]);
  bench.at(500);
  expect(bench.on({ kind: "token", token: undefined })).toEqual([{ kind: "dial", hub: 0 }]);
  expect(bench.on({ kind: "opened" })).toMatchObject([{ message: { resume: { session: "s1" } } }]);
});
