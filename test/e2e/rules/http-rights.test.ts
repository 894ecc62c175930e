// The HTTP side of a hub that asks for tokens: each cell of the table "Rights" in PROTOCOL.md, and no way around a prefix.
import { describe, expect, it } from "vitest";
import { referencePage, resourcePage, sessionPage } from "../../../shared/pages.ts";
import { guarded } from "./guarded-hub.ts";
import { expectRefusal } from "./hub-in-process.ts";

const views = ["/v1/resources", "/v1/resource?name=r", "/v1/references", "/v1/references?name=r", "/v1/sessions"];
const actions = [
  { method: "POST", path: "/v1/resource/release?name=r", body: { reason: "stuck" } },
  { method: "DELETE", path: "/v1/resource/outcome?name=r", body: undefined },
  { method: "DELETE", path: "/v1/sessions/nobody", body: undefined },
];

describe("a hub with tokens", () => {
  it("says 401 and asks for a bearer token to whoever has none, or a wrong one", async () => {
    await using guard = await guarded();
    const asks = [...views.map((path) => ({ method: "GET", path, body: undefined })), ...actions];
    for (const { method, path, body } of asks) {
      for (const token of [undefined, "wrong"]) {
        const answer = await guard.hub.http(method, path, body, token);
        expectRefusal(answer, 401);
        expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      }
    }
  });

  it.each(["healthz", "readyz", "openapi.json"])("has %s answer everybody", async (path) => {
    await using guard = await guarded();
    expect((await guard.hub.http("GET", `/${path}`)).status).toBe(200);
  });

  it.each(views)("shows GET %s to viewers and admins alone", async (path) => {
    await using guard = await guarded();
    const a = await guard.wire("admin");
    await a.granted("r");
    expectRefusal(await guard.hub.http("GET", path, undefined, guard.list.token("node")), 403);
    for (const role of ["viewer", "admin"]) {
      expect((await guard.hub.http("GET", path, undefined, guard.list.token(role))).status).toBe(200);
    }
  });

  it.each(actions)("lets admins alone $method $path", async ({ method, path, body }) => {
    await using guard = await guarded();
    for (const role of ["node", "viewer"]) {
      expectRefusal(await guard.hub.http(method, path, body, guard.list.token(role)), 403);
    }
    // What is not there is for an admin to know.
    expectRefusal(await guard.hub.http(method, path, body, guard.list.token("admin")), 404);
  });
});

