// Certificates and keys from files: what is taken, and what is refused in one line.
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readPemFiles } from "../../server/pem-files.ts";
import { authority, noCertificates, type Authority } from "../support/certificates.ts";

const certificates = `the files of TLS${noCertificates === undefined ? "" : `: ${noCertificates}`}`;

type Case = { what: string; text: (by: Authority) => string };

describe.skipIf(noCertificates !== undefined)(certificates, () => {
  it.each<Case>([
    { what: "nothing", text: () => "" },
    { what: "blank lines", text: () => "\n \n" },
    { what: "no PEM", text: () => "hello" },
    { what: "a key alone", text: ({ caKey }) => caKey },
    { what: "a key beside a certificate", text: ({ ca, caKey }) => ca + caKey },
    { what: "a certificate that is none", text: () => pem("aGVsbG8=") },
    { what: "a bad certificate behind a good one", text: ({ ca }) => ca + pem("aGVsbG8=") },
    { what: "a bad certificate before a good one", text: ({ ca }) => pem("aGVsbG8=") + ca },
    { what: "a certificate that ends early", text: ({ ca }) => ca + ca.slice(0, 100) },
    { what: "a certificate whose beginning is spoilt", text: ({ ca }) => ca + ca.slice(1) },
  ])("of authorities are refused with $what", async ({ text }) => {
    await using by = await authority();
    await writeFile(by.caFile, text(by));
    expect(() => readPemFiles({ ca: by.caFile })).toThrow(
      `the certificates of the other side ${by.caFile} must be one certificate or more in PEM form`,
    );
  });

  it("of authorities may hold several, and remarks between them", async () => {
    await using by = await authority();
    await using other = await authority();
    const text = `# one\r\n${by.ca}\n# another\n${other.ca.replaceAll("\n", "\r\n")}`;
    await writeFile(by.caFile, text);
    expect(readPemFiles({ ca: by.caFile })).toEqual({ ca: text });
  });

  it.each(["certificate", "private key"])("are refused with a %s that is empty", async (what) => {
    await using by = await authority();
    const { certFile, keyFile } = await by.sign("hub");
    const file = what === "certificate" ? certFile : keyFile;
    await writeFile(file, "");
    expect(() => readPemFiles({ cert: certFile, key: keyFile })).toThrow(
      `the ${what} ${file} must be in PEM form: the file is empty`,
    );
  });
});

function pem(text: string): string {
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}
