// The whole of a table as plain records, each small, and back. A table that is restored decides as the one that was
// recorded. Knows no file.
import { assertNever } from "../../shared/errors.ts";
import type { DeadlineCommand, SessionIdentity, TableSettings } from "./command.ts";
import { place, type Deadline } from "./deadlines.ts";
import { putBack } from "./outcomes.ts";
import { add } from "./references.ts";
import type { Failures, KeptAnswer, Outcome, Request, Resource, Session } from "./records.ts";
import { each, isAttached, join } from "./resource.ts";
import { createTable, resourceNamed, type LockTable } from "./table.ts";

const recordNodesMax = 100;

type DeadlineRecord = { atMs: number; afterMs: number; armed: number };

type RequestRecord = Omit<Request, "session" | "resource" | "deadline" | "previous" | "next"> & {
  kind: "request";
  session: string;
  resource: string;
  deadline: DeadlineRecord | undefined;
};

/** One record of a table; a resource comes before its requests, and they in the order in which they stand. */
export type TableRecord =
  | { kind: "table"; order: number; settings: TableSettings }
  | {
      kind: "session";
      identity: SessionIdentity;
      presence: { socket: string } | { grace: DeadlineRecord };
      lastId: number;
      sinceMs: number;
      kept: KeptAnswer[];
    }
  | {
      kind: "resource";
      name: string;
      limit: number;
      delay: DeadlineRecord | undefined;
      outcome: (Omit<Outcome, "deadline"> & { deadline: DeadlineRecord }) | undefined;
      failures: [string, Failures][];
    }
  | { kind: "references"; resource: string; nodes: string[] }
  | RequestRecord;

/** The records of a table as it stands; the table must not change before the last one is taken. */
export function* recordsOf(table: LockTable): Generator<TableRecord> {
  yield { kind: "table", order: table.order, settings: table.settings };
  for (const { identity, presence, lastId, sinceMs, kept } of table.sessions.values()) {
    const where =
      presence.state === "attached" ? { socket: presence.socket } : { grace: deadlineRecord(presence.grace) };
    yield { kind: "session", identity, presence: where, lastId, sinceMs, kept };
  }
  // Those whose outcome is older come first, so that a restored table forgets in the same order.
  for (const resource of table.outcomes.resources) yield resourceRecord(resource);
  for (const resource of table.resources.values()) if (resource.outcome === undefined) yield resourceRecord(resource);
  for (const resource of table.resources.values()) {
    for (const request of each(resource.holders)) yield requestRecord(request);
    for (const request of each(resource.queue)) yield requestRecord(request);
  }
  for (const [resource, nodes] of table.references.sets) yield* referencesRecords(resource, nodes);
}

/** The table that the records were taken from. */
export function tableFrom(records: Iterable<TableRecord>): LockTable {
  let table: LockTable | undefined;
  for (const record of records) {
    if (record.kind === "table") table = createTable(record.settings, record.order + 1);
    else if (table === undefined) throw new Error("the records of a table begin with the table's own");
    else restore(table, record);
  }
  if (table === undefined) throw new Error("there is no record of a table");
  for (const session of table.sessions.values()) sortRequests(session);
  return table;
}

function restore(table: LockTable, record: Exclude<TableRecord, { kind: "table" }>): void {
  switch (record.kind) {
    case "session":
      return restoreSession(table, record);
    case "resource":
      return restoreResource(table, record);
    case "request":
      return restoreRequest(table, record);
    case "references":
      return record.nodes.forEach((node) => add(table.references, record.resource, node));
    default:
      return assertNever(record);
  }
}

function restoreSession(table: LockTable, record: Extract<TableRecord, { kind: "session" }>): void {
  const { identity, presence: where, lastId, sinceMs, kept } = record;
  const { session, node } = identity;
  const isAway = "grace" in where;
  const graceCommand = (armed: number) => ({ type: "deadline", of: "grace", session, armed }) as const;
  const presence: Session["presence"] = isAway
    ? { state: "detached", grace: restoreDeadline(table, where.grace, graceCommand) }
    : { state: "attached", socket: where.socket };
  const restored: Session = { identity, presence, lastId, requests: new Map(), kept, sinceMs };
  table.sessions.set(session, restored);
  table.sessionOfNode.set(node, restored);
  if (!isAway) table.sessionOfSocket.set(where.socket, restored);
}

function restoreResource(table: LockTable, record: Extract<TableRecord, { kind: "resource" }>): void {
  const { name, limit, delay, outcome, failures } = record;
  const resource = resourceNamed(table, name);
  const commandOf = (of: "delay" | "outcome") => (armed: number) =>
    ({ type: "deadline", of, resource: name, armed }) as const;
  resource.limit = limit;
  if (delay !== undefined) resource.delay = restoreDeadline(table, delay, commandOf("delay"));
  if (failures.length > 0) resource.failures = new Map(failures);
  if (outcome === undefined) return;
  const deadline = restoreDeadline(table, outcome.deadline, commandOf("outcome"));
  putBack(table.outcomes, resource, { ...outcome, deadline });
}

function restoreRequest(table: LockTable, record: RequestRecord): void {
  const session = table.sessions.get(record.session);
  if (session === undefined) throw new Error(`a request of session ${record.session}, which there is not`);
  const resource = resourceNamed(table, record.resource);
  const { kind: _, deadline, ...fields } = record;
  const { id, fence, mode } = fields;
  const of = fence === 0 ? "wait" : "hold";
  const request: Request = {
    ...fields,
    session,
    resource,
    deadline:
      deadline &&
      restoreDeadline(table, deadline, (armed) => ({ type: "deadline", of, session: record.session, id, armed })),
    previous: undefined,
    next: undefined,
  };
  session.requests.set(id, request);
  if (mode === "permit") resource.permits += 1;
  join(fence === 0 ? resource.queue : resource.holders, request);
  if (fence > 0) table.holding += 1;
  else table.waiting += 1;
  if (fence === 0 && isAttached(request)) resource.head ??= request;
}

/** Requests of a session are kept in the order of their ids. */
function sortRequests({ requests }: Session): void {
  const sorted = [...requests].toSorted(([one], [other]) => one - other);
  requests.clear();
  for (const [id, request] of sorted) requests.set(id, request);
}

function resourceRecord(resource: Resource): TableRecord {
  const { name, limit, delay, outcome, failures } = resource;
  return {
    kind: "resource",
    name,
    limit,
    delay: delay && deadlineRecord(delay),
    outcome: outcome && { ...outcome, deadline: deadlineRecord(outcome.deadline) },
    failures: [...(failures ?? [])],
  };
}

/** A long set is parted, so that each record stays small. */
function* referencesRecords(resource: string, all: ReadonlySet<string>): Generator<TableRecord> {
  const nodes = [...all];
  for (let first = 0; first < nodes.length; first += recordNodesMax) {
    yield { kind: "references", resource, nodes: nodes.slice(first, first + recordNodesMax) };
  }
}

function requestRecord(request: Request): RequestRecord {
  const { session, resource, deadline, previous: _, next: __, ...fields } = request;
  return {
    kind: "request",
    ...fields,
    session: session.identity.session,
    resource: resource.name,
    deadline: deadline && deadlineRecord(deadline),
  };
}

function deadlineRecord({ atMs, afterMs, command }: Deadline): DeadlineRecord {
  return { atMs, afterMs, armed: command.armed };
}

function restoreDeadline(
  table: LockTable,
  { atMs, afterMs, armed }: DeadlineRecord,
  commandOf: (armed: number) => DeadlineCommand,
): Deadline {
  return place(table.deadlines, { atMs, afterMs, command: commandOf(armed) });
}
