// The HTTP side: who has a session, and ending one by force.
import { describe, expect, it } from "vitest";
import { sessionPage } from "../../../shared/pages.ts";
import { expectRefusal, hubWith, type HubInProcess } from "./hub-in-process.ts";

async function sessions(hub: HubInProcess, query = "") {
  const { body } = await hub.http("GET", `/v1/sessions${query}`);
  return sessionPage.parse(body);
}

describe("GET /v1/sessions", () => {
  it("shows each session in a row: who, whose, for how long, what it holds and awaits", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { graceMs: 60_000, client: "test 1.0", labels: { zone: "b" } });
    const b = await hub.node("b");
    await a.granted("r");
    await a.granted("s", { mode: "shared" });
    await b.queued("r");
    expect((await hub.http("GET", "/v1/sessions")).body).toEqual({
      sessions: [
        {
          session: a.welcome?.session,
          node: "a",
          owner: "anybody",
          client: "test 1.0",
          labels: { zone: "b" },
          ageMs: expect.any(Number),
          graceMs: a.welcome?.graceMs,
          detached: false,
          holding: 2,
          waiting: 0,
        },
        {
          session: b.welcome?.session,
          node: "b",
          owner: "anybody",
          client: "",
          labels: {},
          ageMs: expect.any(Number),
          graceMs: 0,
          detached: false,
          holding: 0,
          waiting: 1,
        },
      ],
    });
  });

  it("[S4] shows how long a detached one has left", async () => {
    await using hub = await hubWith({ heartbeatMs: 5_000 });
    const [a, b] = [await hub.node("a", { graceMs: 30_000 }), await hub.node("b")];
    await a.granted("r");
    await b.queued("r");
    a.terminate();
    await a.closed;
    // The hub's own view says when it has seen the socket go.
    await expect.poll(async () => (await sessions(hub)).sessions[0]?.detached).toBe(true);
    const [row] = (await sessions(hub)).sessions;
    expect(row).toMatchObject({ node: "a", holding: 1, graceMs: 30_000 });
    expect(row?.endsInMs).toBeGreaterThan(20_000);
    expect(row?.endsInMs).toBeLessThanOrEqual(30_000);
  });

  it("filters by the node's prefix and pages by cursor, each node once and in order", async () => {
    await using hub = await hubWith();
    const names = Array.from({ length: 25 }, (_, place) => `n/${String(place).padStart(2, "0")}`);
    await hub.nodes(...names.toReversed(), "other");
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await sessions(hub, `?prefix=n/&limit=7${after}`);
      expect(page.sessions.length).toBeLessThanOrEqual(7);
      seen.push(...page.sessions.map(({ node }) => node));
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(seen).toEqual(names);
  });

  it.each(["0", "1001", "x", ""])("refuses the limit %j", async (limit) => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("GET", `/v1/sessions?limit=${limit}`), 400);
  });

  it("never shows a secret", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { token: "s3cr3t", graceMs: 60_000 });
    const shown = JSON.stringify(await hub.http("GET", "/v1/sessions"));
    expect(shown).toContain(a.welcome?.session);
    expect(shown).not.toContain(a.welcome?.secret);
    expect(shown).not.toContain("s3cr3t");
  });
});

describe("DELETE /v1/sessions/{session}", () => {
  const pathOf = (session: string | undefined, reason?: string) =>
    `/v1/sessions/${session}${reason === undefined ? "" : `?reason=${encodeURIComponent(reason)}`}`;

  it("[S6] tells the session of each request, closes with 4404, and grants to the next in line", async () => {
    await using hub = await hubWith();
    const [a, b, c] = await hub.nodes("a", "b", "c");
    await a.granted("r");
    await c.granted("s");
    await a.queued("s");
    await b.queued("r");
    const answer = await hub.http("DELETE", pathOf(a.welcome?.session, "its disk is bad"));
    expect(answer).toMatchObject({ status: 200, body: { session: a.welcome?.session } });
    const ended = { code: "SESSION_ENDED", message: "the session was ended by anybody: its disk is bad" };
    expect(await a.next("lost")).toMatchObject({ id: 1, ...ended });
    expect(await a.next("failed")).toMatchObject({ id: 2, ...ended });
    expect(await a.closed).toMatchObject({ code: 4404 });
    expect(await b.answer(1, "granted")).toMatchObject({
      attempt: 2,
      previous: { node: "a", error: { code: "SESSION_ENDED" } },
    });
    await c.expectSilence();
    expect(await hub.queue("s")).toEqual([]);
  });

  it("[S8][S11] frees the name at once, and a resume of it is welcomed as a new session", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { graceMs: 60_000 });
    await a.granted("r");
    await hub.http("DELETE", pathOf(a.welcome?.session));
    await a.closed;
    const back = await hub.resume("a", a);
    expect(back.welcome).toMatchObject({ resumed: false, lastId: 0 });
    expect(back.welcome?.session).not.toBe(a.welcome?.session);
    await back.granted("r");
  });

  it("[S4] ends a detached session too", async () => {
    await using hub = await hubWith();
    const [a, b] = [await hub.node("a", { graceMs: 60_000 }), await hub.node("b")];
    await a.granted("r");
    await b.queued("r");
    a.terminate();
    expect((await hub.http("DELETE", pathOf(a.welcome?.session))).status).toBe(200);
    await b.answer(1, "granted");
    expect((await sessions(hub)).sessions.map(({ node }) => node)).toEqual(["b"]);
  });

  it("[S6] is no bye: with a lock delay what it held is granted to nobody until that has passed", async () => {
    await using hub = await hubWith({ lockDelayMs: 60_000 });
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    await hub.http("DELETE", pathOf(a.welcome?.session));
    await a.closed;
    await b.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 0, waiting: 1, delayedMs: expect.any(Number) });
  });

  it("answers 404 for a session that is not there, or was ended already", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    expectRefusal(await hub.http("DELETE", pathOf("nobody")), 404);
    expectRefusal(await hub.http("DELETE", pathOf("__proto__")), 404);
    expect((await hub.http("DELETE", pathOf(a.welcome?.session))).status).toBe(200);
    expectRefusal(await hub.http("DELETE", pathOf(a.welcome?.session)), 404);
  });

  it.each(["", "x".repeat(257), "a\nb", "\u001b[2J", "\u0085"])(
    "refuses the reason %j, and ends nothing",
    async (reason) => {
      await using hub = await hubWith();
      const a = await hub.node("a");
      expectRefusal(await hub.http("DELETE", pathOf(a.welcome?.session, reason)), 400);
      await a.granted("r");
    },
  );
});
