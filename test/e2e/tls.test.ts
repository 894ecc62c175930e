// wss and https on one port: what is asked of either side, certificates that are changed while the hub runs, and the CLI's.
import { copyFile, writeFile } from "node:fs/promises";
import { connect as dial } from "node:net";
import { connect as dialTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { baton } from "../client/cli/baton-process.ts";
import { authority, noCertificates, type Authority, type Signed } from "../support/certificates.ts";
import { runHub, startHubProcess, type HubProcess } from "../support/hub.ts";
import { connectWire } from "../support/wire.ts";

type Served = AsyncDisposable & { hub: HubProcess; by: Authority; own: Signed; port: number };

async function served(...more: string[]): Promise<Served> {
  const by = await authority();
  const own = await by.sign("hub");
  const hub = await startHubProcess({ args: ["--tls-cert", own.certFile, "--tls-key", own.keyFile, ...more] });
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
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" } as const;
    expect(await shakeHands(to.port, { ca: to.by.ca, ...old })).not.toBe("hub");
  });

  test("with --tls-ca asks every client for a certificate of those authorities", async () => {
    await using other = await authority();
    const strangers = await other.sign("stranger");
    await using by = await authority();
    const [its, node] = [await by.sign("hub"), await by.sign("node")];
    const hub = await startHubProcess({
      args: ["--tls-cert", its.certFile, "--tls-key", its.keyFile, "--tls-ca", by.caFile],
    });
    await expect(connectWire(hub.url, { ca: by.ca })).rejects.toThrow();
    await expect(connectWire(hub.url, { ca: by.ca, cert: strangers.cert, key: strangers.key })).rejects.toThrow();
    const wire = await connectWire(hub.url, { ca: by.ca, cert: node.cert, key: node.key });
    await wire.hello("a");
    const flags = ["--url", hub.url, "--ca", by.caFile];
    const own = ["--cert", node.certFile, "--key", node.keyFile];
    const ends = [flags, [...flags, ...own], [...flags, ...own.slice(0, 2)]].map((words) => baton(["ls", ...words]));
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual([69, 0, 64]);
    await wire.close();
    await hub.stop();
  });

  test("cuts off who does not shake hands in time, and goes on for others", async () => {
    await using to = await served("--limit", "headersMsMax=300");
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
    await using to = await served();
    const idle = dial(to.port, "127.0.0.1");
    idle.on("error", () => {});
    await new Promise((resolve) => idle.once("connect", resolve));
    const startMs = performance.now();
    expect(await to.hub.stop()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test("shows on SIGHUP the certificate that the file holds by then, and keeps the old one when it is bad", async () => {
    await using to = await served();
    const wire = await connectWire(to.hub.url, { ca: to.by.ca });
    await wire.hello("a");
    await writeFile(to.own.certFile, "no certificate");
    to.hub.kill("SIGHUP");
    expect(await to.hub.logged("could not be read again")).toContain("error");
    expect(await shakeHands(to.port, { ca: to.by.ca })).toBe("hub");
    const next = await to.by.sign("next", "Next.example");
    await copyFile(next.certFile, to.own.certFile);
    await copyFile(next.keyFile, to.own.keyFile);
    to.hub.kill("SIGHUP");
    await expect.poll(() => shakeHands(to.port, { ca: to.by.ca })).toBe("next");
    const called = (name: string) => connectWire(to.hub.url, { ca: to.by.ca, headers: { host: `${name}:${to.port}` } });
    await (await called("next.example")).close();
    await expect(called("hub.example")).rejects.toThrow("421");
    await wire.granted("r");
    await wire.close();
  });

  test("is refused at start in one line when files are missing or do not belong together", async () => {
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

  test("is trusted by the command line by --ca or BATON_CA, over the socket and over https", async () => {
    await using to = await served();
    const url = ["--url", to.hub.httpUrl];
    const [stranger, trusting, ran, missing] = await Promise.all([
      baton(["ls", ...url]),
      baton(["ls", ...url, "--ca", to.by.caFile]),
      baton(["run", "r", ...url, "--", "echo", "done"], { env: { BATON_CA: to.by.caFile } }),
      baton(["ls", ...url, "--ca", `${to.by.caFile}.none`]),
    ]);
    expect([stranger.code, trusting.code, missing.code]).toEqual([69, 0, 64]);
    expect(ran).toMatchObject({ code: 0, stdout: "done\n" });
    expect(missing.stderr).toContain("--ca");
  });
});
