// From a hello to a welcome: how many may be on that way at once, and what is left of those who turn back.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { closeCodes } from "../../shared/errors.ts";
import { defaultLimits } from "../../shared/limits.ts";
import { anybody, openGate, type Access } from "../../server/access.ts";
import { Arrivals } from "../../server/arrivals.ts";
import type { Command } from "../../server/core/command.ts";
import { step } from "../../server/core/lock-table.ts";
import { createTable } from "../../server/core/table.ts";
import { Reception } from "../../server/reception.ts";
import { HandClock } from "../support/hand-clock.ts";
import { HubByHand } from "../support/hub-by-hand.ts";

const limits = { ...defaultLimits, silentSocketsMax: 2 };
const hello = { type: "hello", node: "a", graceMs: 0 } as const;

/** Arrivals at a hub whose gate cannot say yet whom it lets in. */
function waiting() {
  const table = createTable({ limits, lockDelayMs: 0, outcomeTtlMs: 0 }, 1);
  const identify = () => new Promise<Access>(() => {});
  const reception = new Reception({ isOpen: false, identify, present: (access) => access }, new HandClock());
  const arrivals = new Arrivals({
    hub: { name: "hub", heartbeatMs: 5_000, graceMaxMs: 0, limits },
    reception,
    table,
    isOpen: () => true,
    present: new Map(),
    propose: (command: Command) => expect.fail(`proposed ${command.type}`),
    welcomed: () => {},
  });
  const closes: number[] = [];
  const guest = (id: string) => ({
    connection: { id, token: undefined },
    access: undefined,
    announce: () => {},
    opened: () => {},
    close: (code: number) => void closes.push(code),
  });
  return { arrivals, table, closes, guest };
}

describe("those who say hello", () => {
  test("[B1] are as many at once as may be silent; one more is told to come back, and one that leaves makes room", () => {
    const { arrivals, table, closes, guest } = waiting();
    const first = guest("1");
    for (const one of [first, guest("2")]) arrivals.greet(one, hello);
    expect(closes).toEqual([]);
    arrivals.greet(guest("3"), hello);
    expect(closes).toEqual([closeCodes.TRY_AGAIN_LATER]);
    expect(table.refusals.get("silentSocketsMax")).toBe(1);
    expect(arrivals.remove(first)).toBeUndefined();
    arrivals.greet(guest("4"), hello);
    expect(closes).toHaveLength(1);
  });

  test("or never do, or find their name in use, or said bye, cost the journal no row when their socket goes", () => {
    const by = new HubByHand();
    const steps = () => by.hub.engine.table.order;
    const dropped = (socket = by.connect()) => {
      socket.drop();
      by.clock.endTurn();
    };
    const { socket: live } = by.node("a");
    const before = steps();
    dropped();
    expect(steps()).toBe(before);
    const refused = by.connect();
    refused.say({ type: "hello", node: "a" });
    by.clock.endTurn();
    expect(refused.closes).toEqual([closeCodes.NODE_IN_USE]);
    dropped(refused);
    expect(steps()).toBe(before);
    live.say({ type: "bye" });
    by.clock.endTurn();
    dropped(live);
    expect(steps()).toBe(before + 1);
  });

  test("[S8] resume a session of another hub though this one had not heard of it when the hello came", () => {
    const table = createTable({ limits, lockDelayMs: 0, outcomeTtlMs: 0 }, 1);
    const proposed: Command[] = [];
    const closes: number[] = [];
    const one = {
      connection: { id: "here/1", token: undefined },
      access: anybody,
      announce: () => {},
      opened: () => {},
      close: (code: number) => void closes.push(code),
    };
    const arrivals = new Arrivals<typeof one>({
      hub: { name: "here", heartbeatMs: 5_000, graceMaxMs: 0, limits },
      reception: new Reception(openGate, new HandClock()),
      table,
      isOpen: () => true,
      present: new Map([["here/1", one]]),
      propose: (command) => void proposed.push(command),
      welcomed: () => {},
    });
    arrivals.greet(one, { ...hello, resume: { session: "s", secret: "secret" } });
    expect(proposed).toMatchObject([{ type: "open", node: "a" }]);
    // The order: what the other hub has proposed comes first.
    const secretDigest = createHash("sha256").update("secret").digest("base64");
    const identity = { session: "s", node: "a", secretDigest, owner: anybody.name, graceMs: 0, client: "", labels: {} };
    step(table, { type: "open", socket: "there/1", ...identity }, 0);
    arrivals.deny({ type: "denied", socket: "here/1", reason: "node in use" });
    expect(proposed.at(-1)).toEqual({ type: "resume", socket: "here/1", session: "s" });
    expect(closes).toEqual([]);
  });

  test("[S3] and leave before they are welcome leave no session", () => {
    const by = new HubByHand();
    const socket = by.connect();
    socket.say({ type: "hello", node: "a" });
    socket.drop();
    by.clock.endTurn();
    expect(by.hub.engine.table.sessions.size).toBe(0);
    by.node("a");
  });
});
