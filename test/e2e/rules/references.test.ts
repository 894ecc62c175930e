// Reference sets over a real socket and over HTTP.
import { describe, expect, it } from "vitest";
import { expectRefusal, hubWith } from "./hub-in-process.ts";

const grace = { graceMs: 60_000 };

describe("refer", () => {
  it("adds and drops the own node, gets and clears the set, each answered with the set", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    a.send({ type: "refer", id: 1, resource: "r", action: "add" });
    expect(await a.next()).toEqual({ type: "references", id: 1, resource: "r", count: 1, nodes: ["a"] });
    b.send([
      { type: "refer", id: 1, resource: "r", action: "add" },
      { type: "refer", id: 2, resource: "r", action: "add" },
      { type: "refer", id: 3, resource: "r", action: "get" },
    ]);
    for (const id of [1, 2, 3]) {
      expect(await b.next()).toEqual({ type: "references", id, resource: "r", count: 2, nodes: ["a", "b"] });
    }
    a.send({ type: "refer", id: 2, resource: "r", action: "drop" });
    expect(await a.next("references")).toMatchObject({ id: 2, count: 1, nodes: ["b"] });
    a.send({ type: "refer", id: 3, resource: "r", action: "clear" });
    expect(await a.next("references")).toMatchObject({ id: 3, count: 0, nodes: [] });
    await b.expectSilence();
  });

  it("[B1] is answered with the first 20 nodes and the count of all", async () => {
    await using hub = await hubWith();
    const names = Array.from({ length: 25 }, (_, place) => `n${place}`);
    for (const name of names) {
      const node = await hub.node(name);
      node.send({ type: "refer", id: 1, resource: "r", action: "add" });
      expect(await node.next("references")).toMatchObject({ nodes: expect.arrayContaining([names[0]]) });
    }
    const a = await hub.node("a");
    a.send({ type: "refer", id: 1, resource: "r", action: "get" });
    expect(await a.next("references")).toMatchObject({ count: 25, nodes: names.slice(0, 20) });
  });

  it("[S10] uses up its id: sent again it is DUPLICATE_ID, and nothing changes", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send({ type: "refer", id: 5, resource: "r", action: "add" });
    await a.answer(5, "references");
    a.send({ type: "refer", id: 5, resource: "r", action: "clear" });
    expect(await a.next("error")).toMatchObject({ id: 5, code: "DUPLICATE_ID" });
    a.acquire("r", { id: 4 });
    expect(await a.next("error")).toMatchObject({ id: 4, code: "DUPLICATE_ID" });
    await a.granted("r", { id: 6 });
    a.send({ type: "refer", id: 7, resource: "r", action: "get" });
    expect(await a.answer(7, "references")).toMatchObject({ count: 1, nodes: ["a"] });
  });

  it("[S9] is told again after a resume until it is acknowledged", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    a.send({ type: "refer", id: 1, resource: "r", action: "add" });
    await a.answer(1, "references");
    const again = await hub.resume("a", a, grace);
    expect(again.welcome).toMatchObject({ resumed: true, lastId: 1 });
    expect(await again.answer(1, "references")).toMatchObject({ count: 1, nodes: ["a"] });
    await again.expectSilence();
  });

  it("[B1] past referencesMax is failed with TOO_MANY_REQUESTS, and the session lives", async () => {
    await using hub = await hubWith({ limits: { referencesMax: 1 } });
    const a = await hub.node("a");
    a.send({ type: "refer", id: 1, resource: "r", action: "add" });
    await a.answer(1, "references");
    a.send({ type: "refer", id: 2, resource: "s", action: "add" });
    expect(await a.answer(2, "failed")).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    a.send({ type: "refer", id: 3, resource: "r", action: "add" });
    expect(await a.answer(3, "references")).toMatchObject({ count: 1 });
  });

  it("[B2] of another form is refused, and its id is not used up", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.sendText('{"type":"refer","id":1,"resource":"r","action":"keep"}');
    expect(await a.next("error")).toMatchObject({ id: 1, code: "INVALID_MESSAGE" });
    a.sendText('{"type":"refer","id":1,"resource":"","action":"add"}');
    expect(await a.next("error")).toMatchObject({ id: 1, code: "INVALID_KEY" });
    a.send({ type: "refer", id: 1, resource: "r", action: "get" });
    expect(await a.answer(1, "references")).toMatchObject({ count: 0 });
  });

  it("[Q8] makes no row among the resources, and outlives the session", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send([{ type: "refer", id: 1, resource: "r", action: "add" }, { type: "bye" }]);
    await a.answer(1, "references");
    await a.closed;
    expect((await hub.http("GET", "/v1/resources")).body).toEqual({ resources: [] });
    expect(await hub.view("r")).toBeUndefined();
    expect((await hub.http("GET", "/v1/references?name=r")).body).toEqual({ resource: "r", count: 1, nodes: ["a"] });
  });
});

describe("GET /v1/references", () => {
  it("shows all nodes of a resource, page by page in the order of their names", async () => {
    await using hub = await hubWith();
    for (const name of ["Z", "b", "é", "😀", "a", "\uff00"]) {
      const node = await hub.node(name);
      node.send({ type: "refer", id: 1, resource: "a b&c", action: "add" });
      await node.answer(1, "references");
    }
    const path = "/v1/references?name=a%20b%26c";
    const first = await hub.http("GET", `${path}&limit=4`);
    expect(first.body).toEqual({ resource: "a b&c", count: 6, nodes: ["Z", "a", "b", "é"], cursor: "é" });
    const rest = await hub.http("GET", `${path}&cursor=${encodeURIComponent("é")}`);
    expect(rest.body).toEqual({ resource: "a b&c", count: 6, nodes: ["\uff00", "😀"] });
  });

  it("of a resource that nobody references is an empty set", async () => {
    await using hub = await hubWith();
    expect(await hub.http("GET", "/v1/references?name=r")).toMatchObject({
      status: 200,
      body: { resource: "r", count: 0, nodes: [] },
    });
  });

  it("without a name lists what is referenced, by prefix and by node", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    for (const [place, resource] of ["x/1", "x/2", "y"].entries()) {
      a.send({ type: "refer", id: place + 1, resource, action: "add" });
      await a.answer(place + 1, "references");
    }
    b.send({ type: "refer", id: 1, resource: "x/2", action: "add" });
    await b.answer(1, "references");
    const [one, two, other] = [
      { resource: "x/1", count: 1 },
      { resource: "x/2", count: 2 },
      { resource: "y", count: 1 },
    ];
    const get = async (query: string) => (await hub.http("GET", `/v1/references${query}`)).body;
    expect(await get("")).toEqual({ references: [one, two, other] });
    expect(await get("?prefix=x/")).toEqual({ references: [one, two] });
    expect(await get("?node=b")).toEqual({ references: [two] });
    expect(await get("?limit=1&cursor=x/1")).toEqual({ references: [two], cursor: "x/2" });
  });

  it.each(["?name=", "?name=r&limit=0", "?limit=x"])("refuses the query %j", async (query) => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("GET", `/v1/references${query}`), 400);
  });
});
