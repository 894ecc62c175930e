// One request and its answer over `fetch`, with faults named: unreachable, dropped, refused, too many requests.
// Knows HTTP; knows neither images nor tokens.
import { durationMsMax } from "../../shared/limits.ts";
import { ContentError, codeOf, type ContentCode } from "./content-error.ts";
import { manifestBytesMax, retryAfterMsDefault } from "./limits.ts";

/** The part of the platform's `fetch` that is used. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** Sends one request; throws UNREACHABLE when no answer came, or what the signal says when it was aborted. */
export async function fetchFrom(
  fetch: Fetch,
  url: URL,
  init: RequestInit & { signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal.throwIfAborted();
    const reason = deepestReason(error);
    const hint = /WRONG_VERSION_NUMBER|packet length too long|ERR_SSL/i.test(reason)
      ? "; if it speaks plain HTTP, say --insecure-http"
      : "";
    throw new ContentError("UNREACHABLE", `${url.origin} cannot be reached: ${reason}${hint}`, { cause: error });
  }
}

/** Throws what a status that is no success means: the code, what was asked, and what the registry says of it. */
export async function checkAnswer(response: Response, what: string): Promise<void> {
  if (response.ok) return;
  const retryAfter = response.headers.get("retry-after");
  const said = await readRefusal(response);
  const message = `${what}: the registry answers ${response.status}${said}`;
  if (response.status === 429 || (response.status === 503 && retryAfter !== null)) {
    const retryAfterMs = parseRetryAfter(retryAfter, Date.now()) ?? retryAfterMsDefault;
    throw new ContentError("RATE_LIMITED", `${message}; it asks to wait ${Math.ceil(retryAfterMs / 1000)} s`, {
      retryAfterMs,
    });
  }
  const { code, hint } = meaningOf(response.status);
  throw new ContentError(code, `${message}${hint}`);
}

/** Reads a Retry-After header, seconds or a date, in milliseconds from `nowMs` (wall clock), at most 24 h [B4]. */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(Math.ceil(ms), 0), durationMsMax);
}

/** Reads a whole answer of at most `bytesMax` bytes; throws REGISTRY_FAULT for a longer one. */
export async function readBounded(response: Response, bytesMax: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new ContentError("REGISTRY_FAULT", `${what} answers more than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ContentError ? error : dropped(error, what);
  }
  return Buffer.concat(chunks);
}

/** Names a connection that ended before its answer did. */
export function dropped(error: unknown, what: string): ContentError {
  return new ContentError("DROPPED", `the registry dropped ${what}: ${deepestReason(error)}`, { cause: error });
}

/** Gives up what is left of an answer that nobody will read. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function meaningOf(status: number): { code: ContentCode; hint: string } {
  if (status === 401 || status === 403) return { code: "DENIED", hint: "; check the name, or sign in by docker login" };
  if (status === 404) return { code: "NOT_FOUND", hint: "; check the name and the tag" };
  if (status >= 500) return { code: "REGISTRY_FAULT", hint: "" };
  return { code: "UNSUPPORTED", hint: "" };
}

async function readRefusal(response: Response): Promise<string> {
  try {
    const text = new TextDecoder().decode(await readBounded(response, manifestBytesMax, response.url));
    const said = /"message"\s*:\s*"((?:[^"\\]|\\.){1,200})/.exec(text)?.[1];
    // A registry's words reach terminals and logs: nothing in them may drive one.
    return said === undefined ? "" : ` (${said.replaceAll(/[^\u0020-\u007e]/g, "?")})`;
  } catch {
    return "";
  }
}

function deepestReason(error: unknown): string {
  let reason = error instanceof Error ? error : undefined;
  while (reason?.cause instanceof Error) reason = reason.cause;
  if (reason === undefined) return String(error);
  const code = codeOf(reason);
  return code === undefined || reason.message.includes(code)
    ? reason.message || (code ?? reason.name)
    : `${reason.message} (${code})`;
}
