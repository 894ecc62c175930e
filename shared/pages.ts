// The answers of the hub's HTTP side, one schema each: the hub describes them by it, and a client reads them by it, once.
// Knows no request.
import * as z from "zod/mini";
import { parseJson } from "./json-text.ts";
import { resourceRow, resourceView } from "./protocol.ts";

const count = z.int().check(z.minimum(0));
const cursor = z.optional(z.string());

/** One page of a list of resources; a cursor asks for the next one, here as below. */
export const resourcePage = z.object({ resources: z.array(resourceRow), cursor });

/** One resource whole, with one page of its queue. */
export const resourceViewPage = z.extend(resourceView, { cursor });

/** One page of the nodes that reference a resource; `count` is of all of them. */
export const referrerPage = z.object({ resource: z.string(), count, nodes: z.array(z.string()), cursor });

/** One page of what is referenced, and by how many nodes. */
export const referencePage = z.object({ references: z.array(z.object({ resource: z.string(), count })), cursor });

/** The answer about references: of one resource, or of all. */
export const references = z.union([referrerPage, referencePage]);

export const sessionRow = z.object({
  session: z.string(),
  node: z.string(),
  owner: z.string(),
  client: z.string(),
  labels: z.record(z.string(), z.string()),
  ageMs: count,
  graceMs: count,
  detached: z.boolean(),
  endsInMs: z.optional(count),
  holding: count,
  waiting: count,
});
/**
 * One session among many; times in milliseconds. `owner` is the name of its token, `graceMs` its grace in force, `endsInMs` what
 * is left of the grace of one that is detached [S4]; `holding` and `waiting` count its requests.
 */
export type SessionRow = z.infer<typeof sessionRow>;

/** One page of a list of sessions. */
export const sessionPage = z.object({ sessions: z.array(sessionRow), cursor });

export const historyEntry = z.object({
  number: count,
  ageMs: count,
  resource: z.string(),
  event: z.enum(["granted", "skipped", "failed", "lost", "released", "forgotten"]),
  operation: z.string(),
  node: z.optional(z.string()),
  session: z.optional(z.string()),
  id: z.optional(count),
  mode: z.optional(z.enum(["once", "exclusive", "shared", "permit"])),
  waitedMs: z.optional(count),
  heldMs: z.optional(count),
  fence: z.optional(count),
  attempt: z.optional(count),
  outcome: z.optional(z.enum(["success", "failure", "none"])),
  code: z.optional(z.string()),
  message: z.optional(z.string()),
  by: z.optional(z.string()),
  actor: z.optional(z.string()),
  reason: z.optional(z.string()),
});
/**
 * One thing that has happened to a resource, so many milliseconds ago. `number` grows from one to the next. `by` is whose success
 * it was that was skipped for, or forgotten; `actor` and `reason` are those of an admin's act.
 */
export type HistoryEntry = z.infer<typeof historyEntry>;

/** One page of what has happened to a resource, newest first. */
export const historyPage = z.object({ resource: z.string(), entries: z.array(historyEntry), cursor });

/** What was done to a resource is done. */
export const resourceDone = z.object({ resource: z.string() });

/** What was done to a session is done. */
export const sessionDone = z.object({ session: z.string() });

/** Why a request was refused: a code of the protocol or of its HTTP side, and a sentence. */
export const refusal = z.object({ code: z.string(), message: z.string() });

/** What an answer looks like. */
export type Form<Page> = z.ZodMiniType<Page>;

/** Reads an answer by its form; undefined when it has another. */
export function decodePage<Page>(form: Form<Page>, text: string): Page | undefined {
  const parsed = form.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}
