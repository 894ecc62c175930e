// What has happened, through real sockets and over HTTP: page by page, and as a stream of events.
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { historyPage, type HistoryEntry } from "../../../shared/pages.ts";
import { guarded } from "./guarded-hub.ts";
import { expectRefusal, hubWith, type HubInProcess } from "./hub-in-process.ts";

/** What has happened to a resource, newest first. */
async function historyOf(hub: HubInProcess, resource: string, query = ""): Promise<HistoryEntry[]> {
  const { body } = await hub.http("GET", `/v1/resource/history?name=${encodeURIComponent(resource)}${query}`);
  return historyPage.parse(body).entries;
}

/** The events of a stream, by their fields. */
async function* eventsOf(hub: HubInProcess, query: string, headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const response = await fetch(`${hub.httpUrl}/v1/events?${query}`, { headers, signal: stop.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  try {
    for await (const bytes of response.body ?? []) {
      text += new TextDecoder().decode(bytes);
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = new Map(
          block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );
        const [event, id, data] = [fields.get("event"), fields.get("id"), fields.get("data")];
        if (event !== undefined) yield { event, id, data: JSON.parse(data ?? "") };
      }
    }
  } finally {
    stop.abort();
  }
}

describe("the history of a resource", () => {
  it("tells who was granted, who waited, and how each ended, newest first", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    const { id, fence } = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "pull" });
    await c.queued("r", { operation: "pull" });
    await a.released(id, "failure", { error: { message: "disk full", code: "ENOSPC" } });
    const second = await b.next("granted");
    await b.released(second.id, "success");
    await c.next("skipped");
    const entries = await historyOf(hub, "r");
    expect(entries.map(({ event, node, outcome }) => [event, node, outcome])).toEqual([
      ["skipped", "c", undefined],
      ["released", "b", "success"],
      ["granted", "b", undefined],
      ["released", "a", "failure"],
      ["granted", "a", undefined],
    ]);
    expect(entries.at(-1)).toMatchObject({
      session: a.welcome?.session,
      id,
      fence,
      attempt: 1,
      operation: "pull",
      mode: "once",
      waitedMs: 0,
    });
    expect(entries.at(-2)).toMatchObject({ code: "ENOSPC", message: "disk full", heldMs: expect.any(Number) });
    expect(entries.find(({ event }) => event === "skipped")).toMatchObject({ by: "b", fence: second.fence });
    const numbers = entries.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((one, other) => other - one));
  });

  it("tells what was done by force, by whom and why", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id } = await a.granted("r", { mode: "exclusive" });
    await hub.http("POST", "/v1/resource/release?name=r", { reason: "stuck" });
    await a.answer(id, "lost");
    const second = await b.granted("r");
    await hub.http("DELETE", `/v1/sessions/${b.welcome?.session}?reason=replaced`);
    await b.closed;
    const [ended, , lost] = await historyOf(hub, "r");
    expect(lost).toMatchObject({
      event: "lost",
      code: "LOCK_REVOKED",
      outcome: "none",
      actor: "anybody",
      reason: "stuck",
    });
    expect(ended).toMatchObject({
      event: "released",
      outcome: "failure",
      code: "SESSION_ENDED",
      actor: "anybody",
      reason: "replaced",
      fence: second.fence,
    });
    const c = await hub.node("c");
    await c.released((await c.granted("r")).id, "success");
    await hub.http("DELETE", "/v1/resource/outcome?name=r");
    expect((await historyOf(hub, "r"))[0]).toMatchObject({ event: "forgotten", by: "c", actor: "anybody" });
  });

  it("tells who gave up waiting, and why", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r");
    await b.queued("r", { waitMs: 20 });
    await b.next("failed");
    const { id } = await c.queued("r");
    c.send({ type: "cancel", id });
    await c.answer(id, "failed");
    const entries = await historyOf(hub, "r");
    expect(entries.slice(0, 2)).toMatchObject([
      { event: "failed", node: "c", code: "CANCELLED" },
      { event: "failed", node: "b", code: "LOCK_TIMEOUT" },
    ]);
    expect(entries[1]?.waitedMs).toBeGreaterThanOrEqual(20);
  });

  it("outlives the resource, and comes page by page", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    for (let round = 0; round < 3; round += 1) await a.released((await a.granted("r")).id, "none");
    expect(await hub.view("r")).toBeUndefined();
    const path = "/v1/resource/history?name=r&limit=4";
    const first = historyPage.parse((await hub.http("GET", path)).body);
    const second = historyPage.parse((await hub.http("GET", `${path}&cursor=${first.cursor}`)).body);
    expect([first.entries.length, second.entries.length, second.cursor]).toEqual([4, 2, undefined]);
    expect(await historyOf(hub, "nothing")).toEqual([]);
    expectRefusal(await hub.http("GET", "/v1/resource/history?name=r&cursor=x"), 400);
    expectRefusal(await hub.http("GET", "/v1/resource/history"), 400);
  });

  it("[B1] is the newest of each resource, and of all", async () => {
    await using hub = await hubWith({ limits: { historyResourceMax: 4, historyMax: 6 } });
    const a = await hub.node("a");
    const pair = async (resource: string) => a.released((await a.granted(resource)).id, "none");
    await pair("s");
    for (let round = 0; round < 5; round += 1) await pair("r");
    expect(await historyOf(hub, "r")).toHaveLength(4);
    expect(await historyOf(hub, "s")).toHaveLength(2);
    await pair("t");
    expect(await historyOf(hub, "s")).toHaveLength(0);
    expect(await historyOf(hub, "r")).toHaveLength(4);
  });
});

