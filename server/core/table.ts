// The whole state that commands act on, and what one step carries along. Knows no rule but how to tell someone.
import { countRefusal, type Refusals } from "../../shared/limits.ts";
import type { TableSettings } from "./command.ts";
import { newDeadlines, type Deadlines } from "./deadlines.ts";
import type { Answer, Effect } from "./effect.ts";
import { forget, newOutcomes, type Outcomes } from "./outcomes.ts";
import { newAgeing, type Ageing } from "./ageing.ts";
import { forgetAllFailures } from "./failures.ts";
import { newHistory, type History } from "./history-ring.ts";
import { keep, newKept, type Kept } from "./kept.ts";
import { noteFailure } from "./noting.ts";
import { newReferences, type References } from "./references.ts";
import type { Failures, Request, Resource, Session } from "./records.ts";
import { isForgettable, newResource } from "./resource.ts";
import { newTally, type Tally } from "./tally.ts";
import { touch } from "./touched.ts";

/** The lock table. `order` is the number of the last step; the next one's is the fence of what it grants [F1]. */
export type LockTable = {
  settings: TableSettings;
  order: number;
  readonly resources: Map<string, Resource>;
  readonly sessions: Map<string, Session>;
  readonly sessionOfSocket: Map<string, Session>;
  readonly sessionOfNode: Map<string, Session>;
  /** How many there are by the name of their token. */
  readonly sessionsOfOwner: Map<string, number>;
  readonly deadlines: Deadlines;
  readonly outcomes: Outcomes;
  readonly failures: Ageing<Failures>;
  readonly references: References;
  /** The resources that have changed since those who watch last looked; undefined while nobody watches. */
  touched: Resource[] | undefined;
  readonly history: History;
  readonly tally: Tally;
  /** Since the hub began to work on this table. */
  readonly refusals: Refusals;
  readonly kept: Kept;
  /** The sessions for which this step has kept more than they may leave unacknowledged. */
  readonly overfull: Session[];
  /** Live requests that hold, and that wait. */
  holding: number;
  waiting: number;
  /** Resources with a delay in force. */
  delays: number;
};

/** One step under way: the table, the time in milliseconds on the table's clock, and what follows so far. */
export type Step = { readonly table: LockTable; readonly nowMs: number; readonly effects: Effect[] };

/** An empty table whose first step is number `firstOrder`: greater than any step of an earlier book [F1]. */
export function createTable(settings: TableSettings, firstOrder: number): LockTable {
  const deadlines = newDeadlines();
  return {
    settings,
    order: firstOrder - 1,
    resources: new Map(),
    sessions: new Map(),
    sessionOfSocket: new Map(),
    sessionOfNode: new Map(),
    sessionsOfOwner: new Map(),
    deadlines,
    outcomes: newOutcomes(deadlines),
    failures: newAgeing(),
    references: newReferences(),
    touched: undefined,
    history: newHistory(),
    tally: newTally(),
    refusals: new Map(),
    kept: newKept(),
    overfull: [],
    holding: 0,
    waiting: 0,
    delays: 0,
  };
}

/** The resource of that name, made when there is none. */
export function resourceNamed(table: LockTable, name: string): Resource {
  let resource = table.resources.get(name);
  if (resource === undefined) {
    resource = newResource(name);
    table.resources.set(name, resource);
  }
  return resource;
}

/** Ends the counting of attempts when a resource has fallen idle [O5], and the resource when nothing is left of it [Q8]. */
export function tidy(table: LockTable, resource: Resource): void {
  if (resource.holders.size > 0 || resource.queue.size > 0) return;
  if (resource.failures !== undefined) forgetAllFailures(table.failures, resource);
  if (isForgettable(resource)) table.resources.delete(resource.name);
}

/** Forgets the outcome of a resource [O8], and the resource when nothing else is left of it; says whether there was one. */
export function forgetOutcome(table: LockTable, resource: Resource): boolean {
  if (resource.outcome !== undefined) touch(table, resource);
  const wasThere = forget(table.outcomes, resource);
  tidy(table, resource);
  return wasThere;
}

/** Tells a session something that is not the end of a request; a detached one learns the state when it is back. */
export function tell(step: Step, session: Session, answer: Answer): void {
  if (session.presence.state !== "attached") return;
  step.effects.push({ type: "tell", socket: session.presence.socket, answer });
}

/** Tells a session how a request ended; kept until it is acknowledged if the session has grace, its own or the one that a
 * leaving hub gave it [S9][S13]. */
export function tellFinally(step: Step, session: Session, answer: Answer): void {
  const { identity, presence } = session;
  if (identity.graceMs > 0 || presence.state === "detached") keepFor(step.table, session, answer);
  tell(step, session, answer);
}

function keepFor(table: LockTable, session: Session, answer: Answer): void {
  const { keptAnswersMax, keptBytesMax } = table.settings.limits;
  keep(table.kept, session, { order: table.order, answer });
  const isFull = session.kept.length > keptAnswersMax;
  if (!isFull && !(session.keptBytes > keptBytesMax)) return;
  countRefusal(table.refusals, isFull ? "keptAnswersMax" : "keptBytesMax");
  table.overfull.push(session);
}

/** Tells the session of a request how it ended without a grant. */
export function fail(
  step: Step,
  request: Request,
  answer: Omit<Extract<Answer, { type: "failed" }>, "type" | "id">,
): void {
  noteFailure(step, request, answer);
  tellFinally(step, request.session, { type: "failed", id: request.id, ...answer });
}
