// What becomes of a call that a hub cannot take just now: with the test as the hub, and with a hub that runs.
import { describe, expect, it } from "vitest";
import { connect, type Hub } from "../../client/index.ts";
import { defaultConfig } from "../../server/config.ts";
import type { Book } from "../../server/engine/journal.ts";
import { memoryBook } from "../../server/engine/memory-journal.ts";
import { systemClock } from "../../server/clock.ts";
import { startHub } from "../../server/start.ts";
import type { HubMessage } from "../../shared/protocol.ts";
import { silentLog } from "../support/silent-log.ts";
import { baton } from "./cli/baton-process.ts";
import { connected, granted, turn, watch } from "./fake-network.ts";

/** What an unsure hub says of a call. */
function refusal(id: number): HubMessage {
  return { type: "error", id, code: "UNAVAILABLE", message: "the engine cannot be reached" };
}

/** An SDK whose first call the hub could not take. */
async function refused<Value>(call: (hub: Hub) => Promise<Value>, graceMs = 0) {
  const one = await connected({ graceMs }, { graceMs });
  const asked = watch(call(one.hub));
  await turn();
  one.socket.heard();
  one.socket.tell(refusal(1));
  await turn();
  return { ...one, asked };
}

describe("[S13] a call that the hub cannot take just now", () => {
  it("is asked again after pauses that grow up to a bound, under new ids, until it is granted", async () => {
    const { clock, socket, asked } = await refused((hub) => hub.lock("x"));
    const pausesMs = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000];
    for (const [index, pauseMs] of pausesMs.entries()) {
      // The hub goes on to show that it lives, as it does every heartbeat.
      socket.tell({ type: "ping", n: index + 1, seen: index });
      await turn();
      socket.heard();
      clock.pass(pauseMs - 1);
      await turn();
      expect(socket.heard()).toEqual([]);
      clock.pass(1);
      await turn();
      expect(socket.heard()).toMatchObject([{ type: "acquire", id: index + 2, resource: "x", mode: "exclusive" }]);
      if (index + 1 < pausesMs.length) socket.tell(refusal(index + 2));
    }
    expect(asked.now).toBe("pending");
    socket.tell(granted(10));
    await turn();
    expect(asked.value?.held).toBe(true);
  });

  it.each(["add", "clear"] as const)("is asked again when it is a %s of references, too", async (action) => {
    const { clock, socket, asked } = await refused((hub) => hub.references[action]("r"));
    clock.pass(50);
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "refer", id: 2, resource: "r", action }]);
    socket.tell({ type: "references", id: 2, resource: "r", count: 0, nodes: [] });
    await turn();
    expect(asked.value).toEqual({ count: 0, nodes: [] });
  });

  it("is asked again together with all that was refused, in the order of the asking", async () => {
    const { hub, clock, socket } = await refused((one) => one.lock("1"));
    const others = [hub.once("2", { operation: "pull" }, () => 0), hub.references.get("3")].map((call) =>
      watch<unknown>(call),
    );
    clock.pass(20);
    await turn();
    socket.tell(refusal(2), refusal(3));
    socket.heard();
    clock.pass(30);
    await turn();
    expect(socket.heard()).toMatchObject([
      { id: 4, resource: "1" },
      { id: 5, resource: "2", mode: "once", operation: "pull" },
      { id: 6, resource: "3" },
    ]);
    expect(others.map(({ now }) => now)).toEqual(["pending", "pending"]);
  });

  it("waits as briefly as at first once the hub has taken something", async () => {
    const { hub, clock, socket } = await refused((one) => one.lock("x"));
    clock.pass(50);
    socket.tell(refusal(2));
    clock.pass(100);
    socket.tell({ type: "queued", id: 3, position: 1, holders: [] });
    void watch(hub.lock("y"));
    await turn();
    socket.heard();
    socket.tell(refusal(4));
    clock.pass(50);
    await turn();
    expect(socket.heard()).toMatchObject([{ id: 5, resource: "y" }]);
  });

  it("[Q5] is asked with what is left of its time, and fails when that is over", async () => {
    const { clock, socket, asked } = await refused((hub) => hub.lock("x", { waitMs: 60 }));
    clock.pass(50);
    await turn();
    expect(socket.heard()).toMatchObject([{ id: 2, waitMs: 10 }]);
    socket.tell(refusal(2));
    clock.pass(9);
    await turn();
    expect(asked.now).toBe("pending");
    clock.pass(1);
    await turn();
    expect(asked.error).toMatchObject({ code: "LOCK_TIMEOUT" });
    clock.pass(1_000);
    await turn();
    expect([socket.heard(), clock.timers]).toEqual([[], 1]);
  });

  it("[Q5] fails at once when it is not to wait", async () => {
    const { clock, socket, asked } = await refused((hub) => hub.tryLock("x"));
    expect(asked.error).toMatchObject({ code: "UNAVAILABLE" });
    clock.pass(1_000);
    await turn();
    expect(socket.heard()).toEqual([]);
  });

  it.each(["lock", "reference"] as const)("is asked no more when a %s was aborted", async (kind) => {
    const abort = new AbortController();
    const { signal } = abort;
    const { clock, socket, asked } = await refused((hub): Promise<unknown> =>
      kind === "lock" ? hub.lock("x", { signal }) : hub.references.add("x", { signal }),
    );
    abort.abort("enough");
    await turn();
    expect([asked.error, clock.timers]).toEqual(["enough", 1]);
    clock.pass(1_000);
    await turn();
    expect(socket.heard()).toEqual([]);
  });

  it("[Q6] is asked no more when the refusal has crossed its cancel", async () => {
    const abort = new AbortController();
    const { hub, clock, socket } = await connected();
    const asked = watch(hub.lock("x", { signal: abort.signal }));
    await turn();
    abort.abort("enough");
    await turn();
    expect(socket.heard()).toMatchObject([{ type: "acquire" }, { type: "cancel", id: 1 }]);
    socket.tell(refusal(1), { type: "error", id: 1, code: "LOCK_NOT_HELD", message: "never received" });
    clock.pass(5_000);
    await turn();
    expect([asked.error, socket.heard()]).toEqual(["enough", []]);
  });

  it.each([
    ["[S9] goes on", { graceMs: 15_000, resumed: true }],
    ["[S3] is another", { graceMs: 0, session: "s2" }],
  ])("is asked at once in the session that comes next, when that %s", async (_, fields) => {
    const { socket, network, clock } = await refused((hub) => hub.lock("x"), fields.graceMs);
    clock.pass(10);
    socket.end();
    clock.pass(40);
    // The pause is over, and there is nobody to ask.
    expect(socket.heard()).toEqual([]);
    clock.pass(10);
    const next = await network.welcome(fields);
    expect(next.heard()).toMatchObject([{ type: "hello" }, { type: "acquire", id: 2, resource: "x" }]);
    clock.pass(5_000);
    await turn();
    expect(next.heard()).toEqual([]);
  });

  it("[S7] fails when the hub is closed, and leaves no timer", async () => {
    const { hub, socket, clock, asked } = await refused((one) => one.lock("x"));
    const closing = hub.close();
    await turn();
    expect(asked.error).toMatchObject({ code: "SESSION_ENDED" });
    expect(socket.heard()).toEqual([{ type: "bye" }]);
    socket.end(1000);
    await closing;
    expect(clock.timers).toBe(0);
  });
});

