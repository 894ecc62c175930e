// Somebody who signs JSON Web Tokens for tests, with a file of its keys. Knows no hub.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** What a hub is told of the issuer. */
const terms = { jwtAudience: "baton", jwtIssuer: "https://issuer.example" };

/** An issuer whose file goes away with the test. */
export type JwtIssuer = AsyncDisposable & {
  /** The settings of a hub that lets in by its tokens. */
  readonly settings: { jwks: string; jwtAudience: string; jwtIssuer: string };
  /** A token that is good for so many milliseconds, or a second more: its time is in whole seconds. */
  sign(claims: JWTPayload, forMs: number): Promise<string>;
  /** Takes its keys out of the file. */
  withdraw(): Promise<void>;
};

/** Makes an issuer. */
export async function jwtIssuer(): Promise<JwtIssuer> {
  const folder = await mkdtemp(join(tmpdir(), "baton-jwt-"));
  const jwks = join(folder, "keys.json");
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const write = (keys: object[]) => writeFile(jwks, JSON.stringify({ keys }));
  await write([{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }]);
  return {
    settings: { jwks, ...terms },
    sign: (claims, forMs) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "k1" })
        .setAudience(terms.jwtAudience)
        .setIssuer(terms.jwtIssuer)
        .setExpirationTime(Math.ceil((Date.now() + forMs) / 1_000))
        .sign(privateKey),
    withdraw: () => write([]),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
