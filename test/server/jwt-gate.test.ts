// Who a JSON Web Token lets in: claims, signatures, time, and keys from a file or over HTTP.
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { JwtGate, keysAt, keysIn } from "../../server/jwt-gate.ts";
import { HandClock } from "../support/hand-clock.ts";

const terms = { audience: "baton", issuer: "https://issuer.example" };
const good = { sub: "ann", baton_role: "node", baton_prefixes: ["app/"] };
const { publicKey, privateKey } = await generateKeyPair("ES256");
const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }] });

function gateAt(clock = new HandClock()) {
  return { gate: new JwtGate(keysIn(keySet, "keys.json"), terms, clock), clock };
}

type Signed = {
  payload?: JWTPayload;
  inSeconds?: number | undefined;
  claims?: Partial<typeof terms>;
  key?: Parameters<SignJWT["sign"]>[0];
  kid?: string;
};

/** A token; good, but for what is said. */
function signed(
  clock: HandClock,
  { payload = good, claims = {}, key = privateKey, kid = "k1", ...given }: Signed = {},
) {
  const nowSeconds = clock.wallMicroseconds() / 1_000_000;
  const { audience, issuer } = { ...terms, ...claims };
  const token = new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid }).setAudience(audience).setIssuer(issuer);
  const inSeconds = "inSeconds" in given ? given.inSeconds : 60;
  if (inSeconds !== undefined) token.setExpirationTime(Math.round(nowSeconds + inSeconds));
  return token.sign(key);
}

describe("a JSON Web Token", () => {
  it("says name, role and prefixes, and until when", async () => {
    const { gate, clock } = gateAt();
    const access = await gate.identify(await signed(clock));
    expect(access).toMatchObject({ name: "ann", role: "node", prefixes: ["app/"] });
    const leftMs = (access?.expiresAtMs ?? 0) - clock.nowMs();
    expect(leftMs).toBeGreaterThan(59_000);
    expect(leftMs).toBeLessThan(61_000);
  });

  it("may say role and prefixes by their plain names, and every resource by no prefixes", async () => {
    const { gate, clock } = gateAt();
    const plain = { sub: "ann", role: "viewer", prefixes: ["x"] };
    expect(await gate.identify(await signed(clock, { payload: plain }))).toMatchObject({
      role: "viewer",
      prefixes: ["x"],
    });
    const bare = { sub: "ann", role: "viewer" };
    expect(await gate.identify(await signed(clock, { payload: bare }))).toMatchObject({ prefixes: [""] });
  });

  it.each<{ what: string; how: Signed }>([
    { what: "no expiry", how: { inSeconds: undefined } },
    { what: "an expiry that has just passed", how: { inSeconds: -1 } },
    { what: "another audience", how: { claims: { audience: "other" } } },
    { what: "another issuer", how: { claims: { issuer: "https://evil.example" } } },
    { what: "no name", how: { payload: { role: "node" } } },
    { what: "a name with a control character", how: { payload: { ...good, sub: "a\n" } } },
    { what: "a name that is too long", how: { payload: { ...good, sub: "x".repeat(129) } } },
    ...["0", "1.5", "5", "true", "null", "{}", '["a"]'].map((text) => ({
      what: `${text} for a name`,
      how: { payload: { ...good, sub: JSON.parse(text) } },
    })),
    { what: "no role", how: { payload: { sub: "ann" } } },
    { what: "a role that is none", how: { payload: { ...good, baton_role: "root" } } },
    { what: "prefixes that are no list", how: { payload: { ...good, baton_prefixes: "app/" } } },
    { what: "prefixes that are null", how: { payload: { ...good, baton_prefixes: null } } },
    {
      what: "null beside prefixes of another",
      how: { payload: { ...good, baton_prefixes: null, prefixes: ["app/"] } },
    },
    { what: "a role that is null", how: { payload: { ...good, baton_role: null, role: "admin" } } },
    { what: "a start that is still to come", how: { payload: { ...good, nbf: 2 ** 40 } } },
  ])("with $what lets nobody in", async ({ how }) => {
    const { gate, clock } = gateAt();
    expect(await gate.identify(await signed(clock, how))).toBeUndefined();
  });

  it("of another key lets nobody in", async () => {
    const { gate, clock } = gateAt();
    const other = await generateKeyPair("ES256");
    expect(await gate.identify(await signed(clock, { key: other.privateKey }))).toBeUndefined();
  });

  it("without a signature, or signed with a shared secret, lets nobody in", async () => {
    const { gate, clock } = gateAt();
    const [, body] = (await signed(clock)).split(".");
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid: "k1" })).toString("base64url");
    expect(await gate.identify(`${header("none")}.${body}.`)).toBeUndefined();
    const secret = new TextEncoder().encode(keySet);
    const shared = new SignJWT(good).setProtectedHeader({ alg: "HS256", kid: "k1" }).setAudience(terms.audience);
    const token = await shared.setIssuer(terms.issuer).setExpirationTime("1h").sign(secret);
    expect(await gate.identify(token)).toBeUndefined();
  });

  it.each([undefined, "", "x", "a.b.c", "..", "\u0000"])("that is %j lets nobody in", async (token) => {
    expect(await gateAt().gate.identify(token)).toBeUndefined();
  });

  it("[B4] is over when its time has passed by the hub's own clock, whatever the wall clock says", async () => {
    const { gate, clock } = gateAt();
    const access = await gate.identify(await signed(clock));
    if (access === undefined) throw new Error("it lets nobody in");
    clock.pass(59_000);
    expect(gate.present(access)).toBe(access);
    clock.pass(2_000);
    expect(gate.present(access)).toBeUndefined();
  });
});

