// What the queries of several routes have in common: names, prefixes, pages. Knows no route.
import * as z from "zod/mini";
import type { Limits } from "../../shared/limits.ts";
import { line, name } from "../../shared/protocol.ts";

const pageEntriesDefault = 100;
const reasonBytesMax = 256;

/** An integer that is written in a query, in decimal digits alone. */
export function count(min: number, max: number, bound?: keyof Limits) {
  const error = `an integer from ${min} to ${max}`;
  const isWithin = z.refine<number>((value) => value <= max, { error, params: { bound } });
  const digits = z.string({ error }).check(z.refine((text) => /^\d+$/.test(text), { error }));
  const integer = z.coerce.number<string>({ error }).check(z.int({ error }), z.minimum(min, { error }), isWithin);
  // A refinement says nothing of itself in the description.
  return z.pipe(digits, integer).check(z.meta({ type: "integer", minimum: min, maximum: max }));
}

/** Why an admin acts. */
export const reason = line(reasonBytesMax).check(
  z.meta({
    description: "What the session, and those who look later, are told",
    minLength: 1,
    maxLength: reasonBytesMax,
  }),
);

/** The name of the one resource that is meant. */
export function resourceName(limits: Limits) {
  const { resourceBytesMax: maxLength } = limits;
  return name(limits, "resourceBytesMax").check(
    z.meta({ description: "The resource, percent-encoded", minLength: 1, maxLength }),
  );
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
