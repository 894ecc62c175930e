// The routes of resources: the list, one whole, and what an admin may do to one. Knows the hub and its table; no header.
import * as z from "zod/mini";
import { resourceDone, resourcePage, resourceViewPage } from "../../shared/pages.ts";
import { isWithin } from "../access.ts";
import { resourcesAfter, rowOf, viewOf } from "../core/views.ts";
import type { Answered, Hub } from "../hub.ts";
import { count, pageOf, prefix, reason, resourceName } from "./form.ts";
import { inSlices } from "./slices.ts";
import { noBody, refuse, refuseUnknown, route, type Reply, type Route } from "./route.ts";

/** The routes of the resources of a hub. */
export function resourceRoutes(hub: Hub): Route[] {
  return [...views(hub), ...actions(hub)];
}

function views(hub: Hub): Route[] {
  const { limits } = hub;
  const name = resourceName(limits);
  return [
    route(
      {
        method: "GET",
        path: "/v1/resources",
        summary: "Lists the resources that are held, awaited or remembered, by name",
        right: "view",
        query: z.object({ prefix, ...pageOf(limits) }),
        body: noBody,
        answer: resourcePage,
        refusals: [],
      },
      async ({ access, query }) => {
        const isMeant = (resource: string) => resource.startsWith(query.prefix) && isWithin(access, resource);
        const { resources, next } = await inSlices(
          resourcesAfter(hub.engine.table, isMeant, query.cursor, query.limit),
        );
        const rows = resources.map((resource) => rowOf(resource, hub.engine.nowMs()));
        return { answer: { resources: rows, ...(next !== undefined && { cursor: next }) } };
      },
    ),
    route(
      {
        method: "GET",
        path: "/v1/resource",
        summary: "Shows one resource whole, its queue page by page",
        right: "view",
        query: z.object({ name, cursor: z._default(count(0, limits.resourceWaitersMax), 0) }),
        body: noBody,
        answer: resourceViewPage,
        refusals: ["NOT_FOUND"],
      },
      ({ access, query: { name, cursor } }) => {
        const resource = hub.engine.table.resources.get(name);
        if (!isWithin(access, name)) return outside(name);
        if (resource === undefined) return absent(name);
        const view = viewOf(resource, hub.engine.nowMs(), limits.listEntriesMax, cursor);
        const next = cursor + view.queue.length;
        return { answer: { ...view, ...(next < view.waiting && { cursor: String(next) }) } };
      },
    ),
  ];
}

function actions(hub: Hub): Route[] {
  const name = resourceName(hub.limits);
  return [
    route(
      {
        method: "POST",
        path: "/v1/resource/release",
        summary: "Takes a resource from its holders by force, or from the one with that fence",
        right: "rule",
        query: z.object({ name }),
        body: z.object(
          {
            reason,
            fence: z.optional(z.int({ error: "a fence" }).check(z.minimum(1, { error: "a fence" }))),
          },
          { error: "JSON: an object {reason, fence?}" },
        ),
        answer: resourceDone,
        refusals: ["NOT_FOUND", "CONFLICT", "BODY_TOO_LARGE"],
      },
      async ({ access, query: { name }, body: { reason, fence } }) => {
        if (!isWithin(access, name)) return outside(name);
        const by = { actor: access.name, reason, ...(fence !== undefined && { fence }) };
        return done(await hub.revoke(name, by), name, "nobody holds");
      },
    ),
    route(
      {
        method: "DELETE",
        path: "/v1/resource/outcome",
        summary: "Forgets what was last done to a resource",
        right: "rule",
        query: z.object({ name }),
        body: noBody,
        answer: resourceDone,
        refusals: ["NOT_FOUND"],
      },
      async ({ access, query: { name } }) => {
        if (!isWithin(access, name)) return outside(name);
        return done(await hub.forget(name, access.name), name, "nothing is remembered of");
      },
    ),
  ];
}

function done(answered: Answered, resource: string, absence: string): Reply<{ resource: string }> {
  if (answered === "done") return { answer: { resource } };
  if (answered === "unknown") return refuseUnknown();
  if (answered === "absent") return refuse("NOT_FOUND", `${absence} ${JSON.stringify(resource)}`);
  return refuse("CONFLICT", "that fence does not hold the resource");
}

/** What is told of a resource outside one's prefixes, whether or not it is there. */
function outside(name: string) {
  return refuse("FORBIDDEN", `the token does not cover ${JSON.stringify(name)}`);
}

function absent(name: string) {
  return refuse("NOT_FOUND", `there is nothing of ${JSON.stringify(name)}`);
}
