// The whole of a table as plain records, each small, and back. A table that is restored decides as the one that was
// recorded. Knows no file.
import { assertNever } from "../../shared/errors.ts";
import { byAge, enter, takeOut, type Ageing } from "./ageing.ts";
import { countOwned } from "./attendance.ts";
import type { SessionIdentity, TableSettings } from "./command.ts";
import { deadlineRecord, restoreDeadline, type DeadlineRecord } from "./deadline-record.ts";
import { putBackFailures } from "./failures.ts";
import { holdWith } from "./granting.ts";
import { keep } from "./kept.ts";
import { keptFrom, keptRecordOf, type KeptRecord } from "./kept-record.ts";
import { addEntry } from "./history.ts";
import { lineNamed, newWho, type Entry } from "./history-ring.ts";
import { readAfter } from "./history-reading.ts";
import { LiveRequests } from "./live-requests.ts";
import { putBack } from "./outcomes.ts";
import { stand } from "./queue.ts";
import { add } from "./references.ts";
import type { Failures, Outcome, Request, Resource, Session } from "./records.ts";
import { each, isAttached } from "./resource.ts";
import { createTable, resourceNamed, type LockTable } from "./table.ts";

const recordNodesMax = 100;
const recordEntriesMax = 100;

/** Those of earlier versions say not when. */
type FailuresRecord = Pick<Failures, "count" | "node" | "error"> & { order?: number };

type RequestRecord = Omit<Request, "session" | "resource" | "deadline" | "previous" | "next" | "block"> & {
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
      lockDelayMs?: number; // unless it is the table's
      kept: KeptRecord[];
    }
  /** One that kept answers tell of; they name it by its place among these. */
  | { kind: "result"; result: string }
  | {
      kind: "resource";
      name: string;
      limit: number;
      delay: DeadlineRecord | undefined;
      outcome: (Omit<Outcome, "deadline"> & { deadline: DeadlineRecord }) | undefined;
      failures: [string, FailuresRecord][];
    }
  | { kind: "references"; resource: string; nodes: string[] }
  | { kind: "history"; entries: Entry[] }
  | RequestRecord;

/** The records of a table as it stands; the table must not change before the last one is taken. */
export function* recordsOf(table: LockTable): Generator<TableRecord> {
  yield { kind: "table", order: table.order, settings: table.settings };
  // In an order of their own: a table that grew and one that was read have met them in another.
  const results = new Map([...table.kept.results.keys()].sort().map((result, at) => [result, at]));
  for (const result of results.keys()) yield { kind: "result", result };
  for (const { identity, presence, lastId, sinceMs, lockDelayMs, kept: answers } of table.sessions.values()) {
    const where =
      presence.state === "attached" ? { socket: presence.socket } : { grace: deadlineRecord(presence.grace) };
    const kept = answers.map((one) => keptRecordOf(one, results));
    const told = lockDelayMs !== table.settings.lockDelayMs && { lockDelayMs };
    yield { kind: "session", identity, presence: where, lastId, sinceMs, ...told, kept };
  }
  // Those whose outcome is older come first, so that a restored table forgets in the same order.
  for (const resource of byAge(table.outcomes)) yield resourceRecord(resource);
  for (const resource of table.resources.values()) if (resource.outcome === undefined) yield resourceRecord(resource);
  for (const resource of table.resources.values()) {
    for (const request of each(resource.holders)) yield requestRecord(request);
    for (const request of each(resource.queue)) yield requestRecord(request);
  }
  for (const [resource, nodes] of table.references.sets) yield* referencesRecords(resource, nodes);
  yield* historyRecords(table);
}

/** The table that the records were taken from. */
export function tableFrom(records: Iterable<TableRecord>): LockTable {
  let table: LockTable | undefined;
  const results: string[] = [];
  for (const record of records) {
    if (record.kind === "table") table = createTable(record.settings, record.order + 1);
    else if (table === undefined) throw new Error("the records of a table begin with the table's own");
    else restore(table, record, results);
  }
  if (table === undefined) throw new Error("there is no record of a table");
  sortFailures(table.failures);
  return table;
}

function restore(table: LockTable, record: Exclude<TableRecord, { kind: "table" }>, results: string[]): void {
  switch (record.kind) {
    case "result":
      results.push(record.result);
      return;
    case "session":
      return restoreSession(table, record, results);
    case "resource":
      return restoreResource(table, record);
    case "request":
      return restoreRequest(table, record);
    case "references":
      return record.nodes.forEach((node) => add(table.references, record.resource, node));
    case "history":
      return record.entries.forEach((entry) => restoreEntry(table, entry));
    default:
      return assertNever(record);
  }
}

