// What is written into the history and counted, at each thing that happens to a request. Decides nothing.
import type { Code } from "../../shared/errors.ts";
import type { Failure, OutcomeWord } from "../../shared/protocol.ts";
import { addEntry } from "./history.ts";
import { lineNamed, type Happening, type Line, type Subject } from "./history-ring.ts";
import type { Request, Resource } from "./records.ts";
import type { LockTable, Step } from "./table.ts";
import { addSpan, countCode } from "./tally.ts";

/** Who had something done, and why. */
export type By = { readonly actor: string; readonly reason?: string };

/** What took a grant away, where it was not released by its holder. */
export type Taken = { readonly code: "LOCK_EXPIRED" | "LOCK_REVOKED"; readonly by?: By };

const messageUnitsMax = 256;

/** A request is granted, at this step; it still says since when it has waited. */
export function noteGrant(step: Step, request: Request): void {
  const { tally } = step.table;
  const waitedMs = step.nowMs - request.sinceMs;
  tally.grants += 1;
  if (request.order < step.table.order) tally.handOffs += 1;
  addSpan(tally.waits, waitedMs);
  note(step, request, { event: "granted", atMs: step.nowMs, spanMs: waitedMs, outcome: undefined, more: undefined });
}

/** A grant has ended. */
export function noteEnd(
  step: Step,
  holder: Request,
  verdict: { outcome: OutcomeWord; error?: Failure },
  { taken, by = taken?.by }: { taken?: Taken | undefined; by?: By | undefined } = {},
): void {
  const { tally } = step.table;
  const heldMs = step.nowMs - holder.sinceMs;
  const { outcome, error } = verdict;
  addSpan(tally.holds, heldMs);
  if (taken !== undefined) countCode(tally.lost, taken.code);
  else tally.releases[outcome] += 1;
  const code = taken?.code ?? error?.code;
  const said = error && { message: error.message.slice(0, messageUnitsMax) };
  const more =
    code === undefined && said === undefined && by === undefined
      ? undefined
      : { ...(code && { code }), ...said, ...by };
  const event = taken === undefined ? "released" : "lost";
  note(step, holder, { event, atMs: step.nowMs, spanMs: heldMs, outcome, more });
}

/** Someone else's success serves a request too, one that waited or one that has just asked. */
export function noteSkip(step: Step, subject: Noted, { by, fence }: { by: string; fence: number }): void {
  step.table.tally.skips += 1;
  const spanMs = step.nowMs - subject.sinceMs;
  note(step, { ...subject, fence }, { event: "skipped", atMs: step.nowMs, spanMs, outcome: undefined, more: { by } });
}

/** A waiter has failed. */
export function noteFailure(
  step: Step,
  waiter: Noted,
  { code, message, by }: { code: Code; message: string; by?: By },
): void {
  countCode(step.table.tally.failed, code);
  const more = { code, message: message.slice(0, messageUnitsMax), ...by };
  const spanMs = step.nowMs - waiter.sinceMs;
  note(step, waiter, { event: "failed", atMs: step.nowMs, spanMs, outcome: undefined, more });
}

/** A remembered outcome is forgotten because somebody said so. */
export function noteForgotten({ table, nowMs }: Step, resource: Resource, actor: string | undefined): void {
  const { outcome } = resource;
  if (outcome === undefined) return;
  const { operation, node: by, fence } = outcome;
  const subject = { id: 0, operation, mode: "once", fence, attempt: 0 } as const;
  const happening = { event: "forgotten", atMs: nowMs, spanMs: 0, outcome: undefined, more: { by, actor } } as const;
  addEntry(
    table.history,
    table.settings.limits,
    lineOf(table, resource),
    table.order,
    table.history.nobody,
    subject,
    happening,
  );
}

/** What of a request is noted. */
type Noted = Subject & Pick<Request, "session" | "resource" | "sinceMs">;

function note({ table }: Step, request: Noted, happening: Happening): void {
  const { history, settings, order } = table;
  const { resource, session } = request;
  addEntry(history, settings.limits, lineOf(table, resource), order, session.who, request, happening);
}

function lineOf({ history }: LockTable, resource: Resource): Line {
  return (resource.line ??= lineNamed(history, resource.name));
}
