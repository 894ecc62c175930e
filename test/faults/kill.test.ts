// Durable hubs that are killed again and again under load, at random and at each named point of a batch: what a node was told
// holds, and everybody is answered. `npm run faults` has 300 kills (BATON_KILLS) for the twelve of every day.
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { crashPoints } from "../support/crashing-hub.ts";
import { Crowd } from "./crowd.ts";

const kills = Number(process.env["BATON_KILLS"] ?? 12);
const crashingHub = fileURLToPath(new URL("../support/crashing-hub.ts", import.meta.url));
const timeout = 60_000 + kills * 6_000;

test(`[B3] nothing that was acknowledged is lost to ${kills} kills at random`, { timeout }, async () => {
  await using crowd = await Crowd.gather();
  for (let kill = 0; kill < kills; kill += 1) {
    // Every other one compacts its journal all the time.
    const words = ["before-send", "0", "20000"];
    const hub = await (kill % 2 === 0 ? crowd.start() : crowd.start(crashingHub, ...words));
    await sleep(crowd.chance.integer(30, 1_000));
    hub.kill("SIGKILL");
    expect((await hub.exited).signal, hub.errors()).toBe("SIGKILL");
    expect(crowd.check.violations).toEqual([]);
  }
  await crowd.start();
  expect(await crowd.end()).toEqual([]);
});

const crashes = Math.ceil(kills / 6);

test.each(crashPoints)(`[B3] nothing is lost to ${crashes} crashes %s`, { timeout }, async (point) => {
  await using crowd = await Crowd.gather();
  for (let crash = 0; crash < crashes; crash += 1) {
    const hub = await crowd.start(crashingHub, point, String(crowd.chance.integer(2, 400)), "100000");
    expect((await hub.exited).signal, hub.errors()).toBe("SIGKILL");
    expect(crowd.check.violations).toEqual([]);
  }
  await crowd.start();
  expect(await crowd.end()).toEqual([]);
});

const restarts = Math.ceil(kills / 4);

test(`[S13] nothing is lost to ${restarts} planned restarts, with grace or without`, { timeout }, async () => {
  await using crowd = await Crowd.gather({ graceMs: [0, 60_000] });
  for (let restart = 0; restart < restarts; restart += 1) {
    const hub = await crowd.start();
    await sleep(crowd.chance.integer(300, 1_000));
    expect(await hub.stop()).toBe(0);
    expect(crowd.check.violations).toEqual([]);
  }
  await crowd.start();
  expect(await crowd.end()).toEqual([]);
});
