// Every bound [B1] in one table: what is fine at the bound, what is refused one past it and how, that it is counted, and that
// another client's work goes on. Small bounds, real sockets.
import { describe, expect, it } from "vitest";
import { defaultLimits, type Limits } from "../../../shared/limits.ts";
import type { Wire } from "../../support/wire.ts";
import { hubWith, type HubInProcess } from "./hub-in-process.ts";

type Asked = { hub: HubInProcess; a: Wire };
type Row = {
  bound: keyof Limits;
  is: number;
  /** Further settings. */
  with?: Partial<Limits>;
  graceMs?: number;
  /** Goes to the bound. */
  at(asked: Asked): Promise<unknown>;
  /** Goes one past it, and gives what came back: a message, or a closing. */
  past(asked: Asked): Promise<unknown>;
  answer: object;
};

const failed = (code: string) => ({ type: "failed", code });
const error = (code: string) => ({ type: "error", code });
const closed = (code: number) => ({ code, reason: expect.any(String) });

/** A frame of exactly so many bytes: a ping with a field that nobody knows. */
const pingOf = (bytes: number) => {
  const bare = JSON.stringify({ type: "ping", x: "" });
  return bare.replace('"x":""', `"x":"${"x".repeat(bytes - bare.length)}"`);
};

const say = async (wire: Wire, text: string) => {
  wire.sendText(text);
  return wire.next();
};

const hold = async ({ a }: Asked, resource: string, count: number, fields = {}) => {
  for (let held = 0; held < count; held += 1) await a.granted(`${resource}${held}`, fields);
};

/** Fails an operation with a long error while another waits for the resource, so that it stays busy. */
const failWith = async (a: Wire, resource: string, operation: string, message: string) => {
  const { id } = await a.granted(resource, { operation });
  await a.queued(resource, { mode: "exclusive" });
  a.release(id, "failure", { error: { message } });
  await a.answer(id, "released");
  await a.next("granted");
};