describe("the stream of events", () => {
  it("tells what happens from now on, by prefix, with a number for each", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("x/before");
    const events = eventsOf(hub, "prefix=x/");
    const first = events.next();
    for (let round = 1; ; round += 1) {
      await a.granted(`y/${round}`);
      await a.granted(`x/${round}`);
      const heard = await Promise.race([first, hub.pass(20)]);
      if (heard !== undefined) break;
    }
    const { value } = await first;
    expect(value).toMatchObject({ event: "granted", data: { resource: expect.stringMatching(/^x\/\d+$/), node: "a" } });
    expect(value?.id).toBe(String(value?.data.number));
    await events.return();
  });

  it("goes on after the number that was heard last, given as a header or in the query", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    for (const name of ["r1", "r2", "r3"]) await a.granted(name);
    const [entry] = await historyOf(hub, "r1");
    const last = String(entry?.number);
    for (const events of [eventsOf(hub, "", { "Last-Event-ID": last }), eventsOf(hub, `lastEventId=${last}`)]) {
      expect((await events.next()).value?.data.resource).toBe("r2");
      expect((await events.next()).value?.data.resource).toBe("r3");
      await events.return();
    }
    expectRefusal(await hub.http("GET", "/v1/events?lastEventId=x"), 400);
  });

  it("says so when something between is kept no longer", async () => {
    await using hub = await hubWith({ limits: { historyMax: 2 } });
    const a = await hub.node("a");
    await a.granted("r1");
    const [entry] = await historyOf(hub, "r1");
    for (const name of ["r2", "r3", "r4"]) await a.granted(name);
    const events = eventsOf(hub, `lastEventId=${entry?.number}`);
    expect((await events.next()).value?.event).toBe("gap");
    expect((await events.next()).value?.data.resource).toBe("r3");
    await events.return();
  });

  it("says so when the number that was heard last is of another book, and tells what happens from now on", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r1");
    const events = eventsOf(hub, `lastEventId=${Number.MAX_SAFE_INTEGER}`);
    expect((await events.next()).value?.event).toBe("gap");
    await a.granted("r2");
    expect((await events.next()).value?.data.resource).toBe("r2");
    await events.return();
  });

  it("goes by the rights that its token has by now, and ends once they let nobody look", async () => {
    const all = { role: "admin" };
    await using guard = await guarded({ all, watch: { role: "viewer", prefixes: ["app/"] } });
    const { hub, list } = guard;
    const a = await guard.wire("all");
    await a.granted("app/1");
    const events = eventsOf(hub, "lastEventId=1", { authorization: `Bearer ${list.token("watch")}` });
    expect((await events.next()).value?.data.resource).toBe("app/1");
    await list.write({ all, watch: { role: "viewer", prefixes: ["web/"] } });
    hub.reload();
    for (const name of ["app/2", "web/1"]) await a.granted(name);
    expect((await events.next()).value?.data.resource).toBe("web/1");
    await list.write({ all, watch: { role: "node" } });
    hub.reload();
    await a.granted("web/2");
    expect(await events.next()).toMatchObject({ done: true });
  });

  it("[B1] does not keep its place when nothing of it is read", { timeout: 60_000 }, async () => {
    await using hub = await hubWith({ isAlone: true, limits: { eventStreamsMax: 1, answerMsMax: 2_000 } });
    const a = await hub.node("a");
    // More than the buffers of a connection hold.
    const error = { message: "m".repeat(200) };
    for (let round = 0; round < 80; round += 1) {
      const resource = `${round}/${"r".repeat(500)}`;
      const ids = Array.from({ length: 100 }, (_, place) => 1 + 100 * round + place);
      a.send(ids.map((id) => ({ type: "acquire", id, resource, mode: "shared" })));
      for (const id of ids) await a.answer(id, "granted");
      a.send(ids.map((id) => ({ type: "release", id, outcome: "failure", error })));
      for (const id of ids) await a.answer(id, "released");
    }
    const { hostname, port } = new URL(hub.httpUrl);
    const stuck = connect(Number(port), hostname);
    const closed = once(stuck, "close");
    stuck.on("error", () => {});
    stuck.write(`GET /v1/events?lastEventId=1 HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
    const isTaken = async () => (await hub.http("HEAD", "/v1/events")).status === 503;
    while (hub.refusals.get("answerMsMax") === undefined) await isTaken();
    while (await isTaken());
    expect(hub.refusals.get("answerMsMax")).toBe(1);
    stuck.resume();
    await closed;
  });

  it("[B1] is one of so many", async () => {
    await using hub = await hubWith({ limits: { eventStreamsMax: 1 } });
    const a = await hub.node("a");
    await a.granted("r");
    const events = eventsOf(hub, "lastEventId=1");
    expect((await events.next()).value?.event).toBe("granted");
    expectRefusal(await hub.http("GET", "/v1/events"), 503);
    await events.return();
    for (;;) {
      const again = eventsOf(hub, "lastEventId=1")
        .next()
        .catch(() => undefined);
      if ((await again)?.value !== undefined) break;
    }
  });
});
