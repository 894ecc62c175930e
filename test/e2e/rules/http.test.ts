// The HTTP side: health, and what there is to see.
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { expectRefusal, hubWith, readRows, readView } from "./hub-in-process.ts";

/** A page of `/v1/resources`: the names on it and the cursor to the next. */
function pageOf(body: unknown): { names: string[]; cursor: string | undefined } {
  if (typeof body !== "object" || body === null || !("resources" in body) || !Array.isArray(body.resources)) {
    throw new Error(`no page: ${JSON.stringify(body)}`);
  }
  const names = readRows(body.resources).map(({ resource }) => resource);
  return { names, cursor: "cursor" in body && typeof body.cursor === "string" ? body.cursor : undefined };
}

describe("health", () => {
  it("healthz and readyz say yes while the hub serves", async () => {
    await using hub = await hubWith();
    expect((await hub.http("GET", "/healthz")).status).toBe(200);
    expect((await hub.http("GET", "/readyz")).status).toBe(200);
  });

  it("what is not there is 404 with code and message", async () => {
    await using hub = await hubWith();
    for (const path of ["/v2/resources", "/v1/resource/else", "/v1/../etc/passwd", "/v1/resources/a"]) {
      expectRefusal(await hub.http("GET", path), 404);
    }
  });
});

describe("a method", () => {
  it.each([
    ["POST", "/v1/resources", "GET, HEAD"],
    ["HEAD", "/v1/resource/outcome", "DELETE"],
    ["PATCH", "/v1/sessions/x", "DELETE"],
    ["DELETE", "/healthz", "GET, HEAD"],
  ])("%s that %s does not have is 405, with those that it has", async (method, path, allowed) => {
    await using hub = await hubWith();
    const answer = await hub.http(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allowed);
    if (method !== "HEAD") expect(answer.body).toMatchObject({ code: "METHOD_NOT_ALLOWED" });
  });

  it.each([
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/v1/resources",
    "/v1/sessions",
    "/v1/references",
    "/v1/resource?name=r",
  ])("HEAD of %s says what GET says, without the body", async (path) => {
    await using hub = await hubWith();
    await (await hub.node("a")).granted("r");
    const [head, get] = [await hub.http("HEAD", path), await hub.http("GET", path)];
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
  });
});

it("a query that a route does not know is ignored", async () => {
  await using hub = await hubWith();
  expect((await hub.http("GET", "/v1/resources?pretty=1&limit=5")).status).toBe(200);
});

it("an answer is data, and no browser is to keep, guess at or frame it", async () => {
  await using hub = await hubWith();
  const { headers } = await hub.http("GET", "/v1/resources");
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("cache-control")).toBe("no-store");
});

describe("GET /v1/resources", () => {
  it("is empty at first", async () => {
    await using hub = await hubWith();
    expect(await hub.http("GET", "/v1/resources")).toMatchObject({ status: 200, body: { resources: [] } });
  });

  it("shows each resource in a row: first holders, counts, age of the oldest wait, outcome", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.released((await a.granted("done", { operation: "pull" })).id, "success", { result: 1 });
    for (let holder = 0; holder < 5; holder += 1) await a.granted("busy", { mode: "shared", operation: "read" });
    await b.queued("busy", { mode: "exclusive" });
    const { body } = await hub.http("GET", "/v1/resources");
    const holder = { node: "a", operation: "read", mode: "shared", heldMs: expect.any(Number) };
    expect(body).toEqual({
      resources: [
        {
          resource: "busy",
          holders: [holder, holder, holder],
          holding: 5,
          waiting: 1,
          oldestWaitMs: expect.any(Number),
        },
        {
          resource: "done",
          holders: [],
          holding: 0,
          waiting: 0,
          oldestWaitMs: 0,
          outcome: { operation: "pull", node: "a", ageMs: expect.any(Number) },
        },
      ],
    });
  });

  it("filters by prefix", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    for (const name of ["a", "a/b", "a/c", "ab", "b", "a%"]) await a.granted(name);
    const names = async (prefix: string) =>
      pageOf((await hub.http("GET", `/v1/resources?prefix=${encodeURIComponent(prefix)}`)).body).names.toSorted();
    expect(await names("a/")).toEqual(["a/b", "a/c"]);
    expect(await names("ab")).toEqual(["ab"]);
    expect(await names("a%")).toEqual(["a%"]);
    expect(await names("")).toHaveLength(6);
    expect(await names("z")).toEqual([]);
  });

  it("pages by cursor: each resource once, whatever limit is asked for", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const all = Array.from({ length: 250 }, (_, place) => `r/${place}`);
    for (const name of [...all, "other"]) await a.granted(name);
    for (const query of ["", "&limit=7", "&limit=250", "&limit=1000"]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const page = pageOf((await hub.http("GET", `/v1/resources?prefix=r/${query}${after}`)).body);
        if (query === "&limit=7") expect(page.names.length).toBeLessThanOrEqual(7);
        seen.push(...page.names);
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(seen.toSorted()).toEqual(all.toSorted());
    }
  });

  it("[B5] pages in the order of the names' UTF-8 bytes, and a page turned while resources go misses none", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const names = ["Z", "a", "z", "é", "\uff00", "😀"];
    const ids = new Map<string, number>();
    for (const name of names.toReversed()) ids.set(name, (await a.granted(name)).id);
    const first = pageOf((await hub.http("GET", "/v1/resources?limit=3")).body);
    expect(first.names).toEqual(names.slice(0, 3));
    await a.released(ids.get("z") ?? 0, "none");
    const rest = pageOf((await hub.http("GET", `/v1/resources?cursor=${encodeURIComponent(first.cursor ?? "")}`)).body);
    expect(rest).toEqual({ names: names.slice(3), cursor: undefined });
  });

  it.each(["0", "-1", "1.5", "x", "1001", ""])("refuses the limit %j", async (limit) => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("GET", `/v1/resources?limit=${limit}`), 400);
  });
});

