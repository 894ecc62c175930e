// Requests that are no HTTP, or two that look like one [B2]: each is refused, nothing behind it is answered, and others work on.
import { Agent, get } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { type HubInProcess, hubWith } from "./hub-in-process.ts";
import { allAnswers, RawSocket } from "./raw-socket.ts";

let hub: HubInProcess;
let holder: Wire;

beforeAll(async () => {
  hub = await hubWith({ limits: { headersMsMax: 300 } });
  holder = await hub.node("holder");
  await holder.granted("held");
});
afterAll(() => hub[Symbol.asyncDispose]());

const request = (line: string, ...rest: string[]) => [line, `Host: ${new URL(hub.url).host}`, ...rest].join("\r\n");
const smuggled = () =>
  request("POST /v1/resource/release?name=held HTTP/1.1", "Content-Length: 14", "", '{"reason":"x"}');
const statuses = (answers: string) =>
  Array.from(answers.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));

async function expectNothingHappened(): Promise<void> {
  await holder.expectSilence();
  expect(await hub.view("held")).toMatchObject({ holding: 1 });
}

describe("two requests that look like one", () => {
  it.each([
    { what: "a length and chunks", lines: ["Content-Length: 4", "Transfer-Encoding: chunked", "", "0", "", ""] },
    { what: "chunks and a length", lines: ["Transfer-Encoding: chunked", "Content-Length: 4", "", "0", "", ""] },
    { what: "two lengths", lines: ["Content-Length: 0", "Content-Length: 200", "", ""] },
    { what: "two lengths in one line", lines: ["Content-Length: 0, 200", "", ""] },
    { what: "a length with a sign", lines: ["Content-Length: +0", "", ""] },
    { what: "a length below 0", lines: ["Content-Length: -1", "", ""] },
    { what: "a length in hexadecimal", lines: ["Content-Length: 0x0", "", ""] },
    { what: "a length past all numbers", lines: [`Content-Length: ${"9".repeat(30)}`, "", ""] },
    { what: "an encoding that is none", lines: ["Transfer-Encoding: xchunked", "", "0", "", ""] },
    { what: "an encoding after chunks", lines: ["Transfer-Encoding: chunked, identity", "", "0", "", ""] },
    { what: "a folded header", lines: ["X-Folded: a", " Content-Length: 0", "", ""] },
    { what: "a space before the colon", lines: ["Content-Length : 0", "", ""] },
    { what: "a header without a colon", lines: ["Nothing", "", ""] },
    { what: "a NUL in a header", lines: ["X: a\0b", "", ""] },
    { what: "a lone CR in a header", lines: ["X: a\rContent-Length: 0", "", ""] },
    { what: "chunks of no length", lines: ["Transfer-Encoding: chunked", "", "x", "", ""] },
    { what: "a chunk of a negative length", lines: ["Transfer-Encoding: chunked", "", "-1", "", ""] },
    { what: "a chunk past all numbers", lines: ["Transfer-Encoding: chunked", "", "F".repeat(20), "", ""] },
  ])("[B2] $what is 400, and what stands behind it is not heard", async ({ lines }) => {
    const answers = await allAnswers(
      hub.url,
      request("POST /v1/resource/release?name=none HTTP/1.1", ...lines) + smuggled(),
    );
    expect(statuses(answers)).toEqual([400]);
    await expectNothingHappened();
  });

  it("[B2] lines that end in a bare LF are 400", async () => {
    const answers = await allAnswers(
      hub.url,
      `${request("GET /healthz HTTP/1.1", "X: a\nTransfer-Encoding: chunked", "", "0", "", "")}${smuggled()}`,
    );
    expect(statuses(answers)).toEqual([400]);
    expect(statuses(await allAnswers(hub.url, "GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n"))).toEqual([400]);
    await expectNothingHappened();
  });

  it("[B2] an upgrade with a request behind it is one upgrade: what follows is frames, and bad ones", async () => {
    const raw = new RawSocket(hub.url);
    const upgrade = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: baton.v1",
    ];
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    raw.write(request("GET /v1/socket HTTP/1.1", ...upgrade, key, "", "") + smuggled());
    expect(await raw.head).toMatch(/^HTTP\/1\.1 101/);
    expect(await raw.closeCode()).toBe(1002);
    raw.destroy();
    await expectNothingHappened();
  });
});

