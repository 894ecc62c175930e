// What the queries of several routes have in common: names, prefixes, pages. Knows no route.
import * as z from "zod/mini";
import type { Limits } from "../../shared/limits.ts";
import { name } from "../../shared/protocol.ts";

const pageEntriesDefault = 100;

/** An integer that is written in a query. */
export function count(min: number, max: number, bound?: keyof Limits) {
  const error = `an integer from ${min} to ${max}`;
  const isWithin = z.refine<number>((value) => value <= max, { error, params: { bound } });
  return z.coerce.number({ error }).check(z.int({ error }), z.minimum(min, { error }), isWithin);
}

/** The name of the one resource that is meant. */
export function resourceName(limits: Limits) {
  return name(limits, "resourceBytesMax").check(z.describe("The resource, percent-encoded"));
}

/** How the names begin that are meant. */
export const prefix = z._default(z.string().check(z.describe("How the names begin that are meant")), "");

/** Which page of a list is meant. */
export function pageOf({ pageEntriesMax }: Limits) {
  const limit = count(1, pageEntriesMax, "pageEntriesMax").check(z.describe("Entries on the page"));
  return {
    cursor: z.optional(z.string().check(z.describe("From the answer before; the first page without"))),
    limit: z._default(limit, Math.min(pageEntriesDefault, pageEntriesMax)),
  };
}
