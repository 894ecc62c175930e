// Who is shown what and when, with time moved by hand.
import { describe, expect, test } from "vitest";
import type { HubMessage } from "../../shared/protocol.ts";
import { HubByHand, type HandSocket } from "../support/hub-by-hand.ts";

/** What a socket was shown since the last call: for each message its type, its id, and what it says of which resource. */
function shown(socket: HandSocket): string[] {
  return socket.heard().flatMap((message: HubMessage) => {
    if (message.type !== "watching" && message.type !== "changes") return [];
    const rows = message.resources.map((row) =>
      "gone" in row ? `-${row.resource}` : `${row.resource}:${row.waiting}`,
    );
    return [`${message.type} ${message.id} ${rows.join(" ")}`.trimEnd()];
  });
}

let lastId = 0;
function acquire(by: HubByHand, socket: HandSocket, resource: string): number {
  lastId += 1;
  socket.say({ type: "acquire", id: lastId, resource });
  by.clock.endTurn();
  return lastId;
}

describe("a watch", () => {
  test("is shown what changed at most once per interval, however much that was", () => {
    const by = new HubByHand();
    const [a, viewer] = [by.node("a").socket, by.node("viewer").socket];
    viewer.say({ type: "watch", id: 1, intervalMs: 200 });
    by.clock.pass(1);
    expect(shown(viewer)).toEqual(["watching 1"]);
    for (let round = 0; round < 5; round += 1) acquire(by, a, "r");
    by.clock.pass(400);
    expect(shown(viewer)).toEqual(["changes 1 r:4"]);
    by.clock.pass(1_000);
    expect(shown(viewer)).toEqual([]);
    acquire(by, a, "r");
    by.clock.pass(50);
    acquire(by, a, "s");
    by.clock.pass(200);
    expect(shown(viewer)).toEqual(["changes 1 r:5 s:0"]);
  });

  test("that asks for less than 50 ms is shown changes every 50 ms", () => {
    const by = new HubByHand();
    const [a, viewer] = [by.node("a").socket, by.node("viewer").socket];
    viewer.say({ type: "watch", id: 1, intervalMs: 0 });
    by.clock.pass(100);
    shown(viewer);
    for (let round = 0; round < 20; round += 1) {
      acquire(by, a, "r");
      by.clock.pass(10);
    }
    expect(shown(viewer)).toHaveLength(4);
  });

  test("is sent nothing while it has not read, and then the present, not all that was", () => {
    const by = new HubByHand();
    const [a, viewer] = [by.node("a").socket, by.node("viewer").socket];
    viewer.say({ type: "watch", id: 1, intervalMs: 50 });
    by.clock.pass(100);
    shown(viewer);
    viewer.unsentBytes = 1;
    for (let round = 0; round < 50; round += 1) {
      acquire(by, a, "r");
      by.clock.pass(50);
    }
    expect(shown(viewer)).toEqual([]);
    viewer.unsentBytes = 0;
    by.clock.pass(50);
    expect(shown(viewer)).toEqual(["changes 1 r:49"]);
  });

  test("is shown the whole picture anew when too much has gone while it did not read", () => {
    const by = new HubByHand();
    const [a, viewer, quick] = [by.node("a").socket, by.node("viewer").socket, by.node("quick").socket];
    for (const socket of [viewer, quick]) socket.say({ type: "watch", id: 1, limit: 2, intervalMs: 50 });
    by.clock.pass(100);
    shown(viewer);
    viewer.unsentBytes = 1;
    for (let round = 0; round < 8; round += 1) {
      const id = acquire(by, a, `r${round}`);
      by.clock.pass(50);
      a.say({ type: "release", id, outcome: "none" });
      by.clock.pass(50);
    }
    acquire(by, a, "last");
    viewer.unsentBytes = 0;
    by.clock.pass(100);
    expect(shown(viewer)).toEqual(["watching 1 last:0"]);
    expect(shown(quick).at(-1)).toBe("changes 1 last:0");
  });

  test("[B1] says a long picture part by part, each when the last has been read", () => {
    const by = new HubByHand({ limits: { frameBytesMax: 2_000 } });
    const [a, viewer] = [by.node("a").socket, by.node("viewer").socket];
    for (let round = 0; round < 30; round += 1) acquire(by, a, `r${String(round).padStart(2, "0")}`);
    viewer.say({ type: "watch", id: 1, intervalMs: 50 });
    by.clock.endTurn();
    viewer.onSend = () => (viewer.unsentBytes = 1);
    let parts = 0;
    for (; parts < 100; parts += 1) {
      by.clock.pass(20);
      const heard = viewer.heard();
      expect(heard.length).toBe(1);
      viewer.unsentBytes = 0;
      if (heard[0]?.type === "watching" && heard[0].more !== true) break;
    }
    expect(parts).toBeGreaterThan(4);
  });

  test("costs no timer once nobody watches", () => {
    const by = new HubByHand();
    const viewer = by.node("viewer").socket;
    const before = by.clock.timers;
    viewer.say({ type: "watch", id: 1 }, { type: "watch", id: 2, resource: "r" });
    by.clock.endTurn();
    expect(by.clock.timers).toBe(before + 1);
    expect(by.hub.watches.count).toBe(2);
    viewer.say({ type: "unwatch", id: 1 });
    by.clock.endTurn();
    viewer.drop();
    by.clock.endTurn();
    expect([by.clock.timers, by.hub.watches.count, by.hub.engine.table.touched]).toEqual([before, 0, undefined]);
  });
});
