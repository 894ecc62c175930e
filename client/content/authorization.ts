// How a registry wants to be asked: no word, Basic, or a bearer token fetched from the place that it names.
// Knows neither manifests nor blobs.
import * as z from "zod/mini";
import { ContentError } from "./content-error.ts";
import type { Credentials } from "./credentials.ts";
import { checkAnswer, fetchFrom, readBounded, type Fetch } from "./exchange.ts";
import { parseJson } from "../../shared/json-text.ts";
import { manifestBytesMax } from "./limits.ts";

/** What a 401 asks for. */
export type Challenge = { scheme: "basic" } | { scheme: "bearer"; realm: string; service?: string; scope?: string };

const tokenForm = z.object({ token: z.optional(z.string()), access_token: z.optional(z.string()) });

/** Reads a WWW-Authenticate header; undefined when it names no scheme that is spoken here. */
export function parseChallenge(header: string | null): Challenge | undefined {
  if (header === null) return undefined;
  const bearer = /(?:^|[\s,])bearer\s+(.*)$/i.exec(header)?.[1];
  if (bearer === undefined) return /(?:^|[\s,])basic(?:\s|$)/i.test(header) ? { scheme: "basic" } : undefined;
  const fields = new Map<string, string>();
  for (const [, key = "", quoted, bare] of bearer.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    fields.set(key.toLowerCase(), quoted === undefined ? (bare ?? "") : quoted.replaceAll(/\\(.)/g, "$1"));
  }
  const realm = fields.get("realm");
  if (realm === undefined) return undefined;
  const service = fields.get("service");
  const scope = fields.get("scope");
  return {
    scheme: "bearer",
    realm,
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** What one repository's requests say of themselves; it learns from the first 401 and again when a token has expired. */
export class Authorization {
  readonly #options: { repository: string; credentials?: Credentials | undefined; insecureHttp: boolean; fetch: Fetch };
  #header: string | undefined;
  #renewal: Promise<void> | undefined;

  constructor(options: {
    repository: string;
    credentials?: Credentials | undefined;
    insecureHttp: boolean;
    fetch: Fetch;
  }) {
    this.#options = options;
  }

  /** The Authorization header to send just now; undefined for none. */
  get header(): string | undefined {
    return this.#header;
  }

  /**
   * Answers a 401 that came to a request with the header `used`. Many requests that meet it at one moment fetch one
   * token. Throws DENIED when there is no answer that was not given already.
   */
  async renew(challengeHeader: string | null, used: string | undefined, signal: AbortSignal): Promise<void> {
    if (this.#header !== used) return;
    this.#renewal ??= this.#learn(parseChallenge(challengeHeader), used, signal);
    await this.#renewal;
  }

  async #learn(challenge: Challenge | undefined, used: string | undefined, signal: AbortSignal): Promise<void> {
    try {
      this.#header = await this.#fetchHeader(challenge, used, signal);
    } finally {
      this.#renewal = undefined;
    }
  }

  async #fetchHeader(challenge: Challenge | undefined, used: string | undefined, signal: AbortSignal): Promise<string> {
    const { credentials, repository } = this.#options;
    const signIn = credentials === undefined ? "sign in by docker login first" : "the saved sign-in is not enough";
    if (challenge === undefined) throw new ContentError("DENIED", `${repository} is not allowed: ${signIn}`);
    if (challenge.scheme === "basic") {
      const header = credentials === undefined ? undefined : `Basic ${credentials.basic}`;
      if (header === undefined || header === used) {
        throw new ContentError("DENIED", `${repository} wants a name and a password: ${signIn}`);
      }
      return header;
    }
    return `Bearer ${await this.#fetchToken(challenge, signal)}`;
  }

  async #fetchToken(challenge: Challenge & { scheme: "bearer" }, signal: AbortSignal): Promise<string> {
    const { credentials, repository, insecureHttp, fetch } = this.#options;
    const url = URL.canParse(challenge.realm) ? new URL(challenge.realm) : undefined;
    if (url === undefined || (url.protocol !== "https:" && !(insecureHttp && url.protocol === "http:"))) {
      const realm = JSON.stringify(challenge.realm.slice(0, 200));
      throw new ContentError("DENIED", `the registry sends for a token to ${realm}, which is no https address`);
    }
    if (challenge.service !== undefined) url.searchParams.set("service", challenge.service);
    url.searchParams.set("scope", challenge.scope ?? `repository:${pathIn(repository)}:pull`);
    const headers: Record<string, string> =
      credentials === undefined ? {} : { authorization: `Basic ${credentials.basic}` };
    const response = await fetchFrom(fetch, url, { headers, signal });
    await checkAnswer(response, `a token for ${repository} at ${url.host}`);
    const answer = tokenForm.safeParse(parseJson(await readBounded(response, manifestBytesMax, url.host)));
    const token = answer.success ? (answer.data.token ?? answer.data.access_token) : undefined;
    if (token === undefined) throw new ContentError("REGISTRY_FAULT", `${url.host} answered without a token`);
    return token;
  }
}

/** A repository as its registry names it, without the registry. */
function pathIn(repository: string): string {
  return repository.slice(repository.indexOf("/") + 1);
}
