// The whole state that commands act on, and what one step carries along. Knows no rule but how to tell someone.
import type { TableSettings } from "./command.ts";
import { newDeadlines, type Deadlines } from "./deadlines.ts";
import type { Answer, Effect } from "./effect.ts";
import { newOutcomes, type Outcomes } from "./outcomes.ts";
import { newReferences, type References } from "./references.ts";
import type { Request, Resource, Session } from "./records.ts";
import { isForgettable, newResource } from "./resource.ts";

/** The lock table. `order` is the number of the last step; the next one's is the fence of what it grants [F1]. */
export type LockTable = {
  settings: TableSettings;
  order: number;
  readonly resources: Map<string, Resource>;
  readonly sessions: Map<string, Session>;
  readonly sessionOfSocket: Map<string, Session>;
  readonly sessionOfNode: Map<string, Session>;
  readonly deadlines: Deadlines;
  readonly outcomes: Outcomes;
  readonly references: References;
  /** Live requests that hold, and that wait. */
  holding: number;
  waiting: number;
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
    deadlines,
    outcomes: newOutcomes(deadlines),
    references: newReferences(),
    holding: 0,
    waiting: 0,
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
  resource.failures = undefined;
  if (isForgettable(resource)) table.resources.delete(resource.name);
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
  if (identity.graceMs > 0 || presence.state === "detached") session.kept.push({ order: step.table.order, answer });
  tell(step, session, answer);
}

/** Tells the session of a request how it ended without a grant. */
export function fail(
  step: Step,
  request: Request,
  answer: Omit<Extract<Answer, { type: "failed" }>, "type" | "id">,
): void {
  tellFinally(step, request.session, { type: "failed", id: request.id, ...answer });
}
