// The port that a hub answers at: plain or TLS, opened, given other certificates, closed. Knows no request.
import { X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Config } from "./config.ts";
import { isKnock } from "./doorway.ts";
import type { Logger } from "./log.ts";
import { readPemFiles, type Pem } from "./pem-files.ts";

/** A port and what happens at it. */
export type Port = {
  /** Where upgrades and requests come out. */
  readonly server: Server;
  readonly isSecure: boolean;
  /** The names on the certificate by now: no stranger's DNS makes a browser believe that it is called by one of them. */
  names(this: void): readonly string[];
  /** Listens; rejects when it cannot. */
  listen(this: void, host: string, port: number): Promise<AddressInfo>;
  /** Reads the certificates again, for whoever connects from now on; throws a ConfigError and changes nothing if one is bad. */
  readonly reload: (() => void) | undefined;
  /** Cuts all connections off and listens no more. */
  close(this: void): Promise<void>;
};

// How often connections without a whole request are looked for, at least.
const checkMsMax = 1_000;

/**
 * Makes a port that is not open yet; TLS if the settings name a certificate.
 * @throws ConfigError with one line when a certificate or key cannot be read, or they do not belong together
 */
export function openPort(config: Config, log: Logger): Port {
  const { headersMsMax } = config.limits;
  const manners = {
    headersTimeout: headersMsMax,
    requestTimeout: headersMsMax,
    connectionsCheckingInterval: Math.max(1, Math.min(checkMsMax, Math.floor(headersMsMax / 4))),
    // Who says no Host is told so, as one who says a wrong one.
    requireHostHeader: false,
    shouldUpgradeCallback: isKnock,
  };
  const secrets = secretsOf(config);
  let names = namesOn(secrets);
  const tls =
    secrets && createTlsServer({ ...secrets, ...clientsAsked(config), handshakeTimeout: headersMsMax, ...manners });
  tls?.on("tlsClientError", (error, socket) => {
    const { authorizationError: why } = socket;
    // Whoever shows a certificate is hardly a stranger that tries doors.
    if (why) log.info({ why: String(why) }, "the certificate of a client was refused");
    else log.debug({ error: error.message }, "a TLS handshake failed");
    socket.destroy();
  });
  const server = tls ?? createServer(manners);
  // Those that are no requests yet, as in a handshake, are unknown to the server's own list.
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  return {
    server,
    isSecure: tls !== undefined,
    names: () => names,
    listen: (host, port) => listenOn(server, host, port),
    reload:
      tls &&
      (() => {
        const renewed = secretsOf(config);
        if (renewed !== undefined) tls.setSecureContext(renewed);
        names = namesOn(renewed);
      }),
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function clientsAsked({ tlsCa }: Config): { requestCert: boolean; rejectUnauthorized: boolean } {
  return { requestCert: tlsCa !== undefined, rejectUnauthorized: tlsCa !== undefined };
}

/** The names on a certificate, as a URL has them. */
function namesOn(secrets: Pem | undefined): string[] {
  if (secrets?.cert === undefined) return [];
  const { subjectAltName = "" } = new X509Certificate(secrets.cert);
  return subjectAltName.split(", ").flatMap((entry) => /^DNS:([\w.-]+)$/.exec(entry)?.[1]?.toLowerCase() ?? []);
}

/** What the certificates of the settings hold, tried out; undefined without any. */
function secretsOf({ tlsCert, tlsKey, tlsCa }: Config) {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  return { minVersion: "TLSv1.2" as const, ...readPemFiles({ cert: tlsCert, key: tlsKey, ca: tlsCa }) };
}

function listenOn(server: Server | TlsServer, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off("error", reject);
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address);
    });
  });
}