/** A hub whose engine cannot be reached the first three times that something is asked in a session, and how often that was. */
async function unsureHub() {
  const config = { ...defaultConfig, engine: "memory", port: 0, drainMs: 1_000 } as const;
  const memory = memoryBook({ limits: config.limits, lockDelayMs: 0, outcomeTtlMs: 600_000 }, systemClock);
  let asked = 3;
  const book: Book = {
    ...memory,
    open: (hear, nowMs) => {
      const journal = memory.open(hear, nowMs);
      return {
        ...journal,
        append: (batch) => {
          if (batch.commands.some(({ type }) => type === "open")) asked = 0;
          return journal.append(batch);
        },
        isReachable: () => {
          asked += 1;
          return asked > 3;
        },
      };
    },
  };
  return { hub: await startHub(config, silentLog, () => book), asked: () => asked };
}

describe("[S13] of a hub that runs, and is unsure for a while", () => {
  it("the SDK's calls hear nothing but their answers", async () => {
    const { hub, asked } = await unsureHub();
    const node = await connect(hub.url, { node: "a", backoff: { baseMs: 1, maxMs: 5 } });
    const done = node.once("x", () => 7);
    const { count } = await node.references.add("y");
    expect([await done, count]).toMatchObject([{ status: "done", result: 7 }, 1]);
    expect(asked()).toBeGreaterThan(3);
    await node.close();
    await hub.kill();
  });

  it("`baton run` runs its command", async () => {
    const { hub, asked } = await unsureHub();
    const ended = await baton(["run", "x", "--", "echo", "runs"], { env: { BATON_URL: hub.url } });
    expect(ended).toMatchObject({ code: 0, stdout: "runs\n" });
    expect(asked()).toBe(4);
    await hub.kill();
  });
});
