// Who gets in by which token, for how long, and what becomes of a session whose token is changed or taken away.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { guarded, type GuardedHub } from "./guarded-hub.ts";
import { hubWith } from "./hub-in-process.ts";

const node = { role: "node" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** How the hub closes a socket that says hello so. */
async function turnedAway({ hub }: GuardedHub, token: string | undefined, header?: string) {
  const wire = await hub.connect(header === undefined ? {} : { headers: { authorization: header } });
  wire.send({ type: "hello", node: "a", ...(token !== undefined && { token }) });
  const closing = await wire.closed;
  expect(wire.frames).toEqual([]);
  return closing;
}

describe("a hello", () => {
  it("gets in by a token in the message, or in the upgrade's Authorization", async () => {
    await using to = await guarded({ a: node });
    await (await to.wire("a")).granted("r");
    const wire = await to.hub.connect({ headers: { authorization: `Bearer ${to.list.token("a")}` } });
    await wire.hello("b");
    await wire.queued("r");
  });

  it("counts by its own token when there are two", async () => {
    await using to = await guarded({ a: node });
    const good = to.list.token("a");
    expect(await turnedAway(to, "wrong", `Bearer ${good}`)).toMatchObject({ code: 4401 });
    const wire = await to.hub.connect({ headers: { authorization: "Bearer wrong" } });
    await wire.hello("a", { token: good });
  });

  it.each([
    { what: "no token", token: undefined, header: undefined },
    { what: "an unknown token", token: "unknown", header: undefined },
    { what: "an empty token", token: "", header: undefined },
    { what: "another scheme", token: undefined, header: "Basic YTpi" },
    { what: "a token that has expired", token: "baton_secret-of-old", header: undefined },
    { what: "the digest of a token", token: sha256("baton_secret-of-a"), header: undefined },
    { what: "a token whose last bit is off", token: "baton_secret-of-`", header: undefined },
    { what: "a token whose first bit is off", token: "caton_secret-of-a", header: undefined },
    { what: "a token that goes on", token: "baton_secret-of-aa", header: undefined },
    { what: "a token that ends early", token: "baton_secret-of-", header: undefined },
    { what: "a token in capitals", token: "BATON_SECRET-OF-A", header: undefined },
    { what: "a token with a space behind it", token: "baton_secret-of-a ", header: undefined },
    { what: "a name of JavaScript's own", token: "__proto__", header: undefined },
    { what: "as long a token as may be", token: "x".repeat(8_192), header: undefined },
    { what: "two tokens in the header", token: undefined, header: "Bearer baton_secret-of-a baton_secret-of-a" },
  ])("with $what is closed with 4401 and told nothing else", async ({ token, header }) => {
    await using to = await guarded({ a: node, old: { ...node, expires: "2020-01-01T00:00:00Z" } });
    const unknown = await turnedAway(to, "unknown");
    expect(await turnedAway(to, token, header)).toEqual(unknown);
    expect(unknown.code).toBe(4401);
  });

  it.each([
    { what: "a longer token", token: "x".repeat(8_193), code: 4400 },
    { what: "a token of 1 MB", token: "x".repeat(1_000_000), code: 1009 },
  ])("with $what is closed with $code, whatever it is", async ({ token, code }) => {
    await using to = await guarded({ a: node });
    const wire = await to.hub.connect();
    wire.send({ type: "hello", node: "a", token });
    expect((await wire.closed).code).toBe(code);
    expect(JSON.stringify(wire.frames)).not.toContain("xxx");
  });

  it("is answered the same for a name that is in use, when its token is wrong", async () => {
    await using to = await guarded({ a: node });
    await to.wire("a");
    expect((await turnedAway(to, "wrong")).code).toBe(4401);
  });

  it("[S8] of another token does not get a node's name while its session lives", async () => {
    await using to = await guarded({ a: node, b: node });
    const first = await to.wire("a", "shared-name");
    const wire = await to.hub.connect();
    wire.send({ type: "hello", node: "shared-name", token: to.list.token("b") });
    expect((await wire.closed).code).toBe(4409);
    await first.granted("r");
  });

  it("[S11] of another token does not resume a session, and changes nothing", async () => {
    await using to = await guarded({ a: node, b: node });
    const first = await to.wire("a", "n", { graceMs: 60_000 });
    const { id } = await first.granted("r");
    const { session, secret } = first.welcome ?? { session: "", secret: "" };
    const wire = await to.hub.connect();
    wire.send({ type: "hello", node: "n", token: to.list.token("b"), resume: { session, secret } });
    expect((await wire.closed).code).toBe(4401);
    await first.released(id, "none");
    const back = await to.wire("a", "n", { resume: { session, secret } });
    expect(back.welcome?.resumed).toBe(true);
    expect((await first.closed).code).toBe(4410);
  });

  it("takes what follows it in the same frame, once its token was looked at", async () => {
    await using to = await guarded({ a: node });
    const wire = await to.hub.connect();
    wire.send([
      { type: "hello", node: "a", token: to.list.token("a") },
      { type: "acquire", id: 1, resource: "r" },
    ]);
    await wire.next("welcome");
    await wire.answer(1, "granted");
  });

  it("[B1] past tokenSessionsMax is closed with 1013, and a resume is not", async () => {
    await using to = await guarded({ a: node, b: node }, { isAlone: true, limits: { tokenSessionsMax: 1 } });
    const first = await to.wire("a", "a1", { graceMs: 60_000 });
    const wire = await to.hub.connect();
    wire.send({ type: "hello", node: "a2", token: to.list.token("a") });
    expect((await wire.closed).code).toBe(1013);
    await to.wire("b");
    const { session, secret } = first.welcome ?? { session: "", secret: "" };
    const back = await to.wire("a", "a1", { resume: { session, secret } });
    expect(back.welcome?.resumed).toBe(true);
    back.send({ type: "bye" });
    await back.closed;
    await to.wire("a", "a2");
  });
});

describe("the sessions of a token", () => {
  const limits = { tokenSessionsMax: 1 };
  const open = async (to: GuardedHub, token: string, name: string) => {
    const wire = await to.hub.connect();
    wire.send({ type: "hello", node: name, token: to.list.token(token) });
    return wire;
  };

  it("[B1] are counted while they are detached, too", async () => {
    await using to = await guarded({ a: node }, { limits, isAlone: true });
    const first = await to.wire("a", "a1", { graceMs: 60_000 });
    await first.close();
    const refused = await open(to, "a", "a2");
    expect((await refused.closed).code).toBe(1013);
    expect(to.hub.refusals.get("tokenSessionsMax")).toBe(1);
    const back = await to.hub.resume("a1", first, { token: to.list.token("a") });
    back.send({ type: "bye" });
    await back.closed;
    await to.wire("a", "a2");
  });

  it("[B1] are counted no longer once they are gone, though the token has another name by then", async () => {
    await using to = await guarded({ a: node }, { limits });
    const first = await to.wire("a");
    const digest = sha256(to.list.token("a"));
    await to.list.writeText(JSON.stringify([{ name: "b", sha256: digest, role: "node" }]));
    to.hub.reload();
    first.send({ type: "bye" });
    await first.closed;
    await to.list.write({ a: node });
    to.hub.reload();
    await to.wire("a");
  });
});

describe("a session's token", () => {
  const soon = () => new Date(Date.now() + 500).toISOString();

  it("is said to expire, and when it has the session is told so and closed with 4401", async () => {
    await using to = await guarded({ a: { ...node, expires: new Date(Date.now() + 3_600_000).toISOString() } });
    const wire = await to.wire("a");
    expect(wire.welcome?.tokenExpiresInMs).toBeGreaterThan(3_000_000);
    expect(wire.welcome?.tokenExpiresInMs).toBeLessThanOrEqual(3_600_000);
    await to.list.write({ a: { ...node, expires: soon() } });
    to.hub.reload();
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN" });
    expect((await wire.closed).code).toBe(4401);
  });

  it("is renewed by authorize with another of the same name, and outlives the one before", async () => {
    await using to = await guarded({ a: node });
    const [wire, other] = [await to.wire("a"), await to.wire("a", "other")];
    const entry = { name: "a", sha256: sha256(to.list.token("a")), role: "node" };
    const newer = { name: "a", "sha-256": sha256("newer"), role: "node" };
    await to.list.writeText(JSON.stringify([entry, newer]));
    to.hub.reload();
    wire.send({ type: "authorize", token: "newer" });
    expect(await wire.next()).toEqual({ type: "authorized" });
    await to.list.writeText(JSON.stringify([{ ...entry, expires: soon() }, newer]));
    to.hub.reload();
    expect((await other.closed).code).toBe(4401);
    await wire.granted("r");
  });

  it.each(["b", "nobody"])("is not replaced by authorize with the token of %s, and nothing changes", async (other) => {
    await using to = await guarded({ a: { ...node, prefixes: ["a/"] }, b: node });
    const wire = await to.wire("a");
    wire.send({ type: "authorize", token: to.list.token(other) });
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN" });
    await wire.granted("a/1");
    wire.acquire("b/1");
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN" });
  });

  it("on an open hub is of no account", async () => {
    await using hub = await hubWith();
    const wire = await hub.node("a", { token: "whatever" });
    wire.send({ type: "authorize", token: "another" });
    expect(await wire.next()).toEqual({ type: "authorized" });
  });
});

describe("a changed list", () => {
  it("closes the sessions of a token that is gone within 1 s with 4401, and lets nobody in by it", async () => {
    await using to = await guarded({ a: node, b: node });
    const [gone, stays] = [await to.wire("a"), await to.wire("b")];
    await gone.granted("r");
    await stays.queued("r");
    await to.list.write({ b: node });
    const startMs = performance.now();
    to.hub.reload();
    expect((await gone.closed).code).toBe(4401);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await stays.next("granted");
    expect((await turnedAway(to, to.list.token("a"))).code).toBe(4401);
  });

  it("applies to live sessions at once, and what they hold stays theirs to end", async () => {
    await using to = await guarded({ a: node });
    const wire = await to.wire("a");
    const { id } = await wire.granted("old/1");
    await to.list.write({ a: { role: "node", prefixes: ["new/"] } });
    to.hub.reload();
    wire.acquire("old/2");
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN" });
    await to.list.write({ a: { role: "viewer" } });
    to.hub.reload();
    wire.acquire("new/1");
    expect(await wire.next()).toMatchObject({ type: "error", code: "FORBIDDEN" });
    await wire.released(id, "success");
  });
});

describe("a token over HTTP", () => {
  it.each([
    { what: "none", header: undefined },
    { what: "a wrong one", header: "Bearer wrong" },
    { what: "another scheme", header: "Basic YTpi" },
  ])("is asked for: with $what it is 401", async ({ header }) => {
    await using to = await guarded();
    const headers = header === undefined ? {} : { authorization: header };
    const response = await fetch(`${to.hub.httpUrl}/v1/resources`, { headers });
    expect(response.status).toBe(401);
  });

  it("lets in until it is revoked", async () => {
    await using to = await guarded();
    const ask = () =>
      fetch(`${to.hub.httpUrl}/v1/resources`, { headers: { authorization: `Bearer ${to.list.token("viewer")}` } });
    expect((await ask()).status).toBe(200);
    await to.list.write({ admin: { role: "admin" } });
    to.hub.reload();
    expect((await ask()).status).toBe(401);
  });
});

describe("who is turned away", () => {
  it("is in the log, by its address and why, once for each time", async () => {
    await using to = await guarded({ a: node, viewer: { role: "viewer" } });
    const wire = await to.wire("a");
    await turnedAway(to, "wrong");
    await fetch(`${to.hub.httpUrl}/v1/resource?name=r`);
    await to.list.write({});
    to.hub.reload();
    await wire.closed;
    const address = "127.0.0.1";
    expect(to.hub.lines.filter(({ text }) => text.endsWith("turned away"))).toEqual([
      {
        level: "info",
        fields: { address, reason: "the token lets nobody in, or there is none" },
        text: "a node was turned away",
      },
      {
        level: "info",
        fields: { address, asked: "GET /v1/resource", result: "UNAUTHORIZED" },
        text: "a request was turned away",
      },
      {
        level: "info",
        fields: { address, reason: "the token has expired, or is revoked" },
        text: "a node was turned away",
      },
    ]);
  });
});

describe("a secret", () => {
  it("is in no line of the log at any level, whatever is done with it", async () => {
    await using to = await guarded({ a: node, b: node });
    const wire = await to.wire("a");
    wire.send({ type: "authorize", token: to.list.token("b") });
    await wire.next("error");
    wire.sendText(JSON.stringify({ type: "authorize", token: [to.list.token("a")] }));
    expect(JSON.stringify(await wire.next("error"))).not.toContain("secret-of");
    await turnedAway(to, to.list.token("nobody"));
    const headers = { authorization: `Bearer ${to.list.token("nobody")}` };
    await fetch(`${to.hub.httpUrl}/v1/resources`, { headers });
    await fetch(`${to.hub.httpUrl}/v1/resources?token=${to.list.token("a")}`, { headers });
    await to.list.write({});
    to.hub.reload();
    await wire.closed;
    expect(JSON.stringify(to.hub.lines)).not.toContain("secret-of");
  });
});