const rows: readonly Row[] = [
  {
    bound: "frameBytesMax",
    is: 1_000,
    at: ({ a }) => say(a, pingOf(1_000)),
    past: async ({ a }) => {
      a.sendText(pingOf(1_001));
      return a.closed;
    },
    answer: closed(1009),
  },
  {
    bound: "frameFragmentsMax",
    is: 3,
    at: async ({ a }) => {
      a.sendFragments(['{"type":', '"pi', 'ng"}']);
      return a.next("pong");
    },
    past: async ({ a }) => {
      a.sendFragments(['{"type":', '"pi', "ng", '"}']);
      return a.closed;
    },
    answer: closed(1008),
  },
  {
    bound: "jsonDepthMax",
    is: 4,
    at: ({ a }) => say(a, '{"type":"ping","x":[[[0]]]}'),
    past: ({ a }) => say(a, '{"type":"ping","x":[[[[0]]]]}'),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "jsonFieldsMax",
    is: 6,
    at: ({ a }) => say(a, '{"type":"ping","x":[0,{"y":0}]}'),
    past: ({ a }) => say(a, '{"type":"ping","x":[0,{"y":0,"z":0,"w":0}]}'),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "noteBytesMax",
    is: 10,
    at: async ({ a }) => {
      const { id } = await a.granted("r");
      a.send({ type: "progress", id, note: "ä".repeat(5) });
      await a.expectSilence();
    },
    past: ({ a }) => say(a, `{"type":"progress","id":1,"note":"${"ä".repeat(5)}x"}`),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "tokenBytesMax",
    is: 10,
    at: ({ a }) => say(a, `{"type":"authorize","token":"${"x".repeat(10)}"}`),
    past: ({ a }) => say(a, `{"type":"authorize","token":"${"x".repeat(11)}"}`),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "permitsMax",
    is: 5,
    at: ({ a }) => a.granted("r", { mode: "permit", limit: 5 }),
    past: ({ a }) => say(a, '{"type":"acquire","id":2,"resource":"s","mode":"permit","limit":6}'),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "attemptsMax",
    is: 5,
    at: ({ a }) => a.granted("r", { maxAttempts: 5 }),
    past: ({ a }) => say(a, '{"type":"acquire","id":2,"resource":"s","maxAttempts":6}'),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "pageEntriesMax",
    is: 5,
    at: async ({ hub }) => expect(await hub.http("GET", "/v1/resources?limit=5")).toMatchObject({ status: 200 }),
    past: ({ hub }) => hub.http("GET", "/v1/resources?limit=6"),
    answer: { status: 400, body: { code: "INVALID_MESSAGE" } },
  },
  {
    bound: "watchEntriesMax",
    is: 5,
    at: ({ a }) => say(a, '{"type":"watch","id":1,"limit":5}'),
    past: ({ a }) => say(a, '{"type":"watch","id":2,"limit":6}'),
    answer: error("INVALID_MESSAGE"),
  },
  {
    bound: "sessionRequestsMax",
    is: 3,
    at: (asked) => hold(asked, "r", 3),
    past: async ({ a }) => a.answer(a.acquire("s"), "failed"),
    answer: failed("TOO_MANY_REQUESTS"),
  },
  {
    bound: "hubRequestsMax",
    is: 4,
    at: async (asked) => {
      await (await asked.hub.node("b")).granted("s");
      await hold(asked, "r", 2);
    },
    past: async ({ a }) => a.answer(a.acquire("t"), "failed"),
    answer: failed("TOO_MANY_REQUESTS"),
  },
  {
    bound: "resourceWaitersMax",
    is: 2,
    at: async ({ a }) => {
      await a.granted("r");
      for (let waiting = 0; waiting < 2; waiting += 1) await a.queued("r");
    },
    past: async ({ a }) => a.answer(a.acquire("r"), "failed"),
    answer: failed("QUEUE_FULL"),
  },
  {
    bound: "referencesMax",
    is: 2,
    at: async ({ a }) => {
      for (const id of [1, 2]) a.send({ type: "refer", id, resource: `r${id}`, action: "add" });
      for (const id of [1, 2]) await a.answer(id, "references");
    },
    past: async ({ a }) => {
      a.send({ type: "refer", id: 3, resource: "r3", action: "add" });
      return a.answer(3, "failed");
    },
    answer: failed("TOO_MANY_REQUESTS"),
  },
  {
    bound: "delaysMax",
    is: 1,
    at: async ({ a }) => {
      a.release((await a.granted("r")).id, "failure", { retryAfterMs: 60_000 });
      await a.answer(1, "released");
      expect(await a.answer(a.acquire("r", { waitMs: 0 }), "failed")).toMatchObject({ code: "LOCK_DELAYED" });
    },
    past: async ({ a }) => {
      a.release((await a.granted("s")).id, "failure", { retryAfterMs: 60_000 });
      await a.answer(3, "released");
      return a.answer(a.acquire("s", { waitMs: 0 }), "granted");
    },
    answer: { type: "granted" },
  },
  {
    bound: "resourceOperationsMax",
    is: 1,
    at: ({ a }) => failWith(a, "r", "one", "first"),
    // The operation that failed first starts again at attempt 1.
    past: async ({ a }) => {
      await a.queued("r", { operation: "two" });
      await a.released(2, "none");
      await a.answer(3, "granted");
      await a.queued("r", { operation: "one" });
      a.release(3, "failure", { error: { message: "second" } });
      await a.answer(3, "released");
      return a.answer(4, "granted");
    },
    answer: { type: "granted", attempt: 1 },
  },
  {
    bound: "failuresBytesMax",
    is: 2_000,
    at: async ({ a }) => {
      await failWith(a, "r", "pull", "x".repeat(1_500));
      expect((await a.queued("r", { operation: "pull" })).position).toBe(1);
    },
    // What failed longest ago, of whatever resource, starts again at attempt 1.
    past: async ({ a }) => {
      await failWith(a, "s", "pull", "x".repeat(1_500));
      await a.released(2, "none");
      return a.answer(3, "granted");
    },
    answer: { type: "granted", attempt: 1 },
  },
  {
    bound: "outcomesMax",
    is: 1,
    at: async ({ a }) => {
      await a.released((await a.granted("r")).id, "success");
      return a.answer(a.acquire("r", { freshMs: 60_000 }), "skipped");
    },
    past: async ({ a }) => {
      await a.released((await a.granted("s")).id, "success");
      return a.answer(a.acquire("r", { freshMs: 60_000 }), "granted");
    },
    answer: { type: "granted" },
  },
  {
    bound: "outcomesBytesMax",
    is: 5_000,
    at: async ({ a }) => {
      await a.released((await a.granted("r")).id, "success", { result: "ä".repeat(2_000) });
      return a.answer(a.acquire("r", { freshMs: 60_000 }), "skipped");
    },
    past: async ({ a }) => {
      await a.released((await a.granted("s")).id, "success", { result: "x" });
      return a.answer(a.acquire("r", { freshMs: 60_000 }), "granted");
    },
    answer: { type: "granted" },
  },
  {
    bound: "keptAnswersMax",
    is: 2,
    graceMs: 60_000,
    at: async ({ a }) => {
      for (const resource of ["r", "s"]) await a.released((await a.granted(resource)).id, "none");
    },
    past: async ({ a }) => {
      a.release((await a.granted("t")).id, "none");
      return a.closed;
    },
    answer: closed(4412),
  },
  {
    bound: "keptBytesMax",
    is: 5_000,
    graceMs: 60_000,
    at: async ({ a }) => {
      await a.released((await a.granted("r")).id, "success", { result: "x".repeat(2_000) });
      for (let asked = 0; asked < 2; asked += 1) await a.answer(a.acquire("r", { freshMs: 60_000 }), "skipped");
    },
    past: async ({ a }) => {
      a.acquire("r", { freshMs: 60_000 });
      return a.closed;
    },
    answer: closed(4412),
  },
  {
    bound: "hubKeptBytesMax",
    is: 5_000,
    graceMs: 60_000,
    at: async ({ a }) => {
      for (const resource of ["r", "s"]) {
        await a.released((await a.granted(resource)).id, "success", { result: resource.repeat(2_000) });
        await a.answer(a.acquire(resource, { freshMs: 60_000 }), "skipped");
        await a.answer(a.acquire(resource, { freshMs: 60_000 }), "skipped");
      }
    },
    past: async ({ a }) => {
      await a.released((await a.granted("t")).id, "success", { result: "t".repeat(2_000) });
      a.acquire("t", { freshMs: 60_000 });
      return a.closed;
    },
    answer: closed(4412),
  },
  {
    bound: "invalidMessagesMax",
    is: 3,
    at: async ({ a }) => {
      for (let said = 0; said < 2; said += 1) await say(a, '{"type":"nothing"}');
    },
    past: async ({ a }) => {
      await say(a, '{"type":"nothing"}');
      return a.closed;
    },
    answer: closed(4400),
  },
  {
    bound: "sessionsMax",
    is: 3,
    at: ({ hub }) => hub.node("b"),
    past: async ({ hub }) => {
      const c = await hub.connect();
      c.send({ type: "hello", node: "c" });
      return c.closed;
    },
    answer: closed(1013),
  },
  {
    bound: "silentSocketsMax",
    is: 2,
    at: async (asked) => {
      const { hub } = asked;
      await hub.connect();
      await hub.connect();
    },
    past: async ({ hub }) => {
      const [oldest] = hub.wires.slice(-2);
      await hub.connect();
      return oldest?.closed;
    },
    answer: closed(4408),
  },
  {
    bound: "helloMsMax",
    is: 300,
    at: ({ hub }) => hub.node("b"),
    past: async ({ hub }) => (await hub.connect()).closed,
    answer: closed(4408),
  },
];

