// The description of the HTTP side against what it really answers, on a hub with tokens.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { openGate } from "../../../server/access.ts";
import { doorwayFor } from "../../../server/doorway.ts";
import { httpApi } from "../../../server/http.ts";
import { newTraffic } from "../../../server/traffic.ts";
import { httpCodes } from "../../../shared/errors.ts";
import { HubByHand } from "../../support/hub-by-hand.ts";
import { silentLog } from "../../support/silent-log.ts";
import { guarded, type GuardedHub } from "./guarded-hub.ts";

const content = z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) }));
const operation = z.object({
  summary: z.string().min(1),
  security: z.array(z.unknown()),
  parameters: z.optional(
    z.array(z.object({ name: z.string(), in: z.enum(["path", "query"]), required: z.boolean(), schema: z.unknown() })),
  ),
  requestBody: z.optional(z.object({ content })),
  responses: z.record(z.string(), z.object({ description: z.string().min(1), content })),
});
const openApi = z.object({
  openapi: z.literal("3.1.0"),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  paths: z.record(z.string(), z.record(z.string(), operation)),
});

let guard: GuardedHub;
let document: z.infer<typeof openApi>;
const seen = new Set<string>();

beforeAll(async () => {
  guard = await guarded();
  document = openApi.parse((await guard.hub.http("GET", "/openapi.json")).body);
});
afterAll(() => guard[Symbol.asyncDispose]());

/** A schema of the document, which takes no field that it does not name. */
function strictForm(schema: object) {
  const strict = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strict);
    if (typeof value !== "object" || value === null) return value;
    const fields = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, strict(field)]));
    return "properties" in value ? { additionalProperties: false, ...fields } : fields;
  };
  const text = JSON.stringify(strict({ ...schema, $defs: document.components.schemas }));
  return z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
}

/** Asks a route, and checks that the document knows what came of it. */
async function ask(method: string, route: string, query: string, body?: unknown, role = "admin"): Promise<number> {
  const path = query.startsWith("/") ? query : route + query;
  const token = role === "nobody" ? undefined : guard.list.token(role);
  const { status, body: answer } = await guard.hub.http(method, path, body, token);
  const described = document.paths[route]?.[method.toLowerCase()]?.responses[status];
  expect(described, `${method} ${path} answers ${status}`).toBeDefined();
  const parsed = strictForm(Object.values(described?.content ?? {})[0]?.schema ?? {}).safeParse(answer);
  expect(parsed.error?.issues, `${method} ${path}: ${JSON.stringify(answer)}`).toBeUndefined();
  seen.add(`${method} ${route} ${status}`);
  return status;
}

