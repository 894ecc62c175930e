// wss and https on one port: what is asked of either side, certificates that are changed while the hub runs, and the CLI's.
import { copyFile, writeFile } from "node:fs/promises";
import { connect as dial } from "node:net";
import { connect as dialTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import type { Limits } from "../../shared/limits.ts";
import { baton } from "../client/cli/baton-process.ts";
import { authority, noCertificates, type Authority, type Signed } from "../support/certificates.ts";
import { runHub, startHubProcess, type HubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";
import { hubWith, type HubInProcess } from "./rules/hub-in-process.ts";

type Served<Hub> = AsyncDisposable & { hub: Hub; by: Authority; own: Signed; port: number };

/** A hub in this process with a certificate of an authority. */
async function served(limits: Partial<Limits> = {}): Promise<Served<HubInProcess>> {
  const by = await authority();
  const own = await by.sign("hub");
  const hub = await hubWith({ tlsCert: own.certFile, tlsKey: own.keyFile, isAlone: true, limits });
  return {
    hub,
    by,
    own,
    port: Number(new URL(hub.url).port),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await by[Symbol.asyncDispose]();
    },
  };
}

/** A hub as a process of its own with such a certificate, or one that asks every client for one too. */
async function running(kind: "plain" | "mutual" = "plain"): Promise<Served<HubProcess>> {
  const by = await authority();
  const own = await by.sign("hub");
  const asks = kind === "mutual" ? ["--tls-ca", by.caFile] : [];
  const hub = await startHubProcess({ args: ["--tls-cert", own.certFile, "--tls-key", own.keyFile, ...asks] });
  return {
    hub,
    by,
    own,
    port: Number(new URL(hub.url).port),
    async [Symbol.asyncDispose]() {
      await hub.stop();
      await by[Symbol.asyncDispose]();
    },
  };
}

// One after the other, on a machine that may be busy.
const manyProcesses = { timeout: 120_000 };

/** Shakes hands with a hub; resolves with the name of its certificate, or the error. */
function shakeHands(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = dialTls({ host: "127.0.0.1", port, ...options }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", (error) => resolve(error.message));
  });
}

