// Live views through real sockets: what a watch shows, when, and what it never does to others.
import { describe, expect, it } from "vitest";
import type { HubMessage, Json } from "../../../shared/protocol.ts";
import type { Heard, Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

type Shown = Heard<"watching" | "changes">["resources"][number];
const isShown = (message: HubMessage): message is Heard<"watching" | "changes"> =>
  message.type === "watching" || message.type === "changes";

/** All that the watch of that id has shown by the time it fits, the newest of each resource. */
async function shownWhen(wire: Wire, id: number, fits: (shown: ReadonlyMap<string, Shown>) => boolean) {
  const shown = new Map<string, Shown>();
  for (;;) {
    const message = await wire.find(
      (heard): heard is Heard<"watching" | "changes"> => isShown(heard) && heard.id === id,
    );
    for (const resource of message.resources) {
      if ("gone" in resource) shown.delete(resource.resource);
      else shown.set(resource.resource, resource);
    }
    if (fits(shown)) return { shown, totals: message.totals };
  }
}

describe("a watch of many", () => {
  it("is shown what is there, then what changes, by prefix", async () => {
    await using hub = await hubWith();
    const [a, b, viewer] = await hub.nodes("a", "b", "viewer");
    await a.granted("x/1");
    await a.granted("y/1");
    viewer.send({ type: "watch", id: 1, prefix: "x/", intervalMs: 50 });
    const first = await viewer.next("watching");
    expect(first).toMatchObject({ id: 1, totals: { resources: 1, held: 1, waiting: 0, sessions: 3 } });
    expect(first.resources).toEqual([
      { resource: "x/1", holders: [expect.objectContaining({ node: "a" })], holding: 1, waiting: 0, oldestWaitMs: 0 },
    ]);
    await b.queued("x/1");
    await b.granted("y/2");
    await b.granted("x/2");
    const { shown, totals } = await shownWhen(viewer, 1, (rows) => rows.size === 2);
    expect(shown.get("x/1")).toMatchObject({ waiting: 1 });
    expect([...shown.keys()]).toEqual(["x/1", "x/2"]);
    expect(totals).toMatchObject({ resources: 2, held: 2, waiting: 1 });
  });

  it("shows that a resource is gone, and an outcome that is remembered until it is forgotten", async () => {
    await using hub = await hubWith();
    const [a, viewer] = await hub.nodes("a", "viewer");
    viewer.send({ type: "watch", id: 1, intervalMs: 50 });
    expect(await viewer.next("watching")).toMatchObject({ resources: [] });
    const { id } = await a.granted("r");
    await shownWhen(viewer, 1, (rows) => rows.has("r"));
    await a.released(id, "success");
    const { shown } = await shownWhen(viewer, 1, (rows) => {
      const row = rows.get("r");
      return row !== undefined && !("gone" in row) && row.outcome !== undefined;
    });
    expect(shown.get("r")).toMatchObject({ holding: 0, outcome: { operation: "run", node: "a" } });
    await hub.http("DELETE", "/v1/resource/outcome?name=r");
    const { totals } = await shownWhen(viewer, 1, (rows) => !rows.has("r"));
    expect(totals).toMatchObject({ resources: 0, held: 0, waiting: 0 });
  });

  it("[H5] shows progress, to a waiter too", async () => {
    await using hub = await hubWith();
    const [a, b, viewer] = await hub.nodes("a", "b", "viewer");
    const { id } = await a.granted("r");
    viewer.send({ type: "watch", id: 1, intervalMs: 50 });
    await viewer.next("watching");
    a.send({ type: "progress", id, done: 5, total: 10, note: "half" });
    const progress = { done: 5, total: 10, note: "half" };
    const { shown } = await shownWhen(viewer, 1, (rows) => JSON.stringify([...rows.values()]).includes("half"));
    expect(shown.get("r")).toMatchObject({ holders: [{ progress }] });
    expect(await b.queued("r")).toMatchObject({ holders: [{ progress }] });
  });

  it("shows the first so many by name, and what moves up when one goes", async () => {
    await using hub = await hubWith();
    const [a, viewer] = await hub.nodes("a", "viewer");
    const ids = new Map<string, number>();
    for (const name of ["b", "d", "e"]) ids.set(name, (await a.granted(name)).id);
    viewer.send({ type: "watch", id: 1, limit: 2, intervalMs: 50 });
    const first = await viewer.next("watching");
    expect(first.resources.map(({ resource }) => resource)).toEqual(["b", "d"]);
    expect(first.totals).toMatchObject({ resources: 3, held: 3 });
    viewer.drain();
    await a.granted("c");
    const changes = await viewer.next("changes");
    expect(changes.resources).toEqual([expect.objectContaining({ resource: "c" }), { resource: "d", gone: true }]);
    await a.released(ids.get("b") ?? 0, "none");
    const after = await viewer.next("changes");
    expect(after.resources).toEqual([expect.objectContaining({ resource: "d" }), { resource: "b", gone: true }]);
  });

  it("says a long picture in parts that are no longer than a frame", async () => {
    await using hub = await hubWith({ limits: { frameBytesMax: 4_096 } });
    const [a, viewer] = await hub.nodes("a", "viewer");
    const names = Array.from({ length: 200 }, (_, place) => `n${String(place).padStart(3, "0")}`);
    for (const name of names) await a.granted(name);
    viewer.send({ type: "watch", id: 1, limit: 1_000 });
    const parts: Heard<"watching">[] = [];
    do parts.push(await viewer.next("watching"));
    while (parts.at(-1)?.more === true);
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.every((part) => JSON.stringify(part).length <= 4_096)).toBe(true);
    expect(parts.flatMap(({ resources }) => resources.map(({ resource }) => resource))).toEqual(names);
  });
});

