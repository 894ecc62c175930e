// The certificates and keys that settings name, read and tried out. Knows no connection.
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
 * @throws ConfigError with one line when one cannot be read, or they do not belong together
 */
export function readPemFiles({ cert, key, ca }: Pem) {
  const secrets = {
    ...(cert !== undefined && { cert: readSettingFile("the certificate", cert) }),
    ...(key !== undefined && { key: readSettingFile("the private key", key) }),
    ...(ca !== undefined && { ca: readSettingFile("the certificates of the other side", ca) }),
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