describe("keys", () => {
  it("that are replaced let nobody new in", async () => {
    const { gate, clock } = gateAt();
    gate.replace(keysIn('{"keys": []}', "keys.json"));
    expect(await gate.identify(await signed(clock))).toBeUndefined();
  });

  it.each(["", "{", "[]", '{"keys": 1}'])("that are %j are refused in one line", (text) => {
    expect(() => keysIn(text, "keys.json")).toThrow(/^the key set keys\.json must be JSON/);
  });

  it("are fetched once for many tokens, and when they cannot be, that is told apart from a bad token", async () => {
    await using issuer = await keyServer();
    const { gate, clock } = issuer;
    issuer.status = 503;
    await expect(gate.identify(await signed(clock))).rejects.toThrow("200 OK");
    issuer.status = 200;
    await expect(gate.identify(await signed(clock))).rejects.toThrow("a moment ago");
    clock.pass(1_000);
    for (let count = 0; count < 3; count += 1) {
      expect(await gate.identify(await signed(clock))).toMatchObject({ name: "ann" });
    }
    expect(issuer.fetches).toBe(2);
  });

  it("are fetched again for one that is unknown, once a second at most, and until then nobody is told no", async () => {
    await using issuer = await keyServer();
    const { gate, clock } = issuer;
    await gate.identify(await signed(clock));
    const unknown = () => signed(clock, { kid: "k2" });
    for (let count = 0; count < 100; count += 1) {
      await expect(gate.identify(await unknown())).rejects.toThrow("a moment ago");
    }
    expect(await gate.identify(await signed(clock))).toMatchObject({ name: "ann" });
    expect(issuer.fetches).toBe(1);
    clock.pass(1_000);
    expect(await gate.identify(await unknown())).toBeUndefined();
    issuer.keys = keySet.replace("k1", "k2");
    clock.pass(999);
    await expect(gate.identify(await unknown())).rejects.toThrow("a moment ago");
    clock.pass(1);
    expect(await gate.identify(await unknown())).toMatchObject({ name: "ann" });
    expect(issuer.fetches).toBe(3);
  });

  it("that were on their way when a token came do not tell that its key is unknown", async () => {
    await using issuer = await keyServer();
    const { gate, clock } = issuer;
    const tokens = await Promise.all([signed(clock, { kid: "k2" }), signed(clock, { kid: "k2" })]);
    const [first, second] = await Promise.allSettled(tokens.map((token) => gate.identify(token)));
    expect(first).toMatchObject({ status: "fulfilled", value: undefined });
    expect(second).toMatchObject({ status: "rejected" });
    expect(issuer.fetches).toBe(1);
  });

  it("that are slow to come are fetched once for all who wait for unknown ones", async () => {
    await using issuer = await keyServer();
    const { gate, clock } = issuer;
    expect(await gate.identify(await signed(clock))).toMatchObject({ name: "ann" });
    issuer.takesMs = 1_100;
    clock.pass(1_000);
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, place) => signed(clock, { kid: `k${place + 2}` })));
    const answers = await Promise.all(tokens.map((token) => gate.identify(token)));
    expect(answers).toEqual(tokens.map(() => undefined));
    expect(issuer.fetches).toBe(2);
  });
});

/** A gate of keys that are fetched from a server of this process, which counts how often. */
async function keyServer() {
  const clock = new HandClock();
  const server = createServer((_, response) => {
    issuer.fetches += 1;
    clock.pass(issuer.takesMs);
    response.writeHead(issuer.status, { "content-type": "application/json" }).end(issuer.keys);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const issuer = {
    fetches: 0,
    takesMs: 0,
    status: 200,
    keys: keySet,
    clock,
    gate: new JwtGate(keysAt(`http://127.0.0.1:${port}/keys`, clock), terms, clock),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