function restoreSession(
  table: LockTable,
  record: Extract<TableRecord, { kind: "session" }>,
  results: readonly string[],
): void {
  const { identity, presence: where, lastId, sinceMs, lockDelayMs = table.settings.lockDelayMs, kept } = record;
  const { session, node } = identity;
  const isAway = "grace" in where;
  const graceCommand = (armed: number) => ({ type: "deadline", of: "grace", session, armed }) as const;
  const presence: Session["presence"] = isAway
    ? { state: "detached", grace: restoreDeadline(table, where.grace, graceCommand) }
    : { state: "attached", socket: where.socket };
  const restored: Session = {
    identity,
    who: newWho(node, session),
    presence,
    lastId,
    requests: new LiveRequests<Request>(),
    kept: [],
    keptBytes: 0,
    sinceMs,
    lockDelayMs,
  };
  for (const one of kept) keep(table.kept, restored, keptFrom(one, results));
  table.sessions.set(session, restored);
  table.sessionOfNode.set(node, restored);
  countOwned(table, identity.owner, 1);
  if (!isAway) table.sessionOfSocket.set(where.socket, restored);
}

function restoreResource(table: LockTable, record: Extract<TableRecord, { kind: "resource" }>): void {
  const { name, limit, delay, outcome, failures } = record;
  const resource = resourceNamed(table, name);
  const commandOf = (of: "delay" | "outcome") => (armed: number) =>
    ({ type: "deadline", of, resource: name, armed }) as const;
  resource.limit = limit;
  if (delay !== undefined) {
    resource.delay = restoreDeadline(table, delay, commandOf("delay"));
    table.delays += 1;
  }
  for (const [operation, { count, node, error, order = 0 }] of failures) {
    putBackFailures(table.failures, { resource, operation, count, node, error, order });
  }
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
    block: undefined,
  };
  session.requests.add(request);
  if (mode === "permit") resource.permits += 1;
  if (fence === 0) stand(resource.queue, request);
  else holdWith(resource, request);
  if (fence > 0) table.holding += 1;
  else table.waiting += 1;
  if (fence === 0 && isAttached(request)) resource.head ??= request;
}

/** The failures of all resources are kept in the order in which they came. */
function sortFailures(ageing: Ageing<Failures>): void {
  for (const failures of [...byAge(ageing)].toSorted((one, other) => one.order - other.order)) {
    takeOut(ageing, failures, failures.bytes);
    enter(ageing, failures, failures.bytes);
  }
}

function resourceRecord(resource: Resource): TableRecord {
  const { name, limit, delay, outcome, failures } = resource;
  return {
    kind: "resource",
    name,
    limit,
    delay: delay && deadlineRecord(delay),
    outcome: outcome && { ...outcome, deadline: deadlineRecord(outcome.deadline) },
    failures: [...(failures ?? [])].map(([operation, { count, node, error, order }]) => [
      operation,
      { count, node, error, order },
    ]),
  };
}

/** A long set is parted, so that each record stays small. */
function* referencesRecords(resource: string, all: ReadonlySet<string>): Generator<TableRecord> {
  const nodes = [...all];
  for (let first = 0; first < nodes.length; first += recordNodesMax) {
    yield { kind: "references", resource, nodes: nodes.slice(first, first + recordNodesMax) };
  }
}

function* historyRecords({ history }: LockTable): Generator<TableRecord> {
  for (let after = 0; after < history.number;) {
    const { entries, number } = readAfter(history, after, recordEntriesMax, () => true);
    if (entries.length > 0) yield { kind: "history", entries };
    after = Math.max(number, after + 1);
  }
}

function restoreEntry({ history, settings, sessions }: LockTable, entry: Entry): void {
  const { resource, number, who } = entry;
  const known = who.session === "" ? history.nobody : sessions.get(who.session)?.who;
  const whose = known ?? newWho(who.node, who.session);
  addEntry(history, settings.limits, lineNamed(history, resource), number, whose, entry, entry);
}

function requestRecord(request: Request): RequestRecord {
  const { session, resource, deadline, previous: _, next: __, block: ___, ...fields } = request;
  return {
    kind: "request",
    ...fields,
    session: session.identity.session,
    resource: resource.name,
    deadline: deadline && deadlineRecord(deadline),
  };
}
