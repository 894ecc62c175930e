// What the naive model is made of, the commands it takes and the words it answers with, those of
// test/support/effect-lines.ts. Imports nothing of the hub. Knows no rule.
import type { ClientMessageOf, Failure, Progress } from "../../../shared/protocol.ts";

/** An acquire as it was asked. */
export type Asked = ClientMessageOf<"acquire">;
/** A time that will come, how long after it was set, and the step that set it. */
export type Until = { untilMs: number; afterMs: number; armed: number };
/** What is said of the work. */
export type Verdict = Pick<ClientMessageOf<"release">, "outcome" | "result" | "error" | "retry" | "retryAfterMs">;

export type ModelSession = {
  name: string;
  node: string;
  /** None while it is detached. */
  socket: string | undefined;
  graceMs: number;
  grace: Until | undefined;
  lastId: number;
  kept: { order: number; line: string }[];
};

export type ModelRequest = Asked & {
  session: ModelSession;
  state: "waiting" | "holding";
  sinceMs: number;
  until: Until | undefined;
  fence: number;
  failed: Failed | undefined;
  reported: Progress | undefined;
};

/** The failures of an operation that count as attempts [O5]. */
export type Failed = { resource: string; operation: string; count: number; node: string; error: Failure };
/** A success as it is told to those who are skipped. */
export type Success = {
  resource: string;
  operation: string;
  node: string;
  fence: number;
  result: string;
  sinceMs: number;
};

/** The commands that the model decides on; those of the core are of this form. */
export type ModelCommand =
  | { type: "begin"; order: number; recoveryGraceMs: number; isUndated: boolean }
  | { type: "open"; socket: string; session: string; node: string; graceMs: number }
  | { type: "resume"; socket: string; session: string }
  | { type: "message"; socket: string; message: ModelMessage; mustHold?: true }
  | { type: "acknowledge"; socket: string; order: number }
  | { type: "detach"; socket: string; graceMs?: number }
  | { type: "bye"; socket: string }
  | { type: "kick"; session: string }
  | { type: "revoke"; resource: string; fence?: number }
  | { type: "forget"; resource: string }
  | { type: "deadline"; of: "wait" | "hold"; session: string; id: number; armed: number }
  | { type: "deadline"; of: "grace"; session: string; armed: number }
  | { type: "deadline"; of: "delay"; resource: string; armed: number }
  | { type: "deadline"; of: "outcome"; resource: string; armed: number };
export type ModelMessage = ClientMessageOf<
  "acquire" | "release" | "cancel" | "extend" | "progress" | "refer" | "watch" | "unwatch"
>;
/** A command of one type. */
export type ModelCommandOf<Type extends ModelCommand["type"]> = Extract<ModelCommand, { type: Type }>;

/** What a model is made with; durations in milliseconds. */
export type ModelSettings = {
  lockDelayMs: number;
  outcomeTtlMs: number;
  sessionsMax: number;
  sessionRequestsMax: number;
  hubRequestsMax: number;
  resourceWaitersMax: number;
  outcomesMax: number;
  keptAnswersMax: number;
  delaysMax: number;
  referencesMax: number;
};

export function isAlone({ mode }: ModelRequest): boolean {
  return mode === "once" || mode === "exclusive";
}

export function queuedWords(position: number, holders: readonly ModelRequest[], nowMs: number): string {
  const texts = holders.map(({ session, operation, mode, sinceMs, reported }) => {
    const { done = "-", total = "-", note = "-" } = reported ?? {};
    const progress = reported ? ` ${done}/${total} ${note}` : "";
    return `${session.node} ${operation} ${mode} ${nowMs - sinceMs} ms${progress}`;
  });
  return `queued ${position} behind ${texts.join(", ") || "nobody"}`;
}

export function grantedWords({ fence, failed, until }: ModelRequest, nowMs: number): string {
  const after = failed ? `, attempt ${failed.count + 1} after ${failed.node}: ${errorText(failed.error)}` : "";
  const hold = until ? `, hold ${Math.max(0, until.untilMs - nowMs)} ms` : "";
  return `granted, fence ${fence}${after}${hold}`;
}

export function skippedWords({ node, fence, result, sinceMs }: Success, nowMs: number): string {
  const ageMs = nowMs - sinceMs;
  return `skipped by ${node}, fence ${fence}${ageMs > 0 ? `, ${ageMs} ms old` : ""}${result && `, ${result}`}`;
}

export function errorText({ code, message }: Failure): string {
  return code ?? message;
}
