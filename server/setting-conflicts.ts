// Which settings may not stand together, or not alone. Knows no form and no source but what to call it.
import type { Config } from "./config.ts";
import { isLoopback } from "./forms.ts";
import { ConfigError } from "./setting-sources.ts";

/**
 * Refuses settings that are each right and wrong together.
 * @param sources where each setting came from
 * @throws ConfigError with one line
 */
export function refuseConflicts(config: Config, sources: ReadonlyMap<string, string>): void {
  refuseOpenHost(config, sources);
  const { engine, etcd, etcdUser, etcdPassword, etcdCert, etcdKey } = config;
  if (engine === "etcd" && etcd.length === 0) throw new ConfigError("the etcd engine needs --etcd: its endpoints");
  if ((etcdUser === undefined) !== (etcdPassword === undefined)) {
    throw new ConfigError("--etcd-user and --etcd-password go together");
  }
  if ((etcdCert === undefined) !== (etcdKey === undefined)) {
    throw new ConfigError("--etcd-cert and --etcd-key go together");
  }
  const { tokens, jwks, jwtAudience, jwtIssuer, tlsCert, tlsKey, tlsCa } = config;
  const named = (name: string) => sources.get(name) ?? name;
  if (tokens !== undefined && jwks !== undefined) {
    throw new ConfigError(`${named("jwks")} stands in the place of ${named("tokens")}: give one of them`);
  }
  if (jwks !== undefined && (jwtAudience === undefined || jwtIssuer === undefined)) {
    const why = "without them a token that was made for another service would let in";
    throw new ConfigError(`${named("jwks")} needs --jwt-audience and --jwt-issuer: ${why}`);
  }
  for (const [name, value] of Object.entries({ "jwt-audience": jwtAudience, "jwt-issuer": jwtIssuer })) {
    if (value !== undefined && jwks === undefined) throw new ConfigError(`${named(name)} is of no use without --jwks`);
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ConfigError(
      `${named(tlsCert === undefined ? "tls-key" : "tls-cert")}: --tls-cert and --tls-key go together`,
    );
  }
  if (tlsCa !== undefined && tlsCert === undefined) {
    throw new ConfigError(`${named("tls-ca")} needs --tls-cert and --tls-key`);
  }
}

function refuseOpenHost({ insecure, host, tokens, jwks }: Config, sources: ReadonlyMap<string, string>): void {
  if (insecure || isLoopback(host) || tokens !== undefined || jwks !== undefined) return;
  throw new ConfigError(
    `${sources.get("host")} ${host} lets other machines in, and nobody is asked for a token; give --tokens FILE or --jwks, ` +
      "choose a loopback address (127.0.0.1, ::1, localhost), or say --insecure to let anybody in",
  );
}
