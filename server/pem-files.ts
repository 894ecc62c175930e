// The certificates and keys that settings name, read and tried out. Knows no connection.
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { ConfigError, readSettingFile } from "./setting-sources.ts";

/** What one end of a TLS connection shows, and by what it knows the other: files, or what is in them, in PEM form. */
export type Pem = {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly ca?: string | undefined;
};

/**
 * Reads the files that are named.
 * @throws ConfigError with one line when one cannot be read, holds nothing of use, or they do not belong together
 */
export function readPemFiles({ cert, key, ca }: Pem) {
  const secrets = {
    ...(cert !== undefined && { cert: readFilled("the certificate", cert) }),
    ...(key !== undefined && { key: readFilled("the private key", key) }),
    ...(ca !== undefined && { ca: readAuthorities(ca) }),
  };
  try {
    createSecureContext(secrets);
  } catch (error) {
    const files = [cert, key, ca].filter((file) => file !== undefined).join(", ");
    const why = error instanceof Error && "reason" in error ? String(error.reason) : "not PEM";
    throw new ConfigError(
      `${files} are not a certificate, its private key and those of the other side, in PEM form: ${why}`,
    );
  }
  return secrets;
}

/** What is empty would count as not given. */
function readFilled(what: string, file: string): string {
  const text = readSettingFile(what, file);
  if (text.trim() === "") throw new ConfigError(`${what} ${file} must be in PEM form: the file is empty`);
  return text;
}

const certificate = /^-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]*-----END \1-----[^\S\n]*$/gm;

/** Of what is no certificate Node takes no notice, and with none at all it trusts every authority that the system trusts. */
function readAuthorities(file: string): string {
  const text = readSettingFile("the certificates of the other side", file);
  const certificates = text.match(certificate) ?? [];
  const rest = text.replaceAll(certificate, "");
  if (certificates.length === 0 || /-----(?:BEGIN|END) /.test(rest) || !certificates.every(isCertificate)) {
    throw new ConfigError(
      `the certificates of the other side ${file} must be one certificate or more in PEM form, and nothing that is none`,
    );
  }
  return text;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
