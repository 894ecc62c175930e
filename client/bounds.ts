// What a hub takes, as far as its callers can keep to it [B1][B4], and the refusal of what is past it, before it is sent.
// Knows no request.
import { defaultLimits, durationMsMax, type Limits } from "../shared/limits.ts";
import type { Progress } from "../shared/protocol.ts";
import { fitsBytes, isName } from "../shared/text.ts";
import { BatonError } from "./baton-error.ts";

/** The bounds that a caller can meet by itself. */
export type Bounds = Pick<
  Limits,
  | "frameBytesMax"
  | "resourceBytesMax"
  | "nodeBytesMax"
  | "operationBytesMax"
  | "resultBytesMax"
  | "noteBytesMax"
  | "tokenBytesMax"
  | "jsonDepthMax"
  | "permitsMax"
  | "attemptsMax"
>;

/** What a hub says of its limits in `welcome`, and the defaults where it says nothing. */
export function boundsOf(limits: Record<string, number>): Bounds {
  const bounds = { ...defaultLimits };
  for (const name of boundNames) bounds[name] = limits[name] ?? limits[name.slice(0, -"Max".length)] ?? bounds[name];
  return bounds;
}

const boundNames = [
  "frameBytesMax",
  "resourceBytesMax",
  "nodeBytesMax",
  "operationBytesMax",
  "resultBytesMax",
  "noteBytesMax",
  "tokenBytesMax",
  "jsonDepthMax",
  "permitsMax",
  "attemptsMax",
] as const satisfies (keyof Bounds)[];

/** @throws BatonError INVALID_KEY unless the text may be the name of such a thing [B5] */
export function checkName(what: string, text: string, bytesMax: number): void {
  if (isName(text, bytesMax)) return;
  throw new BatonError(
    "INVALID_KEY",
    `${what} must be 1 to ${bytesMax} bytes of well-formed text without control characters`,
  );
}

/** @throws BatonError INVALID_MESSAGE unless it is undefined or an integer in that range */
export function checkInteger(what: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max)) return;
  throw new BatonError("INVALID_MESSAGE", `${what} must be an integer from ${min} to ${max}, not ${String(value)}`);
}

/** @throws BatonError INVALID_MESSAGE unless it is undefined or milliseconds of at most a day [B4] */
export function checkDuration(what: string, ms: number | undefined): void {
  checkInteger(what, ms, 0, durationMsMax);
}

/** @throws BatonError INVALID_MESSAGE unless the text is well-formed and within its bytes */
export function checkText(what: string, text: string | undefined, bytesMax: number): void {
  if (text === undefined || (fitsBytes(text, bytesMax) && text.isWellFormed())) return;
  throw new BatonError("INVALID_MESSAGE", `${what} must be well-formed text of at most ${bytesMax} bytes`);
}

/** @throws BatonError INVALID_MESSAGE for what is no object, amounts that are no numbers from 0, and a note that is too long */
export function checkProgress(progress: Progress, bounds: Bounds): void {
  if (typeof progress !== "object" || progress === null)
    throw new BatonError("INVALID_MESSAGE", `progress takes an object {done?, total?, note?}, not ${String(progress)}`);
  const { done, total, note } = progress;
  for (const amount of [done, total]) {
    if (amount === undefined || (Number.isFinite(amount) && amount >= 0)) continue;
    throw new BatonError("INVALID_MESSAGE", `done and total must be numbers from 0, not ${amount}`);
  }
  checkText("note", note, bounds.noteBytesMax);
}
