// What became of earlier requests for a resource, as attempts and as sentences. Knows a history, no page.
import type { HistoryEntry } from "../../shared/pages.ts";
import { counted, duration } from "../../shared/wording.ts";
import type { LastFailure, Part } from "./why.ts";

/** How an attempt ended, which is also its colour. */
export type Ending = "done" | "failed" | "lost" | "none" | "skipped";
/** One attempt, or all who were skipped at the same moment. */
export type Attempt = {
  readonly number: number;
  readonly ageMs: number;
  readonly heldMs: number;
  readonly ending: Ending;
  readonly node: string;
  readonly operation: string;
  readonly attempt: number | undefined;
  readonly said: readonly Part[];
};

// Skips of one success come within the step of that success.
const togetherMs = 50;

/** The attempts of a history, newest first; grants that have not ended are none yet. */
export function attemptsOf(history: readonly HistoryEntry[]): Attempt[] {
  const attempts: Attempt[] = [];
  let skipped: { last: HistoryEntry; count: number } | undefined;
  for (const happened of history) {
    const ending = endingOf(happened);
    if (ending === undefined) continue;
    if (ending !== "skipped") {
      attempts.push(attemptOf(happened, ending, saidOf(happened, ending)));
      continue;
    }
    if (skipped?.last.by === happened.by && happened.ageMs - (skipped?.last.ageMs ?? 0) <= togetherMs) {
      skipped = { last: happened, count: (skipped?.count ?? 0) + 1 };
      attempts.pop();
    } else skipped = { last: happened, count: 1 };
    attempts.push(attemptOf(happened, ending, skippedOf(happened, skipped.count)));
  }
  return attempts;
}

/** The failure before the attempt that is under way: who failed last at that operation, and of what. */
export function lastFailureOf(history: readonly HistoryEntry[], operation: string): LastFailure | undefined {
  const failed = history.find((happened) => happened.operation === operation && endingOf(happened) === "failed");
  return failed && { node: failed.node ?? "somebody", message: failed.message ?? failed.code ?? "no reason given" };
}

function endingOf({ event, outcome }: HistoryEntry): Ending | undefined {
  if (event === "skipped") return "skipped";
  if (event === "lost") return "lost";
  if (event !== "released") return undefined;
  if (outcome === "success") return "done";
  return outcome === "failure" ? "failed" : "none";
}

function attemptOf(happened: HistoryEntry, ending: Ending, said: Part[]): Attempt {
  const { number, ageMs, heldMs = 0, node = "", operation, attempt } = happened;
  return { number, ageMs, heldMs, ending, node, operation, attempt, said };
}

function saidOf({ node = "", heldMs = 0, message, code, actor, reason }: HistoryEntry, ending: Ending): Part[] {
  const who: Part = { foreign: node };
  const after = ` after ${duration(Math.round(heldMs))}`;
  const why = message ?? code;
  const because: Part[] = why === undefined ? [] : [": ", { foreign: why }];
  const forced: Part[] = actor === undefined ? [] : [", by ", { foreign: actor }];
  if (reason !== undefined) forced.push(": ", { foreign: reason });
  if (ending === "done") return [who, ` succeeded${after}`];
  if (ending === "failed") return [who, ` failed${after}`, ...because, ...forced];
  return ending === "lost" ? [who, ` lost it${after}`, ...because, ...forced] : [who, ` let it go${after}`, ...forced];
}

function skippedOf({ node = "", by }: HistoryEntry, count: number): Part[] {
  const who: Part = count === 1 ? { foreign: node } : counted(count, "node");
  return [
    who,
    count === 1 ? " was skipped" : " were skipped",
    ...(by === undefined ? [] : [": done by ", { foreign: by }]),
  ];
}