describe("a watch of one", () => {
  it("[B1] shows a result as deep as a hub may be told to take, and others are skipped with it", async () => {
    await using hub = await hubWith({ limits: { jsonDepthMax: 28 } });
    const [a, b] = await hub.nodes("a", "b");
    const result: Json = JSON.parse(`${"[".repeat(27)}${"]".repeat(27)}`);
    await a.released((await a.granted("r")).id, "success", { result });
    expect(await b.answer(b.acquire("r", { freshMs: 60_000 }), "skipped")).toMatchObject({ result });
    b.send({ type: "watch", id: 2, resource: "r" });
    expect((await b.next("watching")).resources).toMatchObject([{ outcome: { result } }]);
  });

  it("shows the whole view, that it is gone, and that it is back", async () => {
    await using hub = await hubWith();
    const [a, b, viewer] = await hub.nodes("a", "b", "viewer");
    viewer.send({ type: "watch", id: 7, resource: "r", intervalMs: 50 });
    expect(await viewer.next("watching")).toMatchObject({ id: 7, resources: [], totals: { resources: 0 } });
    const { id, fence } = await a.granted("r", { mode: "exclusive" });
    const waiter = b.acquire("r");
    await b.answer(waiter, "queued");
    const { shown } = await shownWhen(viewer, 7, (views) =>
      JSON.stringify(views.get("r") ?? "").includes('"waitedMs"'),
    );
    expect(shown.get("r")).toMatchObject({
      holders: [{ node: "a", id, fence, mode: "exclusive", attempt: 1 }],
      queue: [{ node: "b", id: waiter, detached: false }],
    });
    await a.released(id, "none");
    await b.answer(waiter, "granted");
    await b.released(waiter, "none");
    await shownWhen(viewer, 7, (views) => views.size === 0);
    await b.granted("r");
    await shownWhen(viewer, 7, (views) => views.has("r"));
  });

  it("[S5] shows that a waiter is away, and that it is back", async () => {
    await using hub = await hubWith();
    const [a, viewer] = await hub.nodes("a", "viewer");
    const b = await hub.node("b", { graceMs: 60_000 });
    await a.granted("r");
    await b.queued("r");
    viewer.send({ type: "watch", id: 1, resource: "r", intervalMs: 50 });
    const away = (detached: boolean) => (views: ReadonlyMap<string, Shown>) =>
      JSON.stringify(views.get("r")).includes(`"detached":${detached}`);
    await shownWhen(viewer, 1, away(false));
    b.terminate();
    await shownWhen(viewer, 1, away(true));
    await hub.resume("b", b);
    await shownWhen(viewer, 1, away(false));
  });
});

