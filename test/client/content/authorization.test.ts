// How registries want to be asked: tokens, passwords, and where they may be sent.
import { describe, expect, it } from "vitest";
import { parseChallenge } from "../../../client/content/authorization.ts";
import { credentialsIn } from "../../../client/content/credentials.ts";
import { parseRetryAfter } from "../../../client/content/exchange.ts";
import { parseReference, Registry } from "../../../client/content/index.ts";
import type { FaultRegistry } from "../../support/fault-registry.ts";
import { faultRegistry } from "./scratch.ts";

const basic = Buffer.from("me:secret").toString("base64");
const config = (auths: object): string => JSON.stringify({ auths });
const never = new AbortController().signal;

function open(faults: FaultRegistry, credentials?: { basic: string }): Registry {
  return new Registry({ reference: parseReference(`${faults.host}/app:1`), insecureHttp: true, credentials });
}

async function bytesOf(registry: Registry, digest: string, from = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await registry.open("blobs", digest, from, never)).chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("parseChallenge", () => {
  it("reads a bearer challenge, quoted or not, in any order and case", () => {
    expect(parseChallenge('bearer service=svc, scope="repository:a/b:pull,push" ,Realm="https://t/token"')).toEqual({
      scheme: "bearer",
      realm: "https://t/token",
      service: "svc",
      scope: "repository:a/b:pull,push",
    });
    expect(parseChallenge('Basic realm="x", Bearer realm="https://t"')).toEqual({
      scheme: "bearer",
      realm: "https://t",
    });
    expect(parseChallenge('Basic realm="x"')).toEqual({ scheme: "basic" });
    expect(parseChallenge("Negotiate")).toBeUndefined();
    expect(parseChallenge('Bearer service="no realm"')).toBeUndefined();
    expect(parseChallenge(null)).toBeUndefined();
  });
});

describe("credentialsIn", () => {
  it("finds a registry under each of the names that Docker has used", () => {
    expect(credentialsIn(config({ "https://index.docker.io/v1/": { auth: basic } }), "docker.io")).toEqual({ basic });
    expect(credentialsIn(config({ "ghcr.io": { auth: basic } }), "ghcr.io")).toEqual({ basic });
    expect(credentialsIn(config({ "https://ghcr.io/v2/": { username: "me", password: "secret" } }), "ghcr.io")).toEqual(
      {
        basic,
      },
    );
  });

  it("knows nothing from another registry's entry, a helper's empty entry, or a strange file", () => {
    expect(credentialsIn(JSON.stringify({ auths: { "ghcr.io": { auth: basic } } }), "hcr.io")).toBeUndefined();
    expect(credentialsIn(JSON.stringify({ auths: { "ghcr.io": {} }, credsStore: "x" }), "ghcr.io")).toBeUndefined();
    expect(credentialsIn("not json", "ghcr.io")).toBeUndefined();
    expect(credentialsIn("[]", "ghcr.io")).toBeUndefined();
  });
});

describe("parseRetryAfter", () => {
  it("reads seconds and dates, and stays within a day [B4]", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(parseRetryAfter("7", now)).toBe(7_000);
    expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
    expect(parseRetryAfter("Thu, 01 Jan 2025 00:00:30 GMT", now)).toBe(0);
    expect(parseRetryAfter("99999999999", now)).toBe(86_400_000);
    expect(parseRetryAfter("soon", now)).toBeUndefined();
    expect(parseRetryAfter(null, now)).toBeUndefined();
  });
});

describe("a registry that wants to know who asks", () => {
  it("gives a token that is fetched once for many requests, and anew when it has expired", async () => {
    const faults = await faultRegistry();
    faults.door = { kind: "token", uses: 3 };
    const blobs = ["a", "b", "c", "d", "e"].map((text) => faults.put(Buffer.from(text)).digest);
    const registry = open(faults);
    await Promise.all(blobs.slice(0, 3).map((digest) => bytesOf(registry, digest)));
    expect(faults.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
    expect(faults.requests.find(({ path }) => path.startsWith("/token"))?.path).toBe(
      "/token?service=faults&scope=repository%3Aapp%3Apull",
    );
    await bytesOf(registry, blobs[3]!);
    expect(faults.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(2);
  });

  it("sends the saved name and password for a token to where the registry says, and to nobody else", async () => {
    const faults = await faultRegistry();
    faults.door = { kind: "token", basic, uses: 10 };
    const { digest } = faults.put(Buffer.from("a"));
    expect((await bytesOf(open(faults, { basic }), digest)).toString()).toBe("a");
    expect(faults.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      `Basic ${basic}`,
      "Bearer token-1",
    ]);
  });

  it("refuses a token address that is not https, unless http is allowed", async () => {
    const answers: (string | null)[] = [];
    const fetch = async (url: URL): Promise<Response> => {
      answers.push(url.href);
      return new Response(null, { status: 401, headers: { "www-authenticate": 'Bearer realm="http://thief/token"' } });
    };
    const registry = new Registry({ reference: parseReference("ghcr.io/a/b:1"), credentials: { basic }, fetch });
    await expect(registry.resolve(never)).rejects.toMatchObject({ code: "DENIED" });
    expect(answers.filter((url) => url?.includes("thief"))).toEqual([]);
  });

  it("answers Basic with what is saved, and says DENIED when nothing is or when it is wrong", async () => {
    const faults = await faultRegistry();
    faults.door = { kind: "basic", basic };
    const { digest } = faults.put(Buffer.from("a"));
    expect((await bytesOf(open(faults, { basic }), digest)).toString()).toBe("a");
    await expect(bytesOf(open(faults), digest)).rejects.toMatchObject({ code: "DENIED", message: /docker login/ });
    await expect(bytesOf(open(faults, { basic: "wrong" }), digest)).rejects.toMatchObject({ code: "DENIED" });
  });

  it("says nothing of itself to another origin that it is sent to, and keeps the range", async () => {
    const faults = await faultRegistry();
    const elsewhere = await faultRegistry();
    faults.door = { kind: "basic", basic };
    const bytes = Buffer.from("0123456789");
    const { digest } = faults.put(bytes);
    elsewhere.put(bytes);
    faults.blobsElsewhere = elsewhere.host;
    expect((await bytesOf(open(faults, { basic }), digest, 4)).toString()).toBe("456789");
    expect(elsewhere.requests).toEqual([
      { method: "GET", path: `/v2/app/blobs/${digest}`, range: "bytes=4-", authorization: undefined },
    ]);
  });
});
