// How a hub shows etcd who it is, and how it knows etcd: certificates, a password, and what it says when they are wrong.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Authority, authority, noCertificates } from "../../support/certificates.ts";
import { type Etcd, etcdMissing, etcdPlace, type EtcdPlace, startMember } from "../../support/etcd.ts";
import { type HubProcess, runHub, startHubProcess } from "../../support/hub.ts";
import { connectWire, type Wire } from "../../support/wire.ts";

// A hub goes on asking for 10 s, and there are several at once.
const timeout = 90_000;
const hubs: HubProcess[] = [];
const wires: Wire[] = [];

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.terminate();
  for (const hub of hubs) hub.kill("SIGKILL");
  await Promise.all(hubs.splice(0).map(({ exited }) => exited));
});

async function start(etcd: Etcd, args: readonly string[], env: Record<string, string> = {}): Promise<HubProcess> {
  const hub = await startHubProcess({ args: ["--engine", "etcd", "--etcd", etcd.endpoint, ...args], env });
  hubs.push(hub);
  return hub;
}

async function node(hub: HubProcess, name: string): Promise<Wire> {
  const wire = await connectWire(hub.url);
  wires.push(wire);
  await wire.hello(name).catch((cause: unknown) => {
    throw new Error(`${name} is not welcome: ${hub.log().join("\n")}`, { cause });
  });
  return wire;
}

/** What the hub says when it does not start. */
async function refusal(etcd: Etcd, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stderr } = await runHub(["--port", "0", "--engine", "etcd", "--etcd", etcd.endpoint, ...args], env);
  expect([code, stderr.match(/\n/g)?.length]).toEqual([1, 1]);
  return stderr;
}

describe.skipIf(etcdMissing() !== undefined || noCertificates !== undefined)(
  "an etcd that asks for certificates",
  { timeout },
  () => {
    let etcd: Etcd;
    let own: Authority;
    let other: Authority;
    let shown: string[];
    beforeAll(async () => {
      [own, other] = [await authority(), await authority()];
      const [server, client] = [await own.sign("etcd"), await own.sign("client")];
      const place = await etcdPlace("one");
      const secure = { ...place, endpoint: place.endpoint.replace("http:", "https:") };
      const trust = [`--trusted-ca-file=${own.caFile}`, "--client-cert-auth"];
      etcd = await startMember(
        secure,
        [secure],
        [`--cert-file=${server.certFile}`, `--key-file=${server.keyFile}`, ...trust],
      );
      shown = ["--etcd-cert", client.certFile, "--etcd-key", client.keyFile];
    });
    afterAll(async () => {
      await etcd[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    });

    it("a hub with a certificate of etcd's authority grants, and hears the other hub", async () => {
      const args = ["--etcd-ca", own.caFile, ...shown];
      const [one, two] = [await start(etcd, args), await start(etcd, args)];
      const a = await node(one, "a");
      const b = await node(two, "b");
      const { fence } = await a.granted("r");
      const waiting = await b.queued("r");
      a.send({ type: "bye" });
      const granted = await b.find(({ type }) => type === "granted");
      expect(granted).toMatchObject({ id: waiting.id });
      if (granted.type === "granted") expect(granted.fence).toBeGreaterThan(fence);
    });

    it("an etcd of another authority, or one that knows none of the hub's, is named as such in one line", async () => {
      const foreign = await other.sign("foreign");
      const certificate = "look at --etcd-ca, --etcd-cert and --etcd-key";
      const [wrongCa, noCert, foreignCert] = await Promise.all([
        refusal(etcd, ["--etcd-ca", other.caFile, ...shown]),
        refusal(etcd, ["--etcd-ca", own.caFile]),
        refusal(etcd, ["--etcd-ca", own.caFile, "--etcd-cert", foreign.certFile, "--etcd-key", foreign.keyFile]),
      ]);
      for (const said of [wrongCa, noCert, foreignCert]) expect(said).toContain(certificate);
      expect(wrongCa).toContain("unable to verify");
      expect(foreignCert).toContain("bad certificate");
    });

    it("files that are missing, or do not belong together, are named", async () => {
      const strange = await other.sign("strange");
      const [missing, mixed] = await Promise.all([
        refusal(etcd, ["--etcd-ca", "/nowhere.pem"]),
        refusal(etcd, ["--etcd-cert", strange.certFile, "--etcd-key", (await own.sign("key")).keyFile]),
      ]);
      expect(missing).toContain("/nowhere.pem cannot be read: ENOENT");
      expect(mixed).toContain("key values mismatch");
    });
  },
);

describe.skipIf(etcdMissing() !== undefined)("an etcd that asks for a password", { timeout }, () => {
  let etcd: Etcd;
  const password = "let me in";
  const hub = ["--etcd-user", "hub"];
  let place: EtcdPlace;
  beforeAll(async () => {
    place = await etcdPlace("one");
    etcd = await startMember(place, [place]);
    etcd.control("role", "add", "hub");
    etcd.control("role", "grant-permission", "hub", "--prefix=true", "readwrite", "/baton/");
    for (const [user, secret] of [
      ["root", "root"],
      ["hub", password],
    ]) {
      etcd.control("user", "add", `${user}:${secret}`);
    }
    etcd.control("user", "grant-role", "root", "root");
    etcd.control("user", "grant-role", "hub", "hub");
    etcd.control("auth", "enable");
  });
  afterAll(() => etcd[Symbol.asyncDispose]());

  it("a hub whose user may write under the prefix grants, and gets another token when its own is good no more", async () => {
    const one = await start(etcd, [...hub, "--heartbeat", "5s"], { BATON_ETCD_PASSWORD: password });
    const a = await node(one, "a");
    const { id, fence } = await a.granted("r");
    // It knows no token that it gave before; the next watch and the next entry both come with one.
    await etcd.end();
    etcd = await startMember(place, [place]);
    a.send({ type: "release", id, outcome: "none" });
    await a.find(({ type }) => type === "released");
    expect((await a.granted("r")).fence).toBeGreaterThan(fence);
  });

  it("what is wrong with the user is said in one line", async () => {
    const env = { BATON_ETCD_PASSWORD: password };
    const [wrong, nobody, elsewhere] = await Promise.all([
      refusal(etcd, hub, { BATON_ETCD_PASSWORD: "wrong" }),
      refusal(etcd, []),
      refusal(etcd, [...hub, "--etcd-prefix", "/other/"], env),
    ]);
    expect(wrong).toContain("invalid user ID or password; look at --etcd-user and its password");
    expect(nobody).toContain("user name is empty; look at --etcd-user");
    expect(elsewhere).toContain("permission denied; look at what the user of --etcd-user");
  });
});