describe("what is hardly a request", () => {
  it.each([
    { what: "HTTP/2 from the start", text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", wanted: [400] },
    { what: "HTTP/0.9", text: "GET /healthz\r\n\r\n", wanted: [421] },
    { what: "a version that is none", text: "GET /healthz HTTP/9.9\r\n\r\n", wanted: [400] },
    { what: "a method that is none", text: "SUDO /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", wanted: [400] },
    { what: "TLS", text: "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", wanted: [400] },
    { what: "SSH", text: "SSH-2.0-OpenSSH_9.6\r\n", wanted: [400] },
    { what: "NULs", text: "\0".repeat(64), wanted: [400] },
    { what: "CONNECT", text: "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", wanted: [] },
    {
      what: "TRACE",
      text: "TRACE /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Secret: s3cr3t\r\n\r\n",
      wanted: [405],
    },
    {
      what: "an expectation that nobody meets",
      text: "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nExpect: foo\r\n\r\n",
      wanted: [400],
    },
    { what: "a space in the target", text: "GET /health z HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", wanted: [400] },
  ])("[B2] $what is refused with $wanted", async ({ text, wanted }) => {
    const answers = await allAnswers(hub.url, text);
    expect(statuses(answers)).toEqual(wanted);
    if (wanted.length > 0) expect(answers).toMatch(/\{"code":"[A-Z_]+","message":"[^"]+"\}$/);
    if (wanted.length > 0) expect(answers).toMatch(/\r\ncontent-security-policy: default-src 'none'/i);
    expect(answers).not.toContain("s3cr3t");
    await expectNothingHappened();
  });

  it.each([
    { target: "/v1/sessions/%zz", allowed: [404, 405] },
    { target: "/v1/sessions/%00", allowed: [404, 405] },
    { target: "/v1/resource?name=%zz", allowed: [400] },
    { target: "/v1/resource?name=%ff", allowed: [400] },
    { target: "/v1/resource?name=%ed%a0%80", allowed: [400] },
    { target: "/v1/resource?name=held&access_token=x", allowed: [400] },
    { target: "/v1/resource?name=a%00b", allowed: [400] },
    { target: `/v1/resource?name=${"x".repeat(600)}`, allowed: [400] },
    { target: "/v1/resource?__proto__=held&name", allowed: [400] },
    { target: "/v1/resource?constructor[prototype]=x&name=held", allowed: [200] },
    { target: "/v1/resource?name=held&name=other", allowed: [400] },
    { target: "//evil.example/v1/resources", allowed: [404] },
    { target: "http://evil.example/v1/resource?name=none", allowed: [400, 404, 421] },
    { target: "/..%2f..%2fetc%2fpasswd", allowed: [404] },
    { target: "/assets/..%2f..%2f..%2fpackage.json", allowed: [404] },
    { target: "/assets/../../package.json", allowed: [404] },
    { target: "/__proto__", allowed: [404] },
    { target: "*", allowed: [400, 404] },
    { target: "/\u00e4", allowed: [400, 404] },
  ])("[B2] GET $target is one of $allowed", async ({ target, allowed }) => {
    const answers = await allAnswers(hub.url, request(`GET ${target} HTTP/1.1`, "Connection: close", "", ""));
    expect(statuses(answers)).toHaveLength(1);
    expect(allowed).toContain(statuses(answers)[0]);
    expect(answers).not.toMatch(/root:|"dependencies"|at \w+ \(/);
    await expectNothingHappened();
  });

  it("[B1] headers, or a body, that drip are cut off, and others are served meanwhile", async () => {
    for (const start of [
      request("GET /healthz HTTP/1.1", ""),
      request("POST /v1/resource/release?name=held HTTP/1.1", "Content-Length: 4000", "", ""),
    ]) {
      const raw = new RawSocket(hub.url);
      raw.write(start);
      const drip = setInterval(() => raw.write("x"), 20);
      await raw.closeCode(10_000);
      clearInterval(drip);
      await expectNothingHappened();
    }
  });

  it("[B1] connectionRequestsMax requests behind each other are answered in order, and with one more the connection is closed", async () => {
    const gets = (count: number) =>
      Array.from({ length: count }, () => request("GET /healthz HTTP/1.1", "", "")).join("");
    const last = request("GET /v1/none HTTP/1.1", "Connection: close", "", "");
    const wanted = [200, 200, 200, 200, 200, 200, 200, 404];
    expect(statuses(await allAnswers(hub.url, gets(7) + last))).toEqual(wanted);
    expect(hub.refusals.get("connectionRequestsMax")).toBeUndefined();
    expect(statuses(await allAnswers(hub.url, gets(8) + last))).toEqual([]);
    expect(hub.refusals.get("connectionRequestsMax")).toBe(1);
    await expectNothingHappened();
  });

  it("an expectation of 100-continue is met", async () => {
    const asked = request("GET /healthz HTTP/1.1", "Expect: 100-continue", "Connection: close", "", "");
    expect(statuses(await allAnswers(hub.url, asked))).toEqual([100, 200]);
  });

  it("[B1] any number of requests after each other are answered on one connection", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let asked = 0; asked < 50; asked += 1) expect(await statusBy(agent)).toBe(200);
    agent.destroy();
    await expectNothingHappened();
  });
});

/** The status of /healthz, asked on the connection of an agent. */
function statusBy(agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`${hub.httpUrl}/healthz`, { agent }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    }).once("error", reject);
  });
}
