// What a hub answers while its engine cannot be reached, and when it gives it up: the journal is moved by hand.
import { expect, test } from "vitest";
import { openGate } from "../../server/access.ts";
import { doorwayFor } from "../../server/doorway.ts";
import type { Batch, Book } from "../../server/engine/journal.ts";
import { memoryBook } from "../../server/engine/memory-journal.ts";
import { httpApi } from "../../server/http.ts";
import { Hub } from "../../server/hub.ts";
import { newTraffic } from "../../server/traffic.ts";
import { defaultLimits as limits } from "../../shared/limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import { HandSocket } from "../support/hub-by-hand.ts";
import { silentLog } from "../support/silent-log.ts";

/** A hub whose journal takes what is appended and, once it is deaf, lets nobody hear it; once it is cut off, it says so. */
function hubOfJournal() {
  const clock = new HandClock();
  const memory = memoryBook({ limits, lockDelayMs: 0, outcomeTtlMs: 600_000 }, clock);
  let journal: "well" | "deaf" | "cut off" = "well";
  const unheard: Batch[] = [];
  const book: Book = {
    ...memory,
    open: (hear, nowMs) => ({
      ...memory.open(hear, nowMs),
      whenHeard: (callback) => {
        if (journal === "well") callback();
      },
      append: (batch) => (journal === "well" ? hear(batch) : void unheard.push(batch)),
      isReachable: () => journal !== "cut off",
      survivesMs: 30_000,
    }),
  };
  const settings = { name: "hub", limits, heartbeatMs: 5_000, graceMaxMs: 60_000 };
  const hub = new Hub({ settings, clock, book });
  const api = httpApi({ hub, traffic: newTraffic(), doorway: doorwayFor([], []), gate: openGate, log: silentLog });
  const headers = { host: "localhost", "content-type": "application/json" };
  const ask = async (path: string, method = "GET", body?: object) => {
    const carried = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await api.request(`http://localhost${path}`, { headers, method, ...carried });
    const answer: unknown = await response.json();
    return [response.status, answer];
  };
  const node = (name: string, graceMs = 0) => {
    const socket = new HandSocket(hub, name);
    socket.say({ type: "hello", node: name, graceMs });
    clock.endTurn();
    socket.heard();
    return socket;
  };
  return { hub, clock, ask, node, unheard, cut: () => (journal = "cut off"), deafen: () => (journal = "deaf") };
}

const unavailable = { code: "UNAVAILABLE", message: "the engine cannot be reached" };

test("what is asked while the engine cannot be reached is refused at once, and what is said of a request is not", () => {
  const { node, clock, cut, unheard } = hubOfJournal();
  const a = node("a");
  a.say({ type: "acquire", id: 1, resource: "r" });
  clock.endTurn();
  a.heard();
  cut();
  a.say(
    { type: "acquire", id: 2, resource: "s" },
    { type: "refer", id: 3, resource: "s", action: "get" },
    { type: "release", id: 1, outcome: "success" },
  );
  clock.endTurn();
  expect(a.heard()).toEqual([
    { type: "error", id: 2, ...unavailable },
    { type: "error", id: 3, ...unavailable },
  ]);
  expect(unheard).toMatchObject([{ commands: [{ type: "message", message: { type: "release", id: 1 } }] }]);
});

test("who says hello while the engine cannot be reached is sent to come back", () => {
  const { hub, node, cut } = hubOfJournal();
  cut();
  expect(node("a").closes).toEqual([1012]);
  expect(hub.isOpen).toBe(false);
});

test("[S13] what was appended and not heard is neither granted nor failed when the hub is given up", async () => {
  const { hub, node, clock, deafen, unheard } = hubOfJournal();
  const [kept, plain] = [node("kept", 20_000), node("plain")];
  deafen();
  for (const one of [kept, plain]) one.say({ type: "acquire", id: 1, resource: "r" });
  clock.endTurn();
  expect(unheard).toMatchObject([{ commands: [{ socket: "kept" }, { socket: "plain" }] }]);
  await hub.forsake(1_000);
  expect(kept.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 }]);
  expect(plain.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: 0 }]);
  expect([kept.closes, plain.closes]).toEqual([[1012], [1012]]);
});

test("[S13] who stops a hub whose engine hears nothing any more has all told in time, by what their own grace gives them", async () => {
  const { hub, node, clock, deafen } = hubOfJournal();
  const [long, kept, plain] = [node("long", 50_000), node("kept", 20_000), node("plain")];
  deafen();
  hub.leave(1_000, 5_000);
  clock.pass(4_999);
  expect(plain.closes).toEqual([]);
  long.heard();
  kept.heard();
  plain.heard();
  clock.pass(1);
  expect(long.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: 50_000 }]);
  expect(kept.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: 30_000 }]);
  expect(plain.heard()).toEqual([{ type: "leaving", reconnectMs: 1_000, graceMs: 0 }]);
  expect([long.closes, kept.closes, plain.closes]).toEqual([[1012], [1012], [1012]]);
  await hub.stop();
});

test("over HTTP nothing is shown and nothing is begun while the engine cannot be reached", async () => {
  const { ask, cut } = hubOfJournal();
  expect((await ask("/readyz"))[0]).toBe(200);
  cut();
  const refused = [503, unavailable];
  expect(await ask("/readyz")).toEqual(refused);
  expect(await ask("/v1/resources")).toEqual(refused);
  expect(await ask("/v1/sessions/s", "DELETE")).toEqual(refused);
  expect((await ask("/healthz"))[0]).toBe(200);
});

test("[H2] what an admin has begun is told to be in doubt when the hub is given up before it was heard", async () => {
  const { hub, ask, node, clock, deafen, unheard } = hubOfJournal();
  const { engine } = hub;
  const a = node("a");
  a.say({ type: "acquire", id: 1, resource: "r" });
  clock.endTurn();
  const [session = ""] = engine.table.sessions.keys();
  deafen();
  const begun = [
    ask("/v1/resource/release?name=r", "POST", { reason: "stuck" }),
    ask("/v1/resource/outcome?name=r", "DELETE"),
    ask(`/v1/sessions/${session}`, "DELETE"),
  ];
  await expect
    .poll(() => {
      clock.endTurn();
      return unheard.flatMap(({ commands }) => commands.map(({ type }) => type)).sort();
    })
    .toEqual(["forget", "kick", "revoke"]);
  await hub.forsake(1_000);
  const doubt = [503, { code: "UNAVAILABLE", message: "the hub lost its engine meanwhile; look whether it was done" }];
  expect(await Promise.all(begun)).toEqual([doubt, doubt, doubt]);
});
