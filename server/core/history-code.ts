// The words of an entry of the history as one number, and back. Knows nothing else of an entry.
import type { Mode, OutcomeWord } from "../../shared/protocol.ts";

const events = ["granted", "skipped", "failed", "lost", "released", "forgotten"] as const;
const modes = ["once", "exclusive", "shared", "permit"] as const;
const outcomes = ["success", "failure", "none", undefined] as const;

/** What can happen to a request, or to an outcome that is remembered. */
export type HistoryEvent = (typeof events)[number];

/** The three words as a number: the place of each in its list, in bits of its own. Nothing is looked up: it is asked for all the time. */
export function codeOf(event: HistoryEvent, mode: Mode, outcome: OutcomeWord | undefined): number {
  return eventCode(event) + modeCode(mode) + outcomeCode(outcome);
}

function eventCode(event: HistoryEvent): number {
  if (event === "granted") return 0;
  if (event === "released") return 4;
  return events.indexOf(event);
}

function modeCode(mode: Mode): number {
  return mode === "once" ? 0 : 16 * modes.indexOf(mode);
}

function outcomeCode(outcome: OutcomeWord | undefined): number {
  if (outcome === undefined) return 192;
  return outcome === "success" ? 0 : 64 * outcomes.indexOf(outcome);
}

/** The words of a number. */
export function wordsOf(code: number) {
  return { event: events[code & 15], mode: modes[(code >> 4) & 3], outcome: outcomes[code >> 6] };
}
