// The gate of a hub that lets in by JSON Web Tokens (RFC 7519) that others sign. Knows their keys by a key set (RFC 7517), from
// a URL or a file; no socket.
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";
import { isName } from "../shared/text.ts";
import { accessNameBytesMax, type Access, type Gate } from "./access.ts";
import type { Clock } from "./clock.ts";
import { ConfigError } from "./setting-sources.ts";
import { isPrefix, isRole } from "./token-file.ts";

/** What a token must say to be for this hub. */
export type JwtTerms = { readonly audience: string; readonly issuer: string };

// With a shared secret whoever checks a token could make one; and `none` is none.
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
// A key set is fetched when it is needed: when it is older than that, and for a key that is not in it, which `keysAt` sees to.
const fetching = { timeoutDuration: 5_000, cooldownDuration: Infinity, cacheMaxAge: 600_000 };
const fetchPauseMs = 1_000;
// How far the clock of the issuer may be ahead of this machine's. None lets a token live on after it has expired.
const clockToleranceSeconds = 5;

/** The gate of tokens that are signed by the keys of a key set. */
export class JwtGate implements Gate {
  readonly isOpen = false;
  readonly #terms: JwtTerms;
  readonly #clock: Pick<Clock, "nowMs" | "wallMicroseconds">;
  #keys: JWTVerifyGetKey;

  constructor(keys: JWTVerifyGetKey, terms: JwtTerms, clock: Pick<Clock, "nowMs" | "wallMicroseconds">) {
    this.#keys = keys;
    this.#terms = terms;
    this.#clock = clock;
  }

  /** Puts other keys in the place of those in force; what was let in by the old ones stays until its token expires. */
  replace(keys: JWTVerifyGetKey): void {
    this.#keys = keys;
  }

  async identify(token: string | undefined): Promise<Access | undefined> {
    if (token === undefined) return undefined;
    const wallMs = this.#clock.wallMicroseconds() / 1_000;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        ...this.#terms,
        algorithms,
        requiredClaims: ["exp", "sub"],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(wallMs),
      });
      return this.#accessOf(payload, wallMs);
    } catch (error) {
      if (isTokensFault(error)) return undefined;
      throw error;
    }
  }

  present(access: Access): Access | undefined {
    return (access.expiresAtMs ?? Infinity) > this.#clock.nowMs() ? access : undefined;
  }

  #accessOf(payload: JWTPayload, wallMs: number): Access | undefined {
    const { sub: name, exp } = payload;
    const role = claimOf(payload, "role");
    // What is said counts, even if it is null: that is no list, and lets nobody in.
    const said = claimOf(payload, "prefixes");
    const prefixes = said === undefined ? [""] : said;
    if (typeof name !== "string" || !isName(name, accessNameBytesMax) || exp === undefined || !isRole(role))
      return undefined;
    if (!Array.isArray(prefixes) || !prefixes.every(isPrefix)) return undefined;
    const leftMs = exp * 1_000 - wallMs;
    return leftMs > 0 ? { name, role, prefixes, expiresAtMs: this.#clock.nowMs() + leftMs } : undefined;
  }
}

/** What a token says under Baton's own name, or else under the plain one; null is said too. */
function claimOf(payload: JWTPayload, name: string): unknown {
  const own = payload[`baton_${name}`];
  return own === undefined ? payload[name] : own;
}

/**
 * The keys at a URL, fetched when they are needed, at most once a second. That a key is unknown counts only when they were
 * fetched after it was asked for: until then whoever asks is told that they cannot be had.
 */
export function keysAt(url: string, clock: Pick<Clock, "nowMs">): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url), fetching);
  let nextMs = -Infinity;
  /** How many fetches have begun, and the number of the last one that is done. */
  let [begun, done] = [0, 0];
  /** Has the keys fetched, or waits for them if they are on their way. */
  const renew = async () => {
    if (!keys.reloading) {
      if (clock.nowMs() < nextMs) throw new Error("the keys were asked for a moment ago");
      nextMs = clock.nowMs() + fetchPauseMs;
      begun += 1;
    }
    const number = begun;
    await keys.reload();
    done = Math.max(done, number);
  };
  return async (header, token) => {
    for (const before = begun; ; await renew()) {
      const isNew = done > before;
      try {
        if (keys.fresh) return await keys(header, token);
      } catch (error) {
        if (isNew || !(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
  };
}

/**
 * The keys in the text of a file.
 * @throws ConfigError with one line
 */
export function keysIn(text: string, file: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(text));
  } catch {
    throw new ConfigError(`the key set ${file} must be JSON {"keys": [a JSON Web Key, …]}`);
  }
}

/** Whether it is the token that is wrong, and not the way to the keys. */
function isTokensFault(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false;
  const { code } = error;
  return code !== errors.JWKSTimeout.code && code !== errors.JWKSInvalid.code && code !== errors.JOSEError.code;
}
