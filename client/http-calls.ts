// Calls of a hub's HTTP side: the token, the answers by their forms, the refusals, one page after the other. Knows no path.
import { decodePage, refusal, type Form } from "../shared/pages.ts";
import { BatonError, statusError } from "./baton-error.ts";
import { Listing } from "./listing.ts";

/** Where the HTTP side is, and how it is asked. */
export type HttpParts = {
  /** Of the hub, or of hubs that share one book; each without a path and without a slash at its end. */
  urls: readonly string[];
  token(): Promise<string | undefined>;
  fetch: typeof globalThis.fetch;
};

/** One call: the method, the path, what stands in the query, what is sent as JSON. */
export type Call = {
  method: "GET" | "POST" | "DELETE";
  path: string;
  query: Record<string, string>;
  body?: object;
  signal: AbortSignal | undefined;
};

/** The HTTP side of a hub. */
export class HttpCalls {
  readonly #parts: HttpParts;
  /** The hub that is asked: a place in the list. */
  #hub = 0;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /**
   * Calls, and reads the answer.
   *
   * @throws BatonError with the code of the refusal; UNAVAILABLE when there is no hub; the signal's reason
   */
  async call<Answer>(call: Call, form: Form<Answer>): Promise<Answer> {
    const { response, text } = await this.#send(call);
    if (!response.ok) throw refusalOf(response, text);
    const answer = decodePage(form, text);
    if (answer === undefined) throw strange(response);
    return answer;
  }

  /**
   * Opens a stream of server-sent events.
   *
   * @throws BatonError with the code of the refusal; UNAVAILABLE when there is no hub; the signal's reason
   */
  async stream(call: Omit<Call, "method">): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch({ ...call, method: "GET" });
    if (!response.ok) throw refusalOf(response, await response.text());
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (isStream && response.body !== null) return response.body;
    await response.body?.cancel();
    throw strange(response);
  }

  /** What stands in all pages of a list. */
  list<Page extends { cursor?: string | undefined }, Entry>(
    call: Omit<Call, "method">,
    form: Form<Page>,
    entriesOf: (page: Page) => readonly Entry[],
  ): Listing<Entry> {
    return new Listing(() => this.#entries(call, form, entriesOf));
  }

  async *#entries<Page extends { cursor?: string | undefined }, Entry>(
    call: Omit<Call, "method">,
    form: Form<Page>,
    entriesOf: (page: Page) => readonly Entry[],
  ): AsyncGenerator<Entry, void, undefined> {
    let cursor: string | undefined;
    do {
      const query = { ...call.query, ...(cursor !== undefined && { cursor }) };
      const page = await this.call({ ...call, method: "GET", query }, form);
      yield* entriesOf(page);
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  async #send(call: Call): Promise<{ response: Response; text: string }> {
    const response = await this.#fetch(call);
    try {
      return { response, text: await response.text() };
    } catch (cause) {
      throw this.#unreachable(call, cause);
    }
  }

  async #fetch(call: Call): Promise<Response> {
    const { method, path, query, body, signal } = call;
    const token = await this.#parts.token();
    const headers = new Headers(body === undefined ? {} : { "content-type": "application/json" });
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    // Called as a function of no object: a browser's fetch refuses to be one of another's.
    const { fetch, urls } = this.#parts;
    // What may have been done must not be done twice: only what can be is asked of the next hub.
    if (method === "POST" && urls.length > 1) await this.#fetch({ method: "GET", path: "/healthz", query: {}, signal });
    const target = `${path}?${String(new URLSearchParams(query))}`;
    for (let left = method === "POST" ? 1 : urls.length; ; left -= 1) {
      try {
        return await fetch(`${this.#url}${target}`, { method, headers, ...content, ...(signal && { signal }) });
      } catch (cause) {
        if (left <= 1 || signal?.aborted) throw this.#unreachable(call, cause);
        this.#hub = (this.#hub + 1) % urls.length;
      }
    }
  }

  get #url(): string {
    return this.#parts.urls[this.#hub] ?? "";
  }

  #unreachable({ signal }: Call, cause: unknown): BatonError {
    signal?.throwIfAborted();
    const where = this.#parts.urls.join(", ");
    return new BatonError("UNAVAILABLE", `the hub cannot be reached at ${where}: ${rootOf(cause)}`, { cause });
  }
}

/** Whatever answers there is no hub. */
function strange({ url }: Response): BatonError {
  return new BatonError("UNAVAILABLE", `${url} did not answer as a hub does`);
}

/** What is at the bottom of a failure: `fetch` itself says no more than that it failed. */
function rootOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  if (error instanceof Error) return error.cause === undefined ? error.message : rootOf(error.cause);
  return String(error);
}

function refusalOf({ status }: Response, text: string): BatonError {
  const refused = decodePage(refusal, text);
  return statusError(status, refused?.code, refused?.message ?? `the hub answered with HTTP status ${status}`);
}
