// What a page of another site may try through its reader's browser: each is turned away, whoever the reader is, and no answer
// can be kept, framed, guessed at or told from outside.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { guarded, type GuardedHub } from "./guarded-hub.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";
import { allAnswers, RawSocket, upgradeHeaders } from "./raw-socket.ts";

const good = "https://good.example";
let hub: HubInProcess;
let guard: GuardedHub;
let holder: Wire;

beforeAll(async () => {
  hub = await hubWith({ origins: [good] });
  guard = await guarded();
  holder = await hub.node("holder");
  await holder.granted("held");
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await guard[Symbol.asyncDispose]();
});

const body = JSON.stringify({ reason: "because" });
const release = "/v1/resource/release?name=held";
const foreign = [
  "https://evil.example",
  "null",
  "https://good.example.evil.com",
  "https://good.example:444",
  "http://good.example",
  "HTTPS://GOOD.example",
  "https://good.example, https://evil.example",
  "https://evil.example/https://good.example",
  "http://127.0.0.1.evil.example",
  "http://localhost",
  "file://",
  "chrome-extension://abc",
  "about:blank",
];

describe("a page of another site", () => {
  it.each(foreign)("is told nothing with the Origin %j, and does nothing", async (origin) => {
    for (const [method, path] of [
      ["GET", "/v1/resources"],
      ["GET", "/healthz"],
      ["POST", release],
      ["DELETE", "/v1/resource/outcome?name=held"],
      ["GET", "/v1/none"],
    ] as const) {
      const response = await fetch(hub.httpUrl + path, {
        method,
        headers: { origin },
        ...(method === "POST" && { body }),
      });
      expect(response.status, path).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(await response.text()).not.toContain("held");
    }
    await holder.expectSilence();
  });

  it.each([
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/json",
    "",
  ])("posts no form of the type %j", async (type) => {
    const headers = { origin: "https://evil.example", "content-type": type, "sec-fetch-site": "cross-site" };
    expect((await fetch(hub.httpUrl + release, { method: "POST", headers, body })).status).toBe(403);
    await holder.expectSilence();
  });

  it("is allowed nothing when it asks before (CORS), and an allowed one all but cookies", async () => {
    const ask = (origin: string) => {
      const headers = {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      };
      return fetch(hub.httpUrl + release, { method: "OPTIONS", headers });
    };
    for (const origin of foreign) {
      const { status, headers } = await ask(origin);
      expect(status).toBe(403);
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
    const { status, headers } = await ask(good);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(good);
    expect(headers.get("vary")).toMatch(/origin/i);
    expect(headers.get("access-control-allow-credentials")).toBeNull();
    await holder.expectSilence();
  });

  it("gains nothing from what its reader's browser remembers: a cookie is no token", async () => {
    const cookie = `token=${guard.list.token("admin")}; authorization=${guard.list.token("admin")}`;
    expect((await fetch(`${guard.hub.httpUrl}/v1/resources`, { headers: { cookie } })).status).toBe(401);
    const basic = `Basic ${Buffer.from(`admin:${guard.list.token("admin")}`).toString("base64")}`;
    expect((await fetch(`${guard.hub.httpUrl}/v1/resources`, { headers: { authorization: basic } })).status).toBe(401);
  });

  it.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "[::1].evil.example",
    "localhost@evil.example",
    "evil.example#localhost",
  ])("that has its own name %j point at the hub is answered 421 at most", async (host) => {
    for (const path of ["/", "/healthz", "/v1/resources"]) {
      const answers = await allAnswers(hub.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(answers).toMatch(/^HTTP\/1\.1 4(00|21) /);
      expect(answers).not.toContain("held");
    }
  });
});

describe("every answer", () => {
  const requests: [method: string, path: string, status: number, headers?: Record<string, string>][] = [
    ["GET", "/", 200],
    ["GET", "/healthz", 200],
    ["GET", "/v1/resources", 200],
    ["GET", "/v1/resource?name=none", 404],
    ["GET", "/v1/resources?limit=x", 400],
    ["GET", "/nowhere", 404],
    ["PATCH", "/healthz", 405],
    ["POST", release, 400],
    ["OPTIONS", "/v1/resources", 204],
    ["GET", "/v1/resources", 403, { origin: "https://evil.example" }],
    ["GET", "/v1/resources?token=x", 400],
    ["GET", "/v1/socket", 426],
  ];

  it.each(requests)(
    "to %s %s (%i) sets no cookie, and says what a browser must not do with it",
    async (method, path, status, headers = {}) => {
      const response = await fetch(hub.httpUrl + path, { method, headers });
      expect(response.status).toBe(status);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(response.headers.get("content-security-policy")).not.toMatch(/unsafe|\*|https?:/);
      expect(response.headers.get("cache-control")).toMatch(/no-store|no-cache/);
      expect(response.headers.get("referrer-policy")).toBe("no-referrer");
      for (const name of ["server", "x-powered-by"]) expect(response.headers.get(name)).toBeNull();
    },
  );

  it("to an upgrade that is refused says so too", async () => {
    const answers = await allAnswers(
      hub.url,
      ["GET /v1/none HTTP/1.1", ...upgradeHeaders(new URL(hub.url).host), "", ""].join("\r\n"),
    );
    expect(answers).toMatch(/^HTTP\/1\.1 404 /);
    expect(answers).toMatch(/^X-Content-Type-Options: nosniff\r$/im);
    expect(answers).toMatch(/^Content-Security-Policy: default-src 'none'/im);
    expect(answers).not.toMatch(/^Set-Cookie/im);
  });
});

describe("a subprotocol that is a token", () => {
  it("is never said back, nor is it in the log", async () => {
    const offers = { "Sec-WebSocket-Protocol": "s3cr3t, baton.v1, bearer.s3cr3t" };
    const raw = new RawSocket(hub.url);
    raw.write(["GET /v1/socket HTTP/1.1", ...upgradeHeaders(new URL(hub.url).host, offers), "", ""].join("\r\n"));
    const head = await raw.head;
    expect(head).toMatch(/^sec-websocket-protocol: baton\.v1$/im);
    expect(head).not.toContain("s3cr3t");
    raw.destroy();
    const alone = { "Sec-WebSocket-Protocol": "s3cr3t" };
    const refused = await allAnswers(
      hub.url,
      ["GET /v1/socket HTTP/1.1", ...upgradeHeaders(new URL(hub.url).host, alone), "", ""].join("\r\n"),
    );
    expect(refused).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).not.toContain("s3cr3t");
    expect(JSON.stringify(hub.lines)).not.toContain("s3cr3t");
  });
});
