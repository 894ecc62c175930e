// Which gate a hub has, by its settings, and how what the gate goes by is read again. Knows no token and no socket.
import type { JWTVerifyGetKey } from "jose";
import { openGate, type Gate } from "./access.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { JwtGate, keysAt, keysIn } from "./jwt-gate.ts";
import { readSettingFile } from "./setting-sources.ts";
import { readTokens } from "./token-file.ts";
import { TokenGate } from "./token-gate.ts";

/** A gate, and what has it go by its files as they are by now, if it has any; that throws a ConfigError and changes nothing if one is bad. */
export type ReloadableGate = { readonly gate: Gate; readonly reload: (() => void) | undefined };

/**
 * The gate that the settings ask for.
 * @throws ConfigError with one line when its file cannot be read, or is not of its form
 */
export function gateOf({ tokens, jwks, jwtAudience, jwtIssuer }: Config, clock: Clock): ReloadableGate {
  if (tokens !== undefined) {
    const read = () => readTokens(readSettingFile("the file of tokens", tokens), tokens);
    const gate = new TokenGate(read(), clock);
    return { gate, reload: () => gate.replace(read()) };
  }
  if (jwks !== undefined && jwtAudience !== undefined && jwtIssuer !== undefined) {
    const gate = new JwtGate(keysOf(jwks, clock), { audience: jwtAudience, issuer: jwtIssuer }, clock);
    return { gate, reload: () => gate.replace(keysOf(jwks, clock)) };
  }
  return { gate: openGate, reload: undefined };
}

function keysOf(jwks: string, clock: Clock): JWTVerifyGetKey {
  return /^https?:/i.test(jwks) ? keysAt(jwks, clock) : keysIn(readSettingFile("the key set", jwks), jwks);
}
