// The routes of sessions: the list, and the kick. Knows the hub and its table; no header and no socket.
import * as z from "zod/mini";
import { sessionDone, sessionPage } from "../../shared/pages.ts";
import { isWithin, type Access } from "../access.ts";
import { sessionRowOf, sessionsAfter } from "../core/views.ts";
import type { Session } from "../core/records.ts";
import type { Hub } from "../hub.ts";
import { pageOf, prefix, reason } from "./form.ts";
import { noBody, refuse, refuseUnknown, route, type Route } from "./route.ts";

/** The routes of the sessions of a hub. */
export function sessionRoutes(hub: Hub): Route[] {
  const { limits } = hub;
  const session = z.string().check(z.describe("The session's id, as the list names it"));
  return [
    route(
      {
        method: "GET",
        path: "/v1/sessions",
        summary: "Lists the sessions that are live or detached, by node",
        right: "view",
        query: z.object({ prefix, ...pageOf(limits) }),
        body: noBody,
        answer: sessionPage,
        refusals: [],
      },
      ({ access, query: { prefix, cursor, limit } }) => {
        const { table } = hub.engine;
        const isMeant = (session: Session) => session.identity.node.startsWith(prefix) && isSeen(access, session);
        const { sessions, more } = sessionsAfter(table, isMeant, cursor, limit);
        const isCounted = (resource: string) => isWithin(access, resource);
        const rows = sessions.map((session) => sessionRowOf(session, isCounted, hub.engine.nowMs()));
        return { answer: { sessions: rows, ...(more && { cursor: rows.at(-1)?.node }) } };
      },
    ),
    route(
      {
        method: "DELETE",
        path: "/v1/sessions/{session}",
        summary: "Ends a session by force: what it holds is released as a failure",
        right: "rule",
        query: z.object({ session, reason: z.optional(reason) }),
        body: noBody,
        answer: sessionDone,
        refusals: ["NOT_FOUND"],
      },
      async ({ access, query: { session, reason } }) => {
        const absent = refuse("NOT_FOUND", `there is no session ${JSON.stringify(session)}`);
        const known = hub.engine.table.sessions.get(session);
        if (known === undefined || !isSeen(access, known)) return absent;
        if (!coversAll(access, known))
          return refuse("FORBIDDEN", "the session has requests that the token does not cover");
        const answered = await hub.kick(session, { actor: access.name, ...(reason !== undefined && { reason }) });
        if (answered === "unknown") return refuseUnknown();
        return answered === "done" ? { answer: { session } } : absent;
      },
    ),
  ];
}

/** Whether a session is shown at all: to those who may see everything, or something that it holds or awaits. */
function isSeen(access: Access, { requests }: Session): boolean {
  return isWithin(access, "") || requests.all().some(({ resource }) => isWithin(access, resource.name));
}

/** Whether all that a kick would touch is within the caller's prefixes. */
function coversAll(access: Access, { requests }: Session): boolean {
  return requests.all().every(({ resource }) => isWithin(access, resource.name));
}