describe("a bound", () => {
  it.each(rows)("[B1] $bound: all is well at it, and one past it is refused and counted", async (row) => {
    const { bound, is } = row;
    await using hub = await hubWith({ isAlone: true, limits: { ...row.with, [bound]: is } });
    const other = await hub.node("other");
    await other.granted("another's");
    const a = await hub.node("a", { graceMs: row.graceMs ?? 0 });
    await row.at({ hub, a });
    expect(hub.refusals.get(bound)).toBeUndefined();
    expect(await row.past({ hub, a })).toMatchObject(row.answer);
    expect(hub.refusals.get(bound)).toBe(1);
    await other.expectSilence();
    expect(await hub.view("another's")).toMatchObject({ holding: 1, holders: [{ node: "other" }] });
  });

  it("[B1] has a place here, or a test of its own", () => {
    const elsewhere: (keyof Limits)[] = [
      "frameMsMax", // socket-bounds, as are the next three
      "headersMsMax",
      "unsentBytesMax",
      "turnMessagesMax",
      "resourceBytesMax", // bounds, as are the next six
      "nodeBytesMax",
      "operationBytesMax",
      "resultBytesMax",
      "labelsMax",
      "labelBytesMax",
      "listEntriesMax",
      "sessionWatchesMax", // watch, as are the next two
      "watchEntriesMax",
      "hubWatchesMax",
      "historyResourceMax", // history, as are the next three
      "historyMax",
      "eventStreamsMax",
      "answerMsMax",
      "tokenSessionsMax", // tokens
      "addressSocketsMax", // connections, as are the next two
      "connectionsMax",
      "idleConnectionsMax",
      "connectionRequestsMax", // bad-requests
    ];
    const tested = new Set<string>([...rows.map(({ bound }) => bound), ...elsewhere]);
    expect(Object.keys(defaultLimits).filter((bound) => !tested.has(bound))).toEqual([]);
  });
});
