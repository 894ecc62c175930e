// The routes of what has happened: of one resource page by page, and of all as a stream. Knows the hub and its table; no header.
import * as z from "zod/mini";
import { historyPage } from "../../shared/pages.ts";
import { isWithin, mayView, type Gate } from "../access.ts";
import { entriesOf } from "../core/history-reading.ts";
import { historyRowOf } from "../core/history-row.ts";
import type { Hub } from "../hub.ts";
import { count, pageOf, prefix, resourceName } from "./form.ts";
import { noBody, refuse, route, type Route } from "./route.ts";

/** Who listens to what happens, and to what of it. */
type Listener = {
  /** Which resources are meant as things are by now; undefined once it may listen no more. */
  meant: () => ((resource: string) => boolean) | undefined;
  /** The number of the last event that was heard; from now on unless given. */
  lastEventId: number | undefined;
};

/** Streams of events; undefined where there are as many as may be. */
export type Streams = { open(listener: Listener): ReadableStream<Uint8Array> | undefined };

/** The routes of a hub's history. */
export function historyRoutes(hub: Hub, gate: Gate, streams: Streams): Route[] {
  const { limits, engine } = hub;
  const number = count(0, Number.MAX_SAFE_INTEGER);
  return [
    route(
      {
        method: "GET",
        path: "/v1/resource/history",
        summary: "Shows what has happened to a resource, newest first",
        right: "view",
        query: z.object({ name: resourceName(limits), ...pageOf(limits), cursor: z.optional(number) }),
        body: noBody,
        answer: historyPage,
        refusals: [],
      },
      ({ access, query: { name, cursor, limit } }) => {
        if (!isWithin(access, name)) return refuse("FORBIDDEN", `the token does not cover ${JSON.stringify(name)}`);
        const found = entriesOf(engine.table.history, name, cursor)
          .take(limit + 1)
          .toArray();
        const entries = found.slice(0, limit).map((entry) => historyRowOf(entry, engine.nowMs()));
        const next = found.length > limit && { cursor: String(entries.at(-1)?.number) };
        return { answer: { resource: name, entries, ...next } };
      },
    ),
    route(
      {
        method: "GET",
        path: "/v1/events",
        summary: "Tells what happens, as server-sent events; resumable by Last-Event-ID",
        right: "view",
        query: z.object({ prefix, lastEventId: z.optional(number) }),
        body: noBody,
        answer: z.string(),
        contentType: "text/event-stream",
        refusals: ["UNAVAILABLE"],
      },
      ({ access, query: { prefix, lastEventId } }) => {
        const meant = () => {
          const present = gate.present(access);
          if (present === undefined || !mayView(present) || !engine.isReachable()) return undefined;
          return (resource: string) => resource.startsWith(prefix) && isWithin(present, resource);
        };
        const text = streams.open({ meant, lastEventId });
        return text === undefined ? refuse("UNAVAILABLE", "as many event streams as the hub allows") : { text };
      },
    ),
  ];
}