describe.skipIf(noCertificates !== undefined)(`TLS${noCertificates === undefined ? "" : `: ${noCertificates}`}`, () => {
  test("serves wss and https on one port, and says so", async () => {
    await using to = await served();
    expect(to.hub.url).toMatch(/^wss:\/\/127\.0\.0\.1:\d+\/v1\/socket$/);
    expect(to.hub.httpUrl).toMatch(/^https:/);
    const wire = await connectWire(to.hub.url, { ca: to.by.ca });
    await wire.hello("a");
    await wire.granted("r");
    wire.send({ type: "refer", id: 2, resource: "long", action: "add" });
    await wire.answer(2, "references");
    const port = `:${to.port}`;
    const named = await connectWire(to.hub.url, { ca: to.by.ca, headers: { host: `hub.example${port}` } });
    await named.close();
    const misdirected = connectWire(to.hub.url, { ca: to.by.ca, headers: { host: `evil.example${port}` } });
    await expect(misdirected).rejects.toThrow("421");
    const from = (scheme: string) =>
      connectWire(to.hub.url, { ca: to.by.ca, headers: { origin: `${scheme}://127.0.0.1${port}` } });
    await expect(from("http")).rejects.toThrow("403");
    await (await from("https")).close();
    await wire.close();
  });

  test("is not spoken by one who does not trust the certificate, nor in versions before 1.2", async () => {
    await using to = await served();
    await expect(connectWire(to.hub.url)).rejects.toThrow(/certificate/);
    expect(await shakeHands(to.port, { ca: to.by.ca })).toBe("hub");
    expect(await shakeHands(to.port, { ca: to.by.ca, maxVersion: "TLSv1.2" })).toBe("hub");
    for (const maxVersion of ["TLSv1", "TLSv1.1"] as const) {
      const old = { minVersion: "TLSv1", maxVersion, ciphers: "ALL@SECLEVEL=0" } as const;
      expect(await shakeHands(to.port, { ca: to.by.ca, ...old })).toContain("alert protocol version");
    }
  });

  test(
    "with --tls-ca lets in by a certificate of those authorities alone, over the socket, https and the command line",
    manyProcesses,
    async () => {
      await using to = await running("mutual");
      const { cert, key, certFile, keyFile } = await to.by.sign("node");
      const wire = await connectWire(to.hub.url, { ca: to.by.ca, cert, key });
      await wire.hello("a");
      const flags = ["--url", to.hub.url, "--ca", to.by.caFile];
      const own = ["--cert", certFile, "--key", keyFile];
      const ends = [flags, [...flags, ...own], [...flags, ...own.slice(0, 2)]].map((words) => baton(["ls", ...words]));
      expect((await Promise.all(ends)).map(({ code }) => code)).toEqual([69, 0, 64]);
      expect((await ends[0])?.stderr).toContain("--cert and --key");
      await wire.granted("r");
      await wire.close();
    },
  );

  test("with --tls-ca refuses any other certificate, says why, and goes on for others", async () => {
    await using by = await authority();
    await using other = await authority();
    const { certFile: tlsCert, keyFile: tlsKey } = await by.sign("hub");
    await using hub = await hubWith({ tlsCert, tlsKey, tlsCa: by.caFile });
    const wire = await hub.connect({ ca: by.ca, ...(await by.sign("node")) });
    await wire.hello("a");
    const refused = async (shown: Partial<Pick<Signed, "cert" | "key">>, level: string, why: string) => {
      await expect(connectWire(hub.url, { ca: by.ca, ...shown }), why).rejects.toThrow();
      await expect.poll(() => JSON.stringify(hub.lines.filter((line) => line.level === level))).toContain(why);
    };
    await refused({}, "debug", "peer did not return a certificate");
    await refused(await other.sign("strange"), "info", "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    await refused({ cert: other.ca, key: other.caKey }, "info", "DEPTH_ZERO_SELF_SIGNED_CERT");
    await refused(await by.sign("old", "hub.example", -1), "info", "CERT_HAS_EXPIRED");
    expect(JSON.stringify(hub.lines)).not.toContain("stack");
    await wire.granted("r");
  });

  test(
    "with --tls-ca that holds no certificate is refused at start, and on SIGHUP the one in force stays",
    manyProcesses,
    async () => {
      await using to = await running("mutual");
      const { cert, key } = await to.by.sign("node");
      await writeFile(to.by.caFile, "");
      to.hub.kill("SIGHUP");
      const line: unknown = JSON.parse(await to.hub.logged("could not be read again"));
      expect(line).toMatchObject({ level: "error", what: "the certificates", why: expect.stringContaining("PEM") });
      const wire = await connectWire(to.hub.url, { ca: to.by.ca, cert, key });
      await wire.close();
      const tls = ["--tls-cert", to.own.certFile, "--tls-key", to.own.keyFile, "--tls-ca", to.by.caFile];
      const { code, stderr } = await runHub(["--engine", "memory", ...tls]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^baton-hub: [^\n]+\n$/);
      expect(stderr).toContain(`${to.by.caFile} must be one certificate or more`);
    },
  );

  test("answers nothing to plain HTTP and plain sockets, and goes on for others", async () => {
    await using to = await served();
    const plain = `127.0.0.1:${to.port}`;
    await expect(fetch(`http://${plain}/healthz`)).rejects.toThrow();
    await expect(connectWire(`ws://${plain}/v1/socket`)).rejects.toThrow();
    await expect(connectWire(to.hub.url.replace("wss", "ws"), { headers: { upgrade: "h2c" } })).rejects.toThrow();
    const wire = await connectWire(to.hub.url, { ca: to.by.ca });
    await wire.hello("a");
    await wire.close();
  });

  test("[B1] counts who shakes hands, and who has shaken them, among the connections of an address and the idle ones", async () => {
    await using to = await served({ addressSocketsMax: 2, idleConnectionsMax: 1 });
    const wire = await connectWire(to.hub.url, { ca: to.by.ca });
    await wire.hello("a");
    const silent = dial(to.port, "127.0.0.1");
    await expect(connectWire(to.hub.url, { ca: to.by.ca })).rejects.toThrow();
    silent.destroy();
    // The socket waits for nothing either, and is no idle connection.
    const last = () => expect.poll(() => shakeHands(to.port, { ca: to.by.ca })).toBe("hub");
    await last();
    await last();
    await wire.granted("r");
    await wire.close();
  });

  test("cuts off who does not shake hands in time, and goes on for others", async () => {
    await using to = await served({ headersMsMax: 300 });
    const idle = dial(to.port, "127.0.0.1");
    const partial = dial(to.port, "127.0.0.1", () => partial.write(Buffer.from([0x16, 0x03, 0x01])));
    const garbage = dial(to.port, "127.0.0.1", () => garbage.write("GET / HTTP/1.1\r\n\r\n"));
    const ended = [idle, partial, garbage].map(
      (socket) => new Promise((resolve) => socket.on("error", () => {}).once("close", resolve)),
    );
    await Promise.all(ended);
    expect(await shakeHands(to.port, { ca: to.by.ca })).toBe("hub");
  });

  test("stops at once though somebody is still shaking hands", async () => {
    await using to = await running();
    const idle = dial(to.port, "127.0.0.1");
    idle.on("error", () => {});
    await new Promise((resolve) => idle.once("connect", resolve));
    const startMs = performance.now();
    expect(await to.hub.stop()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test("shows on SIGHUP the certificate that the file holds by then, and keeps the old one when it is bad", async () => {
    await using to = await running();
    const wire = await connectWire(to.hub.url, { ca: to.by.ca });
    await wire.hello("a");
    await writeFile(to.own.certFile, "no certificate");
    to.hub.kill("SIGHUP");
    const line: unknown = JSON.parse(await to.hub.logged("could not be read again"));
    expect(line).toMatchObject({ level: "error", what: "the certificates", why: expect.stringMatching(/PEM/) });
    expect(await shakeHands(to.port, { ca: to.by.ca })).toBe("hub");
    const next = await to.by.sign("next", "Next.example");
    await copyFile(next.certFile, to.own.certFile);
    await copyFile(next.keyFile, to.own.keyFile);
    to.hub.kill("SIGHUP");
    await expect.poll(() => shakeHands(to.port, { ca: to.by.ca })).toBe("next");
    const called = (name: string) => connectWire(to.hub.url, { ca: to.by.ca, headers: { host: `${name}:${to.port}` } });
    await (await called("next.example")).close();
    await expect(called("hub.example")).rejects.toThrow("421");
    // It asks for no tokens, so that nothing is said of them.
    expect(to.hub.log().filter((line) => line.includes("read again"))).toHaveLength(2);
    await wire.granted("r");
    await wire.close();
  });

  test("is refused at start in one line when files are missing or do not belong together", manyProcesses, async () => {
    await using by = await authority();
    const [one, other] = [await by.sign("one"), await by.sign("other")];
    const start = (cert: string, key: string) => runHub(["--engine", "memory", "--tls-cert", cert, "--tls-key", key]);
    for (const [cert, key, says] of [
      [one.certFile, other.keyFile, "key values mismatch"],
      [one.keyFile, one.certFile, "are not a certificate, its private key"],
      [`${one.certFile}.none`, one.keyFile, "cannot be read: ENOENT"],
    ] as const) {
      const { code, stderr } = await start(cert, key);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^baton-hub: [^\n]+\n$/);
      expect(stderr).toContain(says);
    }
  });

  test(
    "is trusted by the command line by --ca or BATON_CA, over the socket and over https",
    manyProcesses,
    async () => {
      await using to = await running();
      const url = ["--url", to.hub.httpUrl];
      const plain = ["--url", to.hub.url.replace("wss:", "ws:")];
      const [stranger, strangers, astray, trusting, ran, missing] = await Promise.all([
        baton(["ls", ...url]),
        baton(["run", "r", ...url, "--", "echo", "done"]),
        baton(["run", "r", ...plain, "--", "echo", "done"]),
        baton(["ls", ...url, "--ca", to.by.caFile]),
        baton(["run", "r", ...url, "--", "echo", "done"], { env: { BATON_CA: to.by.caFile } }),
        baton(["ls", ...url, "--ca", `${to.by.caFile}.none`]),
      ]);
      expect([stranger.code, trusting.code, missing.code]).toEqual([69, 0, 64]);
      expect(ran).toMatchObject({ code: 0, stdout: "done\n" });
      for (const { stderr } of [stranger, strangers, missing]) expect(stderr).toContain("--ca");
      for (const { stderr } of [stranger, strangers]) expect(stderr).not.toContain("--use-system-ca");
      expect(astray.stderr).toContain("wss://");
    },
  );
});
