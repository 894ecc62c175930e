// The routes that say whether the hub is well, and what it counts. Knows the hub; no resource.
import * as z from "zod/mini";
import type { Hub } from "../hub.ts";
import { noBody, refuse, route, type Route } from "./route.ts";

/**
 * The routes of a hub's health, which is for everybody to know, and of its metrics.
 * @param metrics gives their text at the moment of the call
 */
export function healthRoutes(hub: Hub, metrics: () => Promise<string>): Route[] {
  const open = { method: "GET", right: "none", query: z.object({}), body: noBody } as const;
  return [
    route(
      {
        ...open,
        path: "/healthz",
        summary: "Says that the process answers",
        answer: z.object({ status: z.literal("ok") }),
        refusals: [],
      },
      () => ({ answer: { status: "ok" } }),
    ),
    route(
      {
        ...open,
        path: "/readyz",
        summary: "Says whether the hub serves: it is not being stopped, and its engine can be reached",
        answer: z.object({ status: z.literal("ready") }),
        refusals: ["UNAVAILABLE"],
      },
      () => {
        if (hub.isOpen) return { answer: { status: "ready" } };
        const isStopping = hub.engine.isReachable();
        return refuse("UNAVAILABLE", isStopping ? "the hub is being stopped" : "the engine cannot be reached");
      },
    ),
    route(
      {
        ...open,
        right: "view",
        path: "/metrics",
        summary: "Gives what the hub counts, for Prometheus",
        answer: z.string(),
        contentType: "text/plain; version=0.0.4; charset=utf-8",
        refusals: [],
      },
      async () => ({ text: await metrics() }),
    ),
  ];
}
