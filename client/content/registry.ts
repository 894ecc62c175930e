// One repository of one registry, over plain `fetch`: what a tag means, and the bytes of what a digest names.
// Knows no hub and no store.
import { Authorization } from "./authorization.ts";
import { ContentError } from "./content-error.ts";
import type { Credentials } from "./credentials.ts";
import { digestOfBytes, isDigest } from "./digest.ts";
import { checkAnswer, discard, dropped, fetchFrom, readBounded, type Fetch } from "./exchange.ts";
import { idleMsMax, manifestBytesMax } from "./limits.ts";
import { manifestTypes } from "./manifest.ts";
import type { ImageReference } from "./reference.ts";

/** How a repository is reached. `fetch` and `idleMs` are there for tests. */
export type RegistryOptions = {
  reference: ImageReference;
  /** Speak http instead of https; a password would cross the wire in the clear. */
  insecureHttp?: boolean | undefined;
  credentials?: Credentials | undefined;
  fetch?: Fetch | undefined;
  idleMs?: number | undefined;
};

/** Under which of a registry's two doors content lies. */
export type ContentDoor = "manifests" | "blobs";

/**
 * Content on its way: from which byte on, and the bytes; they throw DROPPED when the connection ends too early. Whoever
 * does not read them all calls `cancel`.
 */
export type Delivery = { from: number; chunks: AsyncIterable<Uint8Array>; cancel(): Promise<void> };

/** What a tag means just now. */
export type Resolved = { digest: string; size: number; mediaType: string };

/** One repository of one registry. */
export class Registry {
  readonly #reference: ImageReference;
  readonly #base: string;
  readonly #authorization: Authorization;
  readonly #fetch: Fetch;
  readonly #idleMs: number;

  constructor({ reference, insecureHttp = false, credentials, fetch: given, idleMs = idleMsMax }: RegistryOptions) {
    this.#reference = reference;
    this.#base = `${insecureHttp ? "http" : "https"}://${reference.host}/v2/${reference.repository}`;
    this.#fetch = given ?? ((url, init) => fetch(url, init));
    this.#idleMs = idleMs;
    this.#authorization = new Authorization({
      repository: `${reference.registry}/${reference.repository}`,
      credentials,
      insecureHttp,
      fetch: this.#fetch,
    });
  }

  /** What the reference's digest, else its tag, means just now: by HEAD, or by GET where HEAD does not tell enough. */
  async resolve(signal: AbortSignal): Promise<Resolved> {
    const { tag = "latest", digest, name } = this.#reference;
    const url = new URL(`${this.#base}/manifests/${digest ?? tag}`);
    const patience = new Patience(this.#idleMs, signal, name);
    try {
      const head = await this.#send(url, { method: "HEAD", headers: headersFor("manifests", 0) }, patience.signal);
      const told = digest ?? head.headers.get("docker-content-digest") ?? "";
      await discard(head);
      const size = lengthOf(head);
      if (head.ok && isDigest(told) && size !== undefined) return { digest: told, size, mediaType: mediaTypeOf(head) };
      // A refusal to HEAD has no body: asking by GET as well tells what the registry has to say.
      const response = await this.#send(url, { headers: headersFor("manifests", 0) }, patience.signal);
      await checkAnswer(response, name);
      const bytes = await readBounded(response, manifestBytesMax, name);
      return { digest: digest ?? digestOfBytes(bytes), size: bytes.length, mediaType: mediaTypeOf(response) };
    } finally {
      patience.end();
    }
  }

  /**
   * Opens content by its digest, from byte `from` on. The delivery may begin at 0 instead: a registry need not know
   * ranges (200), or finds nothing from there on (416).
   */
  async open(door: ContentDoor, digest: string, from: number, signal: AbortSignal): Promise<Delivery> {
    const url = new URL(`${this.#base}/${door}/${digest}`);
    const what = `${digest} of ${this.#reference.registry}/${this.#reference.repository}`;
    const patience = new Patience(this.#idleMs, signal, what);
    try {
      let response = await this.#send(url, { headers: headersFor(door, from) }, patience.signal);
      if (response.status === 416 && from > 0) {
        await discard(response);
        response = await this.#send(url, { headers: headersFor(door, 0) }, patience.signal);
      }
      await checkAnswer(response, what);
      const begins = response.status === 206 ? rangeStart(response.headers.get("content-range")) : 0;
      if (begins !== 0 && begins !== from) {
        await discard(response);
        throw new ContentError(
          "REGISTRY_FAULT",
          `${what}: asked from byte ${from} on, the registry sends another range`,
        );
      }
      return deliver(response, begins, patience, what);
    } catch (error) {
      patience.end();
      throw error;
    }
  }

  async #send(
    url: URL,
    init: { method?: string; headers: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Response> {
    for (let tries = 0; ; tries++) {
      const used = this.#authorization.header;
      const headers = {
        ...init.headers,
        "user-agent": "baton",
        ...(used === undefined ? {} : { authorization: used }),
      };
      const response = await fetchFrom(this.#fetch, url, { ...init, headers, signal });
      if (response.status !== 401 || tries === 2) return response;
      await discard(response);
      await this.#authorization.renew(response.headers.get("www-authenticate"), used, signal);
    }
  }
}

/** Aborts a request whose other side has sent nothing for a while; time that the reader takes for itself is free. */
class Patience {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #idleMs: number;
  readonly #what: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(idleMs: number, signal: AbortSignal, what: string) {
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#idleMs = idleMs;
    this.#what = what;
    this.wait();
  }

  wait(): void {
    const message = `the registry sent nothing of ${this.#what} for ${this.#idleMs / 1000} s`;
    this.#timer = setTimeout(() => this.#controller.abort(new ContentError("DROPPED", message)), this.#idleMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function deliver(response: Response, from: number, patience: Patience, what: string): Delivery {
  const cancel = async (): Promise<void> => {
    patience.end();
    await discard(response);
  };
  return { from, chunks: chunksOf(response, patience, what), cancel };
}

async function* chunksOf(response: Response, patience: Patience, what: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const chunk of response.body ?? []) {
      patience.end();
      yield chunk;
      patience.wait();
    }
  } catch (error) {
    patience.signal.throwIfAborted();
    throw dropped(error, what);
  } finally {
    patience.end();
  }
}

function headersFor(door: ContentDoor, from: number): Record<string, string> {
  return {
    accept: door === "manifests" ? manifestTypes.join(", ") : "*/*",
    // A layer that the transport unpacks on the way has another digest.
    "accept-encoding": "identity",
    ...(from > 0 ? { range: `bytes=${from}-` } : {}),
  };
}

function rangeStart(header: string | null): number {
  const start = /^bytes (\d+)-/.exec(header ?? "")?.[1];
  return start === undefined ? Number.NaN : Number(start);
}

function mediaTypeOf(response: Response): string {
  return (response.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
}

function lengthOf(response: Response): number | undefined {
  const length = response.headers.get("content-length");
  return length !== null && /^[1-9]\d*$/.test(length) ? Number(length) : undefined;
}