describe("the document", () => {
  it("describes every route that there is but the files of the page's own, and no other", () => {
    const { hub } = new HubByHand();
    const { routes } = httpApi({
      hub,
      traffic: newTraffic(),
      doorway: doorwayFor([], []),
      gate: openGate,
      log: silentLog,
    });
    const served = routes
      .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/assets/"))
      .map(({ method, path }) => `${method} ${path}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
  });

  it("has a schema for each reference, a parameter for each place in a path, and no schema that nobody uses", () => {
    const text = JSON.stringify(document);
    const used = Array.from(text.matchAll(/"#\/components\/schemas\/(\w+)"/g), ([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(document.components.schemas)));
    for (const [path, operations] of Object.entries(document.paths)) {
      const places = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      for (const { parameters = [] } of Object.values(operations)) {
        const inPath = parameters.filter((parameter) => parameter.in === "path");
        expect(inPath).toEqual(places.map((name) => ({ name, in: "path", required: true, schema: expect.anything() })));
      }
    }
  });

  it("says how long and how many things may be, as the hub has it", async () => {
    const schemas = (path: string, method = "get") =>
      Object.fromEntries((document.paths[path]?.[method]?.parameters ?? []).map(({ name, schema }) => [name, schema]));
    const limit = { type: "integer", minimum: 1, maximum: 1_000, default: 100 };
    for (const path of ["/v1/resources", "/v1/sessions", "/v1/references", "/v1/resource/history"])
      expect(schemas(path)).toMatchObject({ limit });
    expect(schemas("/v1/resource")).toMatchObject({
      name: { type: "string", minLength: 1, maxLength: 512 },
      cursor: { type: "integer", minimum: 0, maximum: 100_000, default: 0 },
    });
    const reason = { type: "string", minLength: 1, maxLength: 256 };
    expect(schemas("/v1/sessions/{session}", "delete")).toMatchObject({ reason });
    const { requestBody } = document.paths["/v1/resource/release"]?.["post"] ?? {};
    expect(requestBody?.content).toMatchObject({ "application/json": { schema: { properties: { reason } } } });
    const get = async (query: string) =>
      (await guard.hub.http("GET", query, undefined, guard.list.token("admin"))).status;
    for (const [path, query] of [
      ["/v1/resources", "limit"],
      ["/v1/resource", "name=r&cursor"],
      ["/v1/events", "lastEventId"],
    ]) {
      for (const value of ["1e2", "+1", "%201", "0x1", "1.0", "", "-1", "9007199254740992"]) {
        expect(await get(`${path}?${query}=${value}`), `${query} ${value}`).toBe(400);
      }
    }
    expect(await get("/v1/resources?limit=1000")).toBe(200);
    expect(await get("/v1/resources?limit=1001")).toBe(400);
  });

  it("names a code for each refusal, with its status", () => {
    const statuses = new Map(Object.entries(httpCodes).map(([code, { status }]) => [code, String(status)]));
    for (const operations of Object.values(document.paths)) {
      for (const { responses } of Object.values(operations)) {
        for (const [status, { description }] of Object.entries(responses)) {
          if (status === "200") continue;
          const codes = Array.from(description.matchAll(/\b([A-Z_]{4,}):/g), ([, code]) => statuses.get(code ?? ""));
          expect(new Set(codes), description).toEqual(new Set([status]));
        }
      }
    }
  });
});

describe("the answers", () => {
  it("are as the document says, each of each route", async () => {
    const a = await guard.wire("admin", "a", { graceMs: 60_000, labels: { zone: "b" }, client: "test" });
    const b = await guard.wire("node", "b");
    const done = await a.granted("done", { operation: "pull" });
    await a.released(done.id, "success", { result: { bytes: [1, null, "x"] } });
    const { id, fence } = await a.granted("r", { mode: "permit", limit: 1 });
    a.send({ type: "progress", id, done: 1, total: 2, note: "half" });
    await b.queued("r", { mode: "permit", limit: 1 });
    const failed = await a.granted("late");
    await a.released(failed.id, "failure", { retryAfterMs: 60_000 });
    a.send({ type: "refer", id: 20, resource: "r", action: "add" });
    await a.answer(20, "references");

    for (const path of ["/", "/healthz", "/readyz", "/openapi.json"]) expect(await ask("GET", path, "")).toBe(200);
    expect(await ask("GET", "/healthz", "?token=x")).toBe(400);
    expect(await ask("GET", "/v1/resources", "")).toBe(200);
    expect(await ask("GET", "/v1/resources", "?limit=1&unheard=of")).toBe(200);
    for (const name of ["r", "done", "late"]) expect(await ask("GET", "/v1/resource", `?name=${name}`)).toBe(200);
    for (const query of ["", "?name=r", "?node=a"]) expect(await ask("GET", "/v1/references", query)).toBe(200);
    for (const path of ["/v1/sessions", "/metrics"]) expect(await ask("GET", path, "")).toBe(200);
    for (const name of ["r", "late", "absent"])
      expect(await ask("GET", "/v1/resource/history", `?name=${name}`)).toBe(200);
    expect(await ask("GET", "/v1/resource/history", "")).toBe(400);
    expect(await ask("GET", "/v1/events", "?lastEventId=x")).toBe(400);
    // An answer without an end: that it begins has to do.
    const headers = { Authorization: `Bearer ${guard.list.token("admin")}` };
    const events = await fetch(`${guard.hub.httpUrl}/v1/events`, { headers });
    expect(Object.keys(document.paths["/v1/events"]?.["get"]?.responses["200"]?.content ?? {})).toEqual([
      events.headers.get("content-type"),
    ]);
    seen.add(`GET /v1/events ${events.status}`);
    await events.body?.cancel();

    const releasing = ["POST", "/v1/resource/release"] as const;
    expect(await ask(...releasing, "?name=r", { reason: "stuck", fence: 1 })).toBe(409);
    expect(await ask(...releasing, "?name=absent", { reason: "stuck", fence })).toBe(404);
    expect(await ask(...releasing, "?name=r", { reason: "stuck", padding: "x".repeat(5_000) })).toBe(413);
    expect(await ask(...releasing, "?name=r", { reason: "" })).toBe(400);
    expect(await ask(...releasing, "", { reason: "stuck" })).toBe(400);
    expect(await ask(...releasing, "?name=r", { reason: "stuck", fence })).toBe(200);
    expect(await ask("DELETE", "/v1/resource/outcome", "?name=done")).toBe(200);
    expect(await ask("DELETE", "/v1/resource/outcome", "?name=done")).toBe(404);
    expect(await ask("DELETE", "/v1/resource/outcome", "")).toBe(400);
    const kicking = ["DELETE", "/v1/sessions/{session}"] as const;
    const path = `/v1/sessions/${a.welcome?.session}`;
    expect(await ask(...kicking, `${path}?reason=%00`)).toBe(400);
    expect(await ask(...kicking, path)).toBe(200);
    expect(await ask(...kicking, path)).toBe(404);
    expect(await ask("GET", "/v1/resource", "?name=absent")).toBe(404);
    for (const query of ["", "?name=", "?name=%00", `?name=${"x".repeat(513)}`, "?name=r&cursor=-1"]) {
      expect(await ask("GET", "/v1/resource", query)).toBe(400);
    }
    for (const route of ["/v1/resources", "/v1/references", "/v1/sessions"]) {
      expect(await ask("GET", route, "?limit=0")).toBe(400);
    }
  });

  it("of whoever may not are so too", async () => {
    for (const [route, operations] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        if (security.length === 0) continue;
        const body = method === "post" ? { reason: "stuck" } : undefined;
        expect(await ask(method.toUpperCase(), route, "?name=r", body, "nobody")).toBe(401);
        expect(await ask(method.toUpperCase(), route, "?name=r", body, "node")).toBe(403);
      }
    }
  });

  it("were seen of every route, but for what takes another name of the hub, a hub that stops, or a bug", () => {
    const described = Object.entries(document.paths).flatMap(([route, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${route} ${status}`),
      ),
    );
    const unseen = described.filter((one) => !seen.has(one) && !/ (421|500|503)$/.test(one));
    // A page of a strange Origin, and a token in the URL: the same refusal on every route.
    expect(unseen.filter((one) => !/\/(healthz|readyz|openapi.json|metrics)? (400|403)$/.test(one))).toEqual([]);
  });
});
