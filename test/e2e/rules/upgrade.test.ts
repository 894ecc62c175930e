// Who gets through the door: the upgrade rules of the protocol, with requests written by hand.
import { connect as dial } from "node:net";
import { describe, expect, it } from "vitest";
import { hubWith, type HubInProcess } from "./hub-in-process.ts";
import { allAnswers, RawSocket, statusOf, upgradeHeaders } from "./raw-socket.ts";

const get = "GET /v1/socket HTTP/1.1";

/** The status of an upgrade that differs in some headers; `more` are header lines as they are. */
function upgrade(hub: HubInProcess, changed: Record<string, string | undefined>, line = get, more: string[] = []) {
  return statusOf(hub.url, line, [...upgradeHeaders(new URL(hub.url).host, changed), ...more]);
}

describe("the upgrade", () => {
  it("gets through as the protocol says", async () => {
    await using hub = await hubWith();
    expect(await upgrade(hub, {})).toBe(101);
    expect(await upgrade(hub, { "Sec-WebSocket-Protocol": "other, baton.v1" })).toBe(101);
  });

  it.each([
    { what: "no subprotocol", header: undefined },
    { what: "another subprotocol", header: "baton.v2" },
    { what: "a subprotocol that only begins so", header: "baton.v11" },
    { what: "an empty one", header: "" },
    { what: "a subprotocol twice", header: "baton.v1, baton.v1" },
    { what: "illegal characters", header: "baton.v1, b(a)d" },
  ])("is refused with 400 for $what", async ({ header }) => {
    await using hub = await hubWith();
    expect(await upgrade(hub, { "Sec-WebSocket-Protocol": header })).toBe(400);
  });

  it("is refused with 400 for a token in the URL, which no log keeps", async () => {
    await using hub = await hubWith();
    for (const query of ["?token=s3cr3t", "?a=b&token=s3cr3t", "?to%6ben=s3cr3t", "?token="]) {
      expect(await upgrade(hub, {}, `GET /v1/socket${query} HTTP/1.1`)).toBe(400);
    }
    expect(JSON.stringify(hub.lines)).not.toContain("s3cr3t");
    const { port } = new URL(hub.url);
    expect(await upgrade(hub, {}, `GET http://127.0.0.1:${port}/v1/socket?token=s3cr3t HTTP/1.1`)).toBe(400);
  });

  it.each([
    "https://evil.example",
    "null",
    "",
    "file://",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1:1",
    "HTTPS://GOOD.example",
    "https://good.example.evil.com",
    "https://good.example:444",
    "http://good.example",
    "https://good.example, https://good.example",
  ])("is refused with 403 for the page's Origin %j", async (origin) => {
    await using hub = await hubWith({ origins: ["https://good.example"] });
    expect(await upgrade(hub, { Origin: origin })).toBe(403);
  });

  it("is refused with 403 for two Origins", async () => {
    await using hub = await hubWith();
    const own = new URL(hub.httpUrl).origin;
    expect(await upgrade(hub, { Origin: own }, get, ["Origin: https://evil.example"])).toBe(403);
  });

  it("lets the hub's own pages and allowed ones in", async () => {
    await using hub = await hubWith({ origins: ["https://good.example"] });
    expect(await upgrade(hub, { Origin: new URL(hub.httpUrl).origin })).toBe(101);
    expect(await upgrade(hub, { Origin: "https://good.example" })).toBe(101);
  });

  it.each(["evil.example", "evil.example:7420", "127.0.0.1.evil.example", undefined, ""])(
    "is refused with 421 for the Host %j",
    async (host) => {
      await using hub = await hubWith();
      expect(await upgrade(hub, { Host: host })).toBe(421);
    },
  );

  it.each([
    "a@localhost",
    "evil.example@localhost",
    "a:b@localhost",
    "localhost/evil",
    "localhost?x",
    "localhost#x",
    "localhost\\evil",
    "localhost:",
    "localhost:x",
    "local\thost",
    "%6cocalhost",
    "2130706433",
    "localhost, evil.example",
    "localhost\r\nHost: evil.example",
    "evil.example\r\nHost: localhost",
    "localhost\r\nHost: localhost",
  ])("is refused with 421 for the Host %j, and so is a request over HTTP", async (host) => {
    await using hub = await hubWith();
    expect(await upgrade(hub, { Host: host })).toBe(421);
    expect(await statusOf(hub.url, "GET /healthz HTTP/1.1", [`Host: ${host}`])).toBe(421);
  });

  it("is refused with a line in the log that says why", async () => {
    await using hub = await hubWith();
    await upgrade(hub, { Host: "evil.example" });
    expect(hub.lines.map((line) => JSON.stringify(line)).join()).toMatch(/evil\.example.*an upgrade was refused/);
  });

  it("knows the hub as localhost too", async () => {
    await using hub = await hubWith();
    for (const host of [`localhost:${new URL(hub.url).port}`, "LOCALHOST", "127.0.0.1:1", "[::1]:7420", "[::1]"]) {
      expect(await upgrade(hub, { Host: host })).toBe(101);
      expect(await statusOf(hub.url, "GET /healthz HTTP/1.1", [`Host: ${host}`])).toBe(200);
    }
  });

  it.each([
    { what: "another path", line: "GET /v1/sockets HTTP/1.1", status: 404 },
    { what: "the root", line: "GET / HTTP/1.1", status: 404 },
    { what: "a POST", line: "POST /v1/socket HTTP/1.1", status: 405 },
  ])("is refused with $status for $what", async ({ line, status }) => {
    await using hub = await hubWith();
    expect(await upgrade(hub, {}, line)).toBe(status);
  });

  it.each([
    { what: "version 12", changed: { "Sec-WebSocket-Version": "12" } },
    { what: "no key", changed: { "Sec-WebSocket-Key": undefined } },
    { what: "a malformed key", changed: { "Sec-WebSocket-Key": "short" } },
    { what: "h2c", changed: { Upgrade: "h2c" } },
  ])("is refused with 400 for $what", async ({ changed }) => {
    await using hub = await hubWith();
    expect(await upgrade(hub, changed)).toBe(400);
  });

  it("says which version there is to whoever asks for another", async () => {
    await using hub = await hubWith();
    const headers = upgradeHeaders(new URL(hub.url).host, { "Sec-WebSocket-Version": "12" });
    const answer = await allAnswers(hub.url, [get, ...headers, "", ""].join("\r\n"));
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*\r\nSec-WebSocket-Version: 13\r\n/);
  });

  it.each([
    { what: "constructor", header: "Sec-WebSocket-Extensions", value: "constructor" },
    { what: "__proto__", header: "Sec-WebSocket-Extensions", value: "__proto__; toString=1, hasOwnProperty" },
    { what: "one with no name", header: "Sec-WebSocket-Extensions", value: ";=" },
    { what: "15,000 spaces", header: "Sec-WebSocket-Protocol", value: `baton.v1${" ".repeat(15_000)}x` },
    { what: "7,500 commas", header: "Sec-WebSocket-Protocol", value: ", ".repeat(7_500) },
  ])("is let in or refused with 400, and harms nobody, for a $header of $what", async ({ header, value }) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    expect([101, 400]).toContain(await upgrade(hub, { [header]: value }));
    await a.granted("r");
  });

  it("is refused for too many and too long headers", async () => {
    await using hub = await hubWith();
    const many = Array.from({ length: 2_500 }, (_, place) => `x-${place}: 1`);
    expect([400, 431]).toContain(await upgrade(hub, {}, get, many));
    expect(await upgrade(hub, { "x-long": "x".repeat(20_000) })).toBe(431);
  });

  it("accepts no compression", async () => {
    await using hub = await hubWith();
    const raw = new RawSocket(hub.url);
    const offer = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
    raw.write([get, ...upgradeHeaders(new URL(hub.url).host, offer), "", ""].join("\r\n"));
    const head = await raw.head;
    expect(head).toMatch(/^HTTP\/1\.1 101/);
    expect(head.toLowerCase()).not.toContain("sec-websocket-extensions");
    raw.destroy();
  });
});

