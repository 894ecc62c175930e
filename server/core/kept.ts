// The answers that are kept for sessions which may have missed them [S9], and what all of them take together: a result that
// many were skipped with counts once. Knows not when they are told again.
import { countRefusal } from "../../shared/limits.ts";
import { keptBytesOf } from "./answer-size.ts";
import type { Answer } from "./effect.ts";
import type { KeptAnswer, Session } from "./records.ts";
import type { LockTable } from "./table.ts";

/** What is kept for all sessions, in bytes, and how many answers there are with each result. */
export type Kept = { bytes: number; readonly results: Map<string, number> };

/** Nothing. */
export function newKept(): Kept {
  return { bytes: 0, results: new Map() };
}

/** Keeps one more answer for a session. */
export function keep(kept: Kept, session: Session, one: KeptAnswer): void {
  const bytes = keptBytesOf(one.answer);
  const result = resultOf(one.answer);
  session.kept.push(one);
  session.keptBytes += bytes;
  kept.bytes += bytes;
  if (result === undefined) return;
  const others = kept.results.get(result) ?? 0;
  if (others > 0) kept.bytes -= result.length;
  kept.results.set(result, others + 1);
}

/** Drops the first of a session's answers, as many as that. */
export function dropKept(kept: Kept, session: Session, count: number): void {
  for (const { answer } of session.kept.splice(0, count)) {
    const bytes = keptBytesOf(answer);
    const result = resultOf(answer);
    session.keptBytes -= bytes;
    kept.bytes -= bytes;
    if (result === undefined) continue;
    const others = (kept.results.get(result) ?? 0) - 1;
    if (others > 0) kept.bytes += result.length;
    if (others > 0) kept.results.set(result, others);
    else kept.results.delete(result);
  }
}

/** The next session that must end for what is kept: one that has more than it may, or the fullest while all have [B1]. */
export function nextOverfull({ overfull, sessions, kept, settings, refusals }: LockTable): Session | undefined {
  for (let session = overfull.shift(); session !== undefined; session = overfull.shift()) {
    if (sessions.get(session.identity.session) === session) return session;
  }
  if (!(kept.bytes > settings.limits.hubKeptBytesMax)) return undefined;
  let fullest: Session | undefined;
  for (const session of sessions.values()) {
    if (session.keptBytes > (fullest?.keptBytes ?? 0)) fullest = session;
  }
  countRefusal(refusals, "hubKeptBytesMax");
  return fullest;
}

/** The result that a kept answer tells of, if it tells of one. */
export function resultOf(answer: Answer): string | undefined {
  return answer.type === "skipped" ? answer.skip.result : undefined;
}
