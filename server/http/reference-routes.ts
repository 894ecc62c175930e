// The route of reference sets: who references a resource, or what is referenced. Knows the hub's table; no header.
import * as z from "zod/mini";
import { references } from "../../shared/pages.ts";
import { isWithin } from "../access.ts";
import { referencedAfter, referrersAfter } from "../core/views.ts";
import type { Hub } from "../hub.ts";
import { pageOf, prefix, resourceName } from "./form.ts";
import { noBody, refuse, route, type Route } from "./route.ts";
import { inSlices } from "./slices.ts";

/** The routes of the reference sets of a hub. */
export function referenceRoutes(hub: Hub): Route[] {
  const { limits } = hub;
  const node = z.optional(z.string().check(z.describe("Only what this node references")));
  return [
    route(
      {
        method: "GET",
        path: "/v1/references",
        summary: "With a name, lists who references that resource; without, what is referenced",
        right: "view",
        query: z.object({ name: z.optional(resourceName(limits)), prefix, node, ...pageOf(limits) }),
        body: noBody,
        answer: references,
        refusals: [],
      },
      async ({ access, query: { name, prefix, node, cursor, limit } }) => {
        const { table } = hub.engine;
        if (name === undefined) {
          const isMeant = (resource: string) => resource.startsWith(prefix) && isWithin(access, resource);
          const { rows, more } = await inSlices(referencedAfter(table, { isMeant, node }, cursor, limit));
          return { answer: { references: rows, ...(more && { cursor: rows.at(-1)?.resource }) } };
        }
        if (!isWithin(access, name)) return refuse("FORBIDDEN", `the token does not cover ${JSON.stringify(name)}`);
        const { count, nodes, more } = await inSlices(referrersAfter(table, name, cursor, limit));
        return { answer: { resource: name, count, nodes, ...(more && { cursor: nodes.at(-1) }) } };
      },
    ),
  ];
}