describe("what a watch is among requests", () => {
  it("[S10] uses its id up, and a used one is a DUPLICATE_ID", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send([
      { type: "watch", id: 5 },
      { type: "acquire", id: 5, resource: "r" },
      { type: "watch", id: 5 },
    ]);
    expect(await a.next("error")).toMatchObject({ id: 5, code: "DUPLICATE_ID" });
    expect(await a.next("error")).toMatchObject({ id: 5, code: "DUPLICATE_ID" });
    await a.answer(5, "watching");
    await a.granted("r", { id: 6 });
    a.send({ type: "watch", id: 6 });
    expect(await a.find(({ type }) => type === "granted")).toMatchObject({ id: 6 });
  });

  it("ends with unwatch, which says nothing; of what is no watch it says so", async () => {
    await using hub = await hubWith();
    const [a, viewer] = await hub.nodes("a", "viewer");
    viewer.send([
      { type: "watch", id: 1, intervalMs: 50 },
      { type: "unwatch", id: 1 },
      { type: "unwatch", id: 1 },
      { type: "watch", id: 2, intervalMs: 50 },
    ]);
    expect(await viewer.next("error")).toMatchObject({ id: 1, code: "INVALID_MESSAGE" });
    await viewer.answer(2, "watching");
    await a.granted("r");
    await viewer.answer(2, "changes");
    viewer.send({ type: "unwatch", id: 2 });
    await a.granted("s");
    await viewer.expectSilence();
  });

  it("names a prefix or a resource, not both", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send({ type: "watch", id: 1, prefix: "r", resource: "r" });
    expect(await a.next("error")).toMatchObject({ id: 1, code: "INVALID_MESSAGE" });
    a.sendText('{"type":"watch","id":1,"limit":"all"}');
    expect(await a.next("error")).toMatchObject({ id: 1, code: "INVALID_MESSAGE" });
  });

  it("[B1] is one of 16 of a session, and of so many of the hub", async () => {
    await using hub = await hubWith({ isAlone: true, limits: { hubWatchesMax: 20 } });
    const [a, b] = await hub.nodes("a", "b");
    for (let id = 1; id <= 17; id += 1) a.send({ type: "watch", id });
    expect(await a.find(({ type }) => type === "failed")).toMatchObject({ id: 17, code: "TOO_MANY_REQUESTS" });
    for (let id = 1; id <= 16; id += 1) expect(await a.find((m) => isShown(m) && m.id === id)).toBeDefined();
    for (let id = 1; id <= 5; id += 1) b.send({ type: "watch", id });
    expect(await b.find(({ type }) => type === "failed")).toMatchObject({ id: 5, code: "TOO_MANY_REQUESTS" });
    a.send({ type: "unwatch", id: 3 });
    await a.expectSilence();
    b.send({ type: "watch", id: 6 });
    expect(await b.find((message) => isShown(message) && message.id === 6)).toBeDefined();
  });

  it("ends with its socket, and goes on in none that follows", async () => {
    await using hub = await hubWith({ limits: { hubWatchesMax: 1 } });
    const [a, viewer] = [await hub.node("a"), await hub.node("viewer", { graceMs: 60_000 })];
    viewer.send({ type: "watch", id: 1, intervalMs: 50 });
    await viewer.next("watching");
    const again = await hub.resume("viewer", viewer);
    expect(again.welcome).toMatchObject({ resumed: true, lastId: 1 });
    await a.granted("r");
    await again.expectSilence();
    again.send({ type: "watch", id: 2 });
    expect(await again.next("watching")).toMatchObject({ id: 2 });
  });
});
