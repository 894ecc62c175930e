// How a request is ended: the text of a cancel or a release, and who waits to hear that it arrived. Knows no connection.
import { encode, type ClientMessageInput, type Failure } from "../shared/protocol.ts";
import { nestsWithin, utf8Bytes } from "../shared/text.ts";
import { BatonError } from "./baton-error.ts";
import { checkDuration, type Bounds } from "./bounds.ts";
import type { FailOptions } from "./hold.ts";

// Nobody reads a longer one, and six bytes a character, the most that JSON makes of one, fit every frame.
const failureCharactersMax = 4_096;

/** What a release has beside its result, in bytes, with the longest id. */
const releaseBytesMax = 80;

/** The last word about a request. */
export type Farewell = {
  readonly text: string;
  /** Of a success it matters that nobody knows if the hub has heard it; what is bare has nothing in it that a hub could refuse. */
  readonly kind: "success" | "failure" | "bare";
  readonly heard: Heard;
};

/** PromiseWithResolvers, spelled out: those who use the SDK may compile without the library of ES2024. */
type Heard = { promise: Promise<void>; resolve: (value?: undefined) => void; reject: (reason: unknown) => void };

/** A cancel, or a release that says nothing of the work. */
export function farewell(message: ClientMessageInput): Farewell {
  return { text: encode(message), kind: "bare", heard: Promise.withResolvers() };
}

/** What is said when the hub has refused the words of a farewell: that must not keep the resource from the others. */
export function wordless(id: number, { heard }: Farewell): Farewell {
  return { ...farewell({ type: "release", id, outcome: "failure" }), heard };
}

/**
 * A release with success.
 *
 * @throws BatonError INVALID_MESSAGE when the result is no JSON, has too many bytes or nests too deep
 */
export function successFarewell(id: number, result: unknown, bounds: Bounds): Farewell {
  const json = result === undefined ? undefined : jsonText(result);
  // Its message has to fit a frame, whatever the hub takes as a result.
  const bytesMax = Math.min(bounds.resultBytesMax, bounds.frameBytesMax - releaseBytesMax);
  const bytes = json === undefined ? 0 : bytesOver(json, bytesMax);
  if (bytes > bytesMax) {
    throw new BatonError("INVALID_MESSAGE", `the result has ${bytes} bytes as JSON; the hub takes at most ${bytesMax}`);
  }
  // Its message has braces of its own.
  const depthMax = bounds.jsonDepthMax - 1;
  if (json !== undefined && json.length > 2 * depthMax && !nestsWithin(JSON.parse(json), depthMax)) {
    throw new BatonError("INVALID_MESSAGE", `the result nests more than ${depthMax} deep; the hub takes no more`);
  }
  // By hand, as the result is text already.
  const text = `{"type":"release","id":${id},"outcome":"success"${json === undefined ? "" : `,"result":${json}`}}`;
  return { text, kind: "success", heard: handled() };
}

/**
 * A release with failure.
 *
 * @throws BatonError INVALID_MESSAGE when `retryAfterMs` is no duration
 */
export function failureFarewell(id: number, error: unknown, options: FailOptions, bounds: Bounds): Farewell {
  checkDuration("retryAfterMs", options.retryAfterMs);
  const { retry, retryAfterMs } = options;
  const said = retry === false ? false : undefined;
  const message = { id, error: failureOf(error, bounds), retry: said, retryAfterMs } as const;
  return { ...farewell({ type: "release", outcome: "failure", ...message }), kind: "failure" };
}

/**
 * A release of what its holder could not be sure of [S12]. The work may still be going on, so the hub is to wait as it would
 * for a session that has ended [S6].
 */
export function unsureFarewell(id: number, error: BatonError, hub: { lockDelayMs: number; bounds: Bounds }): Farewell {
  const retryAfterMs = hub.lockDelayMs > 0 ? hub.lockDelayMs : undefined;
  return failureFarewell(id, error, { retryAfterMs }, hub.bounds);
}

// `{"message":"","code":""}`; a character takes at most six bytes of JSON, and there are two texts.
const failureFormBytes = 24;

/** What is told of an error: its message and its code if that is text, cut to what the hub takes. */
function failureOf(error: unknown, bounds: Bounds): Failure {
  const charactersMax = Math.min(
    failureCharactersMax,
    Math.max(0, Math.floor((bounds.resultBytesMax - failureFormBytes) / 12)),
  );
  const cut = (text: string) => text.slice(0, charactersMax).toWellFormed();
  const message = cut(error instanceof Error ? error.message : String(error));
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? { message, code: cut(code) } : { message };
}

function jsonText(result: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(result);
  } catch (cause) {
    throw new BatonError("INVALID_MESSAGE", `the result is no JSON: ${String(cause)}`, { cause });
  }
  if (text === undefined) throw new BatonError("INVALID_MESSAGE", `the result is no JSON: a ${typeof result}`);
  return text;
}

/** The bytes of a text, counted only when they might be more than that. */
function bytesOver(text: string, bytesMax: number): number {
  return text.length * 3 <= bytesMax ? text.length : utf8Bytes(text);
}

/** A promise that need not be waited for: what ends a lock is heard by its signal, and must not end the process. */
export function handled(): Heard {
  const heard = Promise.withResolvers<void>();
  heard.promise.catch(() => {});
  return heard;
}
