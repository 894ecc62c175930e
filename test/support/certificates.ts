// Certificates for tests, made by the `openssl` of the machine: an authority, and what it signs. Knows no hub.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there can be no certificates here; undefined where there can be. */
export const noCertificates = ((): string | undefined => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "there is no openssl on this machine";
  }
})();

/** A certificate and its key, as files and as text. */
export type Signed = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
};

/** An authority in a folder that goes away with the test. */
export type Authority = AsyncDisposable & {
  readonly ca: string;
  readonly caFile: string;
  readonly caKey: string;
  /**
   * A certificate for localhost, 127.0.0.1 and a host, hub.example unless given, in files of that name; good for two days unless
   * other days are said, and below 0 it has expired.
   */
  sign(name: string, host?: string, days?: number): Promise<Signed>;
};

/** Makes an authority. */
export async function authority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), "baton-tls-"));
  const at = (file: string) => join(folder, file);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const makeKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...makeKey, "-days", "2", "-subj", "/CN=test", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  return {
    ca: await readFile(at("ca.pem"), "utf8"),
    caFile: at("ca.pem"),
    caKey: await readFile(at("ca.key"), "utf8"),
    async sign(name, host = "hub.example", days = 2) {
      const [certFile, keyFile, asked] = [at(`${name}.pem`), at(`${name}.key`), at(`${name}.csr`)];
      const names = ["-addext", `subjectAltName=DNS:localhost,DNS:${host},IP:127.0.0.1`];
      openssl("req", ...makeKey, ...names, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", asked);
      const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-copy_extensions", "copy"];
      openssl("x509", "-req", "-in", asked, ...by, "-days", String(days), "-out", certFile);
      return { certFile, keyFile, cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