describe("who was refused", () => {
  it.each([
    { what: "a wrong path", line: "GET /nope HTTP/1.1", changed: {} },
    { what: "a wrong version", line: get, changed: { "Sec-WebSocket-Version": "12" } },
  ])("[B1] for $what is cut off, though it ends nothing itself", async ({ line, changed }) => {
    await using hub = await hubWith({ limits: { addressSocketsMax: 1 } });
    for (let round = 0; round < 3; round += 1) {
      const { hostname, port, host } = new URL(hub.url);
      const socket = dial({ host: hostname, port: Number(port), allowHalfOpen: true });
      const ended = new Promise((resolve) => socket.once("end", resolve));
      let answer = "";
      socket.on("error", () => {}).on("data", (data) => (answer += data.toString()));
      socket.write([line, ...upgradeHeaders(host, changed), "", ""].join("\r\n"));
      await ended;
      expect(answer).toMatch(/^HTTP\/1\.1 40[04]/);
      const reset = new Promise((resolve) => socket.once("close", resolve));
      // To an end that is gone nothing can be written for long.
      const timer = setInterval(() => socket.write("x"), 10);
      await reset;
      clearInterval(timer);
    }
    await hub.node("a");
  });
});

describe("HTTP behind the same door", () => {
  it.each(["h2c", "HTTP/2.0", "h2c, websocket", "x"])("answers in spite of the offer Upgrade: %s", async (offer) => {
    await using hub = await hubWith();
    const { host } = new URL(hub.url);
    const offers = [`Host: ${host}`, "Connection: Upgrade, HTTP2-Settings", `Upgrade: ${offer}`, "HTTP2-Settings: AA"];
    expect(await statusOf(hub.url, "GET /healthz HTTP/1.1", offers)).toBe(200);
  });

  it.each(["[", "localhost/x", "user@localhost", "a b", "localhost:x", ""])(
    "says 421 in the form of the protocol to the malformed Host %j",
    async (host) => {
      await using hub = await hubWith();
      const text = `GET /v1/resources HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      const answer = await allAnswers(hub.url, text);
      expect(answer).toMatch(/^HTTP\/1\.1 421/);
      expect(answer).toMatch(/nosniff[^]*\r\n\r\n[^]*\{"code":"MISDIRECTED","message":/);
    },
  );

  it("says 400 to a target that is no path", async () => {
    await using hub = await hubWith();
    const text = `GET /a\\b HTTP/1.1\r\nHost: ${new URL(hub.url).host}\r\nConnection: close\r\n\r\n`;
    const answer = await allAnswers(hub.url, text);
    expect(answer).toMatch(/^HTTP\/1\.1 400[^]*\{"code":"INVALID_MESSAGE","message":/);
  });

  it.each(["evil.example", undefined])("is refused with 421 for the Host %j", async (host) => {
    await using hub = await hubWith();
    const headers = host === undefined ? [] : [`Host: ${host}`];
    expect(await statusOf(hub.url, "GET /v1/resources HTTP/1.1", headers)).toBe(421);
  });

  it.each([
    { what: "both a length and chunks", lines: ["Content-Length: 4", "Transfer-Encoding: chunked"] },
    { what: "two lengths", lines: ["Content-Length: 4", "Content-Length: 5"] },
    { what: "a folded header", lines: ["X-Folded: a", " b"] },
    { what: "a space before the colon", lines: ["Content-Length : 4"] },
  ])("is refused with 400 for $what", async ({ lines }) => {
    await using hub = await hubWith();
    const host = `Host: ${new URL(hub.url).host}`;
    expect(await statusOf(hub.url, "POST /v1/resource/release?name=r HTTP/1.1", [host, ...lines])).toBe(400);
  });

  it("another site's page may not break a lock", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r");
    const body = JSON.stringify({ reason: "because" });
    for (const origin of ["https://evil.example", "null"]) {
      const headers = { origin, "content-type": "text/plain" };
      const path = `${hub.httpUrl}/v1/resource/release?name=r`;
      expect((await fetch(path, { method: "POST", headers, body })).status).toBe(403);
    }
    await a.expectSilence();
  });
});
