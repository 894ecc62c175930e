// What a durable hub has kept by the moment at which it tells its nodes that it leaves [S13][B3].
import { describe, expect, test } from "vitest";
import { recoverWhole } from "../../../server/engine/recovery.ts";
import { sqliteBook } from "../../../server/engine/sqlite-journal.ts";
import { Hub } from "../../../server/hub.ts";
import { defaultLimits as limits } from "../../../shared/limits.ts";
import { crashedCopyOf, dataFolder } from "../../support/data-folder.ts";
import { HandClock } from "../../support/hand-clock.ts";
import { HandSocket } from "../../support/hub-by-hand.ts";
import { silentLog } from "../../support/silent-log.ts";

function startIn(folder: string) {
  const clock = new HandClock();
  const settings = { limits, lockDelayMs: 0, outcomeTtlMs: 600_000 };
  const book = sqliteBook({ folder, settings, recoveryGraceMs: 30_000, clock, log: silentLog });
  const hub = new Hub({
    settings: { name: "hub", limits, heartbeatMs: 5_000, graceMaxMs: 60_000 },
    clock,
    book,
  });
  return { hub, clock };
}

describe("[S13] a session that is told how long it has to come back", () => {
  test.each([0, 60_000])(
    "is kept for so long when the hub is killed at that moment, with a grace of %d ms",
    (graceMs) => {
      const folder = dataFolder();
      const { hub, clock } = startIn(folder);
      const socket = new HandSocket(hub, "1");
      socket.say({ type: "hello", node: "a", graceMs }, { type: "acquire", id: 1, resource: "r" });
      clock.pass(0);
      socket.heard();
      hub.leave(1_000, 5_000);
      const leftMs = Math.max(30_000, graceMs);
      expect(socket.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: leftMs }]);

      const { table } = recoverWhole(crashedCopyOf(folder));
      expect([...table.sessions.values()].map(({ presence }) => presence.state)).toEqual(["detached"]);
      const after = startIn(crashedCopyOf(folder)).hub.engine.table;
      expect([after.sessions.size, after.holding]).toEqual([1, 1]);
    },
  );

  test("is one that has said hello in the turn in which the hub leaves", () => {
    const folder = dataFolder();
    const { hub } = startIn(folder);
    const socket = new HandSocket(hub, "1");
    socket.say({ type: "hello", node: "a" });
    hub.leave(1_000, 5_000);
    expect(socket.heard().map(({ type }) => type)).toEqual(["welcome", "leaving"]);
    expect(recoverWhole(crashedCopyOf(folder)).table.sessions.size).toBe(1);
    expect(startIn(crashedCopyOf(folder)).hub.engine.table.sessions.size).toBe(1);
  });
});
