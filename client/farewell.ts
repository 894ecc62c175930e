// How a request is ended: the text of a cancel or a release, and who waits to hear that it arrived. Knows no connection.
import { encode, type ClientMessageInput, type Failure } from "../shared/protocol.ts";
import { utf8Bytes } from "../shared/text.ts";
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
  /** Whether it matters that nobody knows if the hub has heard it. */
  readonly isSuccess: boolean;
  readonly heard: PromiseWithResolvers<void>;
};

/** A farewell that is not success. */
export function farewell(message: ClientMessageInput): Farewell {
  return { text: encode(message), isSuccess: false, heard: Promise.withResolvers() };
}

/**
 * A release with success.
 *
 * @throws BatonError INVALID_MESSAGE when the result is no JSON or has too many bytes
 */
export function successFarewell(id: number, result: unknown, bounds: Bounds): Farewell {
  const json = result === undefined ? undefined : jsonText(result);
  // Its message has to fit a frame, whatever the hub takes as a result.
  const bytesMax = Math.min(bounds.resultBytesMax, bounds.frameBytesMax - releaseBytesMax);
  const bytes = json === undefined ? 0 : bytesOver(json, bytesMax);
  if (bytes > bytesMax) {
    throw new BatonError("INVALID_MESSAGE", `the result has ${bytes} bytes as JSON; the hub takes at most ${bytesMax}`);
  }
  // By hand, as the result is text already.
  const text = `{"type":"release","id":${id},"outcome":"success"${json === undefined ? "" : `,"result":${json}`}}`;
  return { text, isSuccess: true, heard: handled() };
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
  return farewell({
    type: "release",
    id,
    outcome: "failure",
    error: failureOf(error, bounds),
    retry: said,
    retryAfterMs,
  });
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
export function handled(): PromiseWithResolvers<void> {
  const heard = Promise.withResolvers<void>();
  heard.promise.catch(() => {});
  return heard;
}