describe("GET /v1/resource", () => {
  it("shows one whole", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const { id, fence } = await a.granted("r", { operation: "pull" });
    await b.queued("r", { operation: "delete", mode: "exclusive" });
    expect((await hub.http("GET", "/v1/resource?name=r")).body).toEqual({
      resource: "r",
      holders: [
        {
          node: "a",
          session: a.welcome?.session,
          id,
          operation: "pull",
          mode: "once",
          fence,
          attempt: 1,
          heldMs: expect.any(Number),
        },
      ],
      holding: 1,
      waiting: 1,
      queue: [
        {
          node: "b",
          session: b.welcome?.session,
          id: 1,
          operation: "delete",
          mode: "exclusive",
          waitedMs: expect.any(Number),
          detached: false,
        },
      ],
    });
  });

  it("never shows a secret", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { token: "s3cr3t", graceMs: 60_000 });
    await a.granted("r");
    const shown = JSON.stringify([
      await hub.http("GET", "/v1/resource?name=r"),
      await hub.http("GET", "/v1/resources"),
    ]);
    expect(shown).not.toContain(a.welcome?.secret);
    expect(shown).not.toContain("s3cr3t");
  });

  it("pages the queue by cursor, 20 at a time", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    for (let waiter = 0; waiter < 45; waiter += 1) await b.queued("r");
    const pages: number[] = [];
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await hub.http("GET", `/v1/resource?name=r${after}`);
      const { cursor: next, ...view } = z.looseObject({ cursor: z.optional(z.string()) }).parse(body);
      const { queue, waiting } = readView(view);
      expect(waiting).toBe(45);
      pages.push(queue.length);
      seen.push(...queue.map(({ id }) => id));
      cursor = next;
    } while (cursor !== undefined);
    expect(pages).toEqual([20, 20, 5]);
    expect(seen).toEqual(Array.from({ length: 45 }, (_, place) => place + 1));
  });

  it.each(["a/b", "a?b=c&d", "../..", "%2e%2e", "a b+c", "sha256:f00", "ä😀", "#"])(
    "takes the name %j percent-encoded",
    async (name) => {
      await using hub = await hubWith();
      const a = await hub.node("a");
      await a.granted(name);
      expect(await hub.view(name)).toMatchObject({ resource: name, holding: 1 });
    },
  );

  it("answers 404 for what is not there, and 400 for no name", async () => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("GET", "/v1/resource?name=r"), 404);
    expectRefusal(await hub.http("GET", "/v1/resource"), 400);
    expectRefusal(await hub.http("GET", "/v1/resource?name=r&cursor=x"), 400);
    expectRefusal(await hub.http("GET", "/v1/resource?name=__proto__"), 404);
  });
});
