// What a TLS connection to the hub is to trust, and to show of itself: files that the flags name. Knows no hub.
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { BatonError } from "../index.ts";
import { plainly } from "./tls-words.ts";

/** Files in PEM form: whom to trust in place of the system's authorities, and an own certificate with its key. */
export type TrustFiles = { ca?: string; cert?: string; key?: string };

/** What those files hold, as `node:tls` takes it. */
export type Trust = { ca?: string; cert?: string; key?: string };

/**
 * Reads the files.
 *
 * @throws BatonError INVALID_MESSAGE for one that cannot be read or holds nothing, and for a certificate without a key
 */
export function readTrust({ ca, cert, key }: TrustFiles): Trust {
  if ((cert === undefined) !== (key === undefined))
    throw new BatonError("INVALID_MESSAGE", "--cert and --key go together");
  const files = Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined);
  return Object.fromEntries(files.map(([flag, file = ""]) => [flag, readPem(`--${flag}`, file)]));
}

function readPem(flag: string, file: string): string {
  const text = readText(flag, file);
  // Without any certificate Node would trust what the system trusts.
  if (!text.includes("-----BEGIN "))
    throw new BatonError("INVALID_MESSAGE", `${flag} ${file} holds nothing in PEM form`);
  return text;
}

function readText(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new BatonError("INVALID_MESSAGE", `${flag} ${file} cannot be read`, { cause });
  }
}

/** A `fetch` that trusts so, and says in the words of our flags why it cannot. */
export function fetchTrusting(trust: Trust): typeof globalThis.fetch {
  const fetch = platformFetch(trust);
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      const said = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
      const plain = plainly(said, input instanceof Request ? input.url : String(input));
      throw plain === said ? error : new Error(plain);
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The platform's own where nothing is to be trusted but what the system trusts. */
function platformFetch(trust: Trust): typeof globalThis.fetch {
  if (Object.keys(trust).length === 0) return globalThis.fetch;
  return async (input, init) => {
    const asked = new Request(input, init);
    if (!asked.url.startsWith("https:")) return globalThis.fetch(asked);
    const body = Buffer.from(await asked.arrayBuffer());
    const { method, signal } = asked;
    const headers = Object.fromEntries(asked.headers);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(asked.url, { method, headers, signal, ...trust }, resolve)
        .once("error", reject)
        .end(body);
    });
    return responseOf(answer);
  };
}

const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 500, headersDistinct } = answer;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct))
    for (const value of values) headers.append(name, value);
  if (bodiless.has(status)) return new Response(null, { status, headers });
  return new Response(answer, { status, headers });
}
