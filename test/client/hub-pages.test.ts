// The HTTP side by the SDK: sessions and kicks of a real hub in memory, and what needs no session of its own.
import { describe, expect, it, vi } from "vitest";
import { openPages } from "../../client/index.ts";
import { createTestHub } from "../../client/testing/index.ts";

describe("hub.sessions", () => {
  it("gives all sessions by node, page by page", async () => {
    await using testHub = createTestHub({ limits: { pageEntriesMax: 2 } });
    const nodes = await Promise.all(["c", "a", "e", "d", "b"].map((node) => testHub.connect({ node })));
    const rows = await Array.fromAsync(nodes[0]!.sessions());
    expect(rows.map(({ node }) => node)).toEqual(["a", "b", "c", "d", "e"]);
    expect(rows[2]).toMatchObject({ session: nodes[0]!.session, owner: "anybody", detached: false, holding: 0 });
    expect(await Array.fromAsync(nodes[0]!.sessions("d"))).toHaveLength(1);
  });

  it("gives them as an array to whoever awaits it, and anew each time", async () => {
    await using testHub = createTestHub({ limits: { pageEntriesMax: 2 } });
    const hub = await testHub.connect({ node: "a" });
    await Promise.all(["c", "b"].map((node) => testHub.connect({ node })));
    const sessions = hub.sessions();
    expect((await sessions).map(({ node }) => node)).toEqual(["a", "b", "c"]);
    await testHub.connect({ node: "d" });
    expect(await sessions).toHaveLength(4);
    await testHub.close();
    await expect(sessions).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("[S4] says how long a detached one has left", async () => {
    await using testHub = createTestHub();
    const a = await testHub.connect({ node: "a" });
    const b = await testHub.connect({ node: "b", graceMs: 20_000 });
    await b.lock("r");
    testHub.kill("b");
    await testHub.clock.advance(5_000);
    expect(await Array.fromAsync(a.sessions("b"))).toMatchObject([{ detached: true, holding: 1, endsInMs: 15_000 }]);
  });
});

describe("hub.kick", () => {
  it.each([0, 30_000])(
    "[S6] loses what is held, fails what waits, and the node comes back (grace %i)",
    async (graceMs) => {
      await using testHub = createTestHub();
      const [a, b, admin] = await Promise.all([
        testHub.connect({ node: "a", graceMs }),
        testHub.connect({ node: "b" }),
        testHub.connect({ node: "admin" }),
      ]);
      const renewed = vi.fn();
      a.on("renewed", renewed);
      const held = await a.lock("r");
      const theirs = await admin.lock("s");
      const waiting = a.lock("s").catch((error: unknown) => error);
      const next = b.lock("r");
      await testHub.clock.advance(0);
      const { session } = a;
      await admin.kick(session!, { reason: "its disk is bad" });
      const reason = { code: "SESSION_ENDED", message: "the session was ended by anybody: its disk is bad" };
      expect(await waiting).toMatchObject(reason);
      expect(held.signal.reason).toMatchObject(reason);
      expect((await next).held).toBe(true);
      await testHub.clock.advance(1_000);
      expect(renewed).toHaveBeenCalledOnce();
      expect(a.session).not.toBe(session);
      const again = a.lock("s");
      await theirs.release();
      expect((await again).held).toBe(true);
    },
  );

  it("of a session that is not there says NOT_FOUND, and of a reason that no log takes INVALID_MESSAGE", async () => {
    await using testHub = createTestHub();
    const a = await testHub.connect({ node: "a" });
    await expect(a.kick("nobody")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(a.kick(a.session!, { reason: "a\nb" })).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  });
});

describe("openPages", () => {
  const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

  it("asks with the token, and opens no session", async () => {
    const asked: { url: string; authorization: string | null }[] = [];
    const fetch = (input: string | URL | Request, init?: RequestInit) => {
      asked.push({ url: new Request(input).url, authorization: new Headers(init?.headers).get("authorization") });
      return Promise.resolve(answer(200, { sessions: [] }));
    };
    const pages = openPages("wss://hub.example/baton/v1/socket", { token: () => "t1", fetch });
    expect(await Array.fromAsync(pages.sessions("a b"))).toEqual([]);
    const url = "https://hub.example/baton/v1/sessions?prefix=a+b";
    expect(asked).toEqual([{ url, authorization: "Bearer t1" }]);
  });

  it.each([
    [401, { code: "UNAUTHORIZED", message: "no" }, "UNAUTHORIZED"],
    [403, { code: "FORBIDDEN", message: "no" }, "FORBIDDEN"],
    [403, "<html>", "FORBIDDEN"],
    [500, { code: "INTERNAL", message: "no" }, "INTERNAL"],
    [502, "<html>", "UNAVAILABLE"],
    [200, { resource: 1 }, "UNAVAILABLE"],
  ])("an answer of status %i with %j fails with %s", async (status, body, code) => {
    const pages = openPages("http://hub.example", { fetch: () => Promise.resolve(answer(status, body)) });
    await expect(pages.forget("r")).rejects.toMatchObject({ code });
  });

  it("refuses a name that no hub takes before it asks", async () => {
    const fetch = vi.fn<typeof globalThis.fetch>();
    const pages = openPages("http://hub.example", { fetch });
    await expect(pages.forceRelease("\ud800", { reason: "stuck" })).rejects.toMatchObject({ code: "INVALID_KEY" });
    expect(fetch).not.toHaveBeenCalled();
  });
});

describe("several hubs that share one book", () => {
  // As the platform says it of a name with several addresses.
  const cause = new AggregateError([new Error("connect ECONNREFUSED")]);
  const answerOf = (url: string) => {
    if (url.startsWith("http://dead.test")) throw new TypeError("fetch failed", { cause });
    if (url.includes("/v1/resources")) return { resources: [] };
    return url.includes("/healthz") ? {} : { resource: "r" };
  };
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : String(input);
    asked.push(`${init?.method} ${url.split("?")[0]}`);
    return Response.json(answerOf(url));
  };

  it("are asked in turn until one answers, and that one from then on", async () => {
    const pages = openPages(["ws://dead.test", "ws://live.test"], { fetch });
    await Array.fromAsync(pages.list());
    await Array.fromAsync(pages.list());
    expect(asked.splice(0)).toEqual([
      "GET http://dead.test/v1/resources",
      "GET http://live.test/v1/resources",
      "GET http://live.test/v1/resources",
    ]);
  });

  it("[H2] are not asked twice to release by force: one that lives is looked for first", async () => {
    const pages = openPages(["ws://dead.test", "ws://live.test"], { fetch });
    await pages.forceRelease("r", { reason: "it hangs" });
    expect(asked.splice(0)).toEqual([
      "GET http://dead.test/healthz",
      "GET http://live.test/healthz",
      "POST http://live.test/v1/resource/release",
    ]);
  });

  it("cannot be reached when none of them can, and the reason is told", async () => {
    const pages = openPages(["ws://dead.test", "ws://dead.test:1"], { fetch });
    await expect(Array.fromAsync(pages.list())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "the hub cannot be reached at http://dead.test, http://dead.test:1: connect ECONNREFUSED",
    });
    expect(asked.splice(0)).toHaveLength(2);
  });
});
