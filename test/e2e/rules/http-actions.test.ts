// The HTTP side: what an admin may do, forced release and forget.
import { describe, expect, it } from "vitest";
import { expectRefusal, hubWith } from "./hub-in-process.ts";

describe("POST /v1/resource/release", () => {
  it("[H2] releases what is held, and says 404 for what is not", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("a/b c");
    const path = `/v1/resource/release?name=${encodeURIComponent("a/b c")}`;
    expect((await hub.http("POST", path, { reason: "stuck" })).status).toBeLessThan(300);
    await a.answer(id, "lost");
    expectRefusal(await hub.http("POST", path, { reason: "stuck" }), 404);
  });

  it("[H2] says 409 for another fence, and changes nothing", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { fence } = await a.granted("r");
    for (const other of [fence - 1, fence + 1, 1]) {
      const answer = await hub.http("POST", "/v1/resource/release?name=r", { reason: "stuck", fence: other });
      expectRefusal(answer, 409);
    }
    await a.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holding: 1 });
  });

  it("[H2] a fence among several holders is enough of a name", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const first = await a.granted("r", { mode: "shared" });
    await b.granted("r", { mode: "shared" });
    const body = { reason: "stuck", fence: first.fence };
    expect((await hub.http("POST", "/v1/resource/release?name=r", body)).status).toBeLessThan(300);
    await a.answer(first.id, "lost");
  });

  it("[H2] says 404 for what is not there, with a fence too", async () => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("POST", "/v1/resource/release?name=r", { reason: "stuck", fence: 7 }), 404);
  });

  it("[H2] takes a body that comes in chunks", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const { id } = await a.granted("r");
    const body = new Blob([JSON.stringify({ reason: "stuck" })]).stream();
    const release = { method: "POST", body, duplex: "half" } as const;
    expect((await fetch(`${hub.httpUrl}/v1/resource/release?name=r`, release)).status).toBe(200);
    expect(await a.answer(id, "lost")).toMatchObject({ code: "LOCK_REVOKED" });
  });

  it.each([undefined, "", "x", "[]", "null"])("says what a body is when it is %j", async (body) => {
    await using hub = await hubWith();
    const answer = await fetch(`${hub.httpUrl}/v1/resource/release?name=r`, { method: "POST", ...(body && { body }) });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      code: "INVALID_MESSAGE",
      message: "body must be JSON: an object {reason, fence?}",
    });
  });

  it("says 413 for a body of more than 4,096 bytes", async () => {
    await using hub = await hubWith();
    const answer = await hub.http("POST", "/v1/resource/release?name=r", { reason: "x".repeat(4_096) });
    expectRefusal(answer, 413);
    expect(answer.body).toMatchObject({ code: "BODY_TOO_LARGE" });
  });

  it.each([
    {},
    { reason: "a\nb" },
    { reason: "\u001b[2J" },
    { reason: "\u009b2J" },
    { reason: "\ud800" },
    { reason: "ä".repeat(129) },
    { reason: 1 },
    { reason: "" },
    { reason: "x".repeat(5_000) },
    { reason: "x", fence: "7" },
    { reason: "x", fence: 1.5 },
    { reason: "x", fence: -1 },
    { reason: "x", fence: 9007199254740992 },
    { reason: "x", fence: "01" },
    { reason: "x", fence: null },
    { reason: "x", fence: [1] },
    [],
    null,
    "reason",
  ])("refuses the body %j with 400 or 413", async (body) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r");
    const answer = await hub.http("POST", "/v1/resource/release?name=r", body);
    expectRefusal(answer, answer.status === 413 ? 413 : 400);
    expectRefusal(await hub.http("POST", "/v1/resource/release", { reason: "x" }), 400);
    await a.expectSilence();
  });

  it("refuses what is no JSON, and a flood of it", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r");
    const path = `${hub.httpUrl}/v1/resource/release?name=r`;
    const headers = { "content-type": "application/json" };
    for (const body of ["{", "reason=x", "\u0000"]) {
      expect((await fetch(path, { method: "POST", headers, body })).status).toBe(400);
    }
    const flood = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(65_536))),
    });
    const options = { method: "POST", headers, body: flood, duplex: "half" as const };
    const status = await fetch(path, options).then(
      (response) => response.status,
      () => 400,
    );
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    await a.expectSilence();
  });
});

describe("DELETE /v1/resource/outcome", () => {
  it("[O8] forgets what is remembered, and nothing else", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.released((await a.granted("r")).id, "success");
    const { id } = await a.granted("r");
    await b.queued("r");
    expect((await hub.http("DELETE", "/v1/resource/outcome?name=r")).status).toBeLessThan(300);
    expect(await hub.view("r")).toMatchObject({ holding: 1, waiting: 1 });
    expect(await hub.view("r")).not.toHaveProperty("outcome");
    await a.released(id, "none");
    await b.next("granted");
  });

  it("answers 404 for what is not there, and 400 for no name", async () => {
    await using hub = await hubWith();
    expectRefusal(await hub.http("DELETE", "/v1/resource/outcome?name=r"), 404);
    expectRefusal(await hub.http("DELETE", "/v1/resource/outcome"), 400);
  });
});
