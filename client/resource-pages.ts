// What a hub says of its resources over HTTP, and what an admin may do to them there. Knows no socket and no session.
import {
  decodeReferencePage,
  decodeReferrerPage,
  decodeRefusal,
  decodeResourcePage,
  decodeResourceView,
} from "../shared/pages.ts";
import type { ResourceRow, ResourceView } from "../shared/protocol.ts";
import { BatonError, statusError } from "./baton-error.ts";

/** Where the pages are, and how they are asked for. */
export type PageParts = {
  /** Without a path and without a slash at its end. */
  url: string;
  token(): Promise<string | undefined>;
  fetch: typeof globalThis.fetch;
};

/** What every such call takes. */
export type PageOptions = { signal?: AbortSignal | undefined };

type Call = {
  method: string;
  path: string;
  query: Record<string, string>;
  body?: unknown;
  signal: AbortSignal | undefined;
};

/** The HTTP side of a hub. */
export class ResourcePages {
  readonly #parts: PageParts;

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** One resource whole; undefined when the hub has nothing of it. */
  async info(resource: string, signal: AbortSignal | undefined): Promise<ResourceView | undefined> {
    const response = await this.#call({ method: "GET", path: "/v1/resource", query: { name: resource }, signal });
    const text = await response.text();
    if (response.status === 404 && decodeRefusal(text) !== undefined) return undefined;
    return read(decodeResourceView, response, text);
  }

  /** All resources whose names begin so, page by page, by name. */
  async *list(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ResourceRow, void, undefined> {
    const pages = this.#pages("/v1/resources", { prefix }, decodeResourcePage, signal);
    for await (const { resources } of pages) yield* resources;
  }

  /** All nodes that reference a resource, page by page, by name. */
  async *referrers(name: string, signal: AbortSignal | undefined): AsyncGenerator<string, void, undefined> {
    const pages = this.#pages("/v1/references", { name }, decodeReferrerPage, signal);
    for await (const { nodes } of pages) yield* nodes;
  }

  /** All that is referenced, of a prefix or by a node, page by page, by name. */
  async *referenced(query: Record<string, string>, signal: AbortSignal | undefined) {
    const pages = this.#pages("/v1/references", query, decodeReferencePage, signal);
    for await (const { references } of pages) yield* references;
  }

  /** Takes a resource from its holders [H2]. */
  async forceRelease(resource: string, reason: string, fence: number | undefined, signal: AbortSignal | undefined) {
    const query = { name: resource };
    const body = { reason, fence };
    await this.#act({ method: "POST", path: "/v1/resource/release", query, body, signal });
  }

  /** Forgets the remembered outcome of a resource [O8]. */
  async forget(resource: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#act({ method: "DELETE", path: "/v1/resource/outcome", query: { name: resource }, signal });
  }

  /** Every page of a list, each fetched when it is wanted. */
  async *#pages<Page extends { cursor?: string | undefined }>(
    path: string,
    filter: Record<string, string>,
    decode: (text: string) => Page | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Page, void, undefined> {
    let cursor: string | undefined;
    do {
      const query = { ...filter, ...(cursor !== undefined && { cursor }) };
      const response = await this.#call({ method: "GET", path, query, signal });
      const page = read(decode, response, await response.text());
      yield page;
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  async #act(call: Call): Promise<void> {
    const response = await this.#call(call);
    const text = await response.text();
    if (!response.ok) throw refused(response, text);
  }

  async #call({ method, path, query, body, signal }: Call): Promise<Response> {
    const token = await this.#parts.token();
    const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const url = `${this.#parts.url}${path}?${String(new URLSearchParams(query))}`;
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      // Called as a function of no object: a browser's fetch refuses to be one of another's.
      const { fetch } = this.#parts;
      return await fetch(url, { method, headers, ...content, ...(signal && { signal }) });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new BatonError("UNAVAILABLE", `the hub cannot be reached at ${this.#parts.url}`, { cause });
    }
  }
}

function read<Value>(decode: (text: string) => Value | undefined, response: Response, text: string): Value {
  if (!response.ok) throw refused(response, text);
  const value = decode(text);
  if (value === undefined) throw new BatonError("UNAVAILABLE", `${response.url} did not answer as a hub does`);
  return value;
}

function refused({ status }: Response, text: string): BatonError {
  const refusal = decodeRefusal(text);
  return statusError(status, refusal?.code, refusal?.message ?? `the hub answered with HTTP status ${status}`);
}