describe("a token with prefixes", () => {
  const entries = {
    all: { role: "admin" },
    ours: { role: "admin", prefixes: ["ours/"] },
    watch: { role: "viewer", prefixes: ["ours/"] },
  };

  it("filters lists, and says the same of what is outside whether or not it is there", async () => {
    await using guard = await guarded(entries);
    const { hub, list } = guard;
    const a = await guard.wire("all", "a");
    for (const name of ["ours/1", "ours/2", "theirs/1", "ours"]) await a.granted(name);
    for (const [id, resource] of [
      [11, "ours/1"],
      [12, "theirs/1"],
    ] as const) {
      a.send({ type: "refer", id, resource, action: "add" });
      await a.answer(id, "references");
    }
    const get = (path: string) => hub.http("GET", path, undefined, list.token("watch"));
    const names = async (query: string) =>
      resourcePage.parse((await get(`/v1/resources${query}`)).body).resources.map(({ resource }) => resource);
    expect(await names("")).toEqual(["ours/1", "ours/2"]);
    expect(await names("?prefix=theirs")).toEqual([]);
    expect(await names("?cursor=ours/1")).toEqual(["ours/2"]);
    expect((await get("/v1/resources?limit=2")).body).not.toHaveProperty("cursor");
    const { references } = referencePage.parse((await get("/v1/references")).body);
    expect(references).toEqual([{ resource: "ours/1", count: 1 }]);
    for (const path of ["/v1/resource?name=theirs/", "/v1/references?name=theirs/"]) {
      const [there, absent] = [await get(`${path}1`), await get(`${path}2`)];
      expectRefusal(there, 403);
      expect(JSON.stringify(there.body).replace("theirs/1", "theirs/2")).toBe(JSON.stringify(absent.body));
    }
  });

  it("shows the sessions that have to do with its resources, and of their requests those alone", async () => {
    await using guard = await guarded(entries);
    const [a, b] = [await guard.wire("all", "a"), await guard.wire("all", "b")];
    await a.granted("ours/1");
    await a.granted("theirs/1");
    await b.queued("theirs/1");
    const { body } = await guard.hub.http("GET", "/v1/sessions", undefined, guard.list.token("watch"));
    expect(sessionPage.parse(body).sessions).toMatchObject([{ node: "a", owner: "all", holding: 1, waiting: 0 }]);
  });

  it("[H2][O8] lets an admin release and forget within it alone", async () => {
    await using guard = await guarded(entries);
    const { hub, list } = guard;
    const a = await guard.wire("all", "a");
    const theirs = await a.granted("theirs/1");
    const ours = await a.granted("ours/1");
    const release = (name: string) =>
      hub.http("POST", `/v1/resource/release?name=${name}`, { reason: "stuck" }, list.token("ours"));
    expectRefusal(await release("theirs/1"), 403);
    expectRefusal(await release("theirs/2"), 403);
    expect((await release("ours/1")).status).toBe(200);
    const lost = await a.answer(ours.id, "lost");
    expect(lost.message).toBe("released by force by ours: stuck");
    await a.released(theirs.id, "success");
    const forget = (name: string) =>
      hub.http("DELETE", `/v1/resource/outcome?name=${name}`, undefined, list.token("ours"));
    expectRefusal(await forget("theirs/1"), 403);
    expectRefusal(await forget("ours/1"), 404);
  });

  it("lets an admin kick whom a kick would touch within it alone", async () => {
    await using guard = await guarded(entries);
    const { hub, list } = guard;
    const [a, b, c] = [await guard.wire("all", "a"), await guard.wire("all", "b"), await guard.wire("all", "c")];
    await a.granted("ours/1");
    await b.queued("ours/1");
    await b.granted("theirs/1");
    const kick = (session: string | undefined) =>
      hub.http("DELETE", `/v1/sessions/${session}`, undefined, list.token("ours"));
    expectRefusal(await kick(b.welcome?.session), 403);
    expectRefusal(await kick(c.welcome?.session), 404);
    expect((await kick(a.welcome?.session)).status).toBe(200);
    expect(await a.closed).toMatchObject({ code: 4404 });
  });
});

it("every admin action is logged: who, what, why, and what came of it", async () => {
  await using guard = await guarded();
  const { hub, list } = guard;
  const a = await guard.wire("admin", "a");
  const { fence } = await a.granted("r");
  const release = "/v1/resource/release?name=r";
  await hub.http("POST", release, { reason: "stuck" }, list.token("viewer"));
  await hub.http("POST", `${release}&actor=nobody`, { reason: "" }, list.token("admin"));
  await hub.http("POST", release, { reason: "stuck", fence: 1 }, list.token("admin"));
  await hub.http("POST", release, { reason: "stuck", fence }, list.token("admin"));
  await hub.http("DELETE", `/v1/sessions/${a.welcome?.session}?reason=broken`, undefined, list.token("admin"));
  await a.closed;
  const action = "POST /v1/resource/release";
  const logged = (what: string) => hub.lines.filter(({ text }) => text === what).map(({ fields }) => fields);
  expect(logged("an admin's action was refused")).toEqual([
    { actor: "viewer", action, query: { name: "r" }, result: "FORBIDDEN" },
    { actor: "admin", action, query: { name: "r", actor: "nobody" }, result: "INVALID_MESSAGE" },
    { actor: "admin", action, name: "r", reason: "stuck", fence: 1, result: "CONFLICT" },
  ]);
  expect(logged("an admin has acted")).toEqual([
    { actor: "admin", action, name: "r", reason: "stuck", fence, result: "done" },
    {
      actor: "admin",
      action: "DELETE /v1/sessions/{session}",
      session: a.welcome?.session,
      reason: "broken",
      result: "done",
    },
  ]);
});
