// How long ago something was, in words. Knows nothing else.
import { duration } from "../../shared/wording.ts";

/** An age in milliseconds: `just now`, `12s ago`. */
export function ago(ageMs: number): string {
  return ageMs < 1_000 ? "just now" : `${duration(Math.round(ageMs))} ago`;
}
