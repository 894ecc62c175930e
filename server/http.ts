// The HTTP side of a hub: who is let in, which route answers, what the log keeps of it. Knows routes as a list; no resource
// and no session.
import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono, type Context } from "hono";
import * as z from "zod/mini";
import { assertNever, httpCodes } from "../shared/errors.ts";
import { countRefusal, type Limits } from "../shared/limits.ts";
import { socketPath } from "../shared/protocol.ts";
import { anybody, mayRule, mayView, type Access, type Gate } from "./access.ts";
import { bearerOf } from "./bearer.ts";
import { systemClock } from "./clock.ts";
import { refuseRequest, type Doorway } from "./doorway.ts";
import { EventStreams } from "./event-streams.ts";
import { healthRoutes } from "./http/health-routes.ts";
import { historyRoutes } from "./http/history-routes.ts";
import { openApi } from "./http/open-api.ts";
import { referenceRoutes } from "./http/reference-routes.ts";
import { resourceRoutes } from "./http/resource-routes.ts";
import { noBody, refuse, route, type Refusal, type Reply, type Right, type Route } from "./http/route.ts";
import { sessionRoutes } from "./http/session-routes.ts";
import type { Hub } from "./hub.ts";
import type { Logger } from "./log.ts";
import { metricsOf } from "./metrics.ts";
import type { Traffic } from "./traffic.ts";
import { addPages } from "./pages.ts";

type HttpParts = { hub: Hub; traffic: Traffic; doorway: Doorway; gate: Gate; log: Logger };

const bodyBytesMax = 4_096;
const refuseBody: Refusal = { code: "BODY_TOO_LARGE", message: `a body has at most ${bodyBytesMax} bytes` };

// An answer is data: no browser is to guess at it, keep it, frame it, or run anything in it.
const headers = [
  ["X-Content-Type-Options", "nosniff"],
  ["Cache-Control", "no-store"],
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
] as const;

/** The HTTP side of a hub, ready to answer requests. */
export function httpApi({ hub, traffic, doorway, gate, log }: HttpParts): Hono {
  const api = new Hono();
  const described = [
    ...healthRoutes(hub, metricsOf(hub, traffic)),
    ...resourceRoutes(hub),
    ...referenceRoutes(hub),
    ...sessionRoutes(hub),
    ...historyRoutes(hub, gate, new EventStreams(systemClock, hub.engine, hub.limits)),
  ];
  const refused = (bound: keyof Limits) => countRefusal(hub.refusals, bound);
  const routes = [...described, descriptionRoute(described)];
  api.use((context, next) => enter(context, doorway, next));
  // A picture that may be old is not shown, and what may come to nothing is not begun.
  api.use("/v1/*", async (context, next) =>
    hub.engine.isReachable() ? next() : say(context, { code: "UNAVAILABLE", message: "the engine cannot be reached" }),
  );
  for (const one of routes) {
    api.on(one.method, patternOf(one.path), (context) => respond(context, one, { gate, log, refused }));
  }
  addPages(api);
  const pages = { path: "/", method: "GET" } as const;
  for (const [path, all] of Map.groupBy([...routes, pages], (one) => one.path)) {
    const allowed = all.map(({ method }) => (method === "GET" ? "GET, HEAD" : method)).join(", ");
    api.all(patternOf(path), (context) => {
      context.header("Allow", allowed);
      return say(context, { code: "METHOD_NOT_ALLOWED", message: `allowed is ${allowed}` });
    });
  }
  api.all(socketPath, (context) => {
    context.header("Upgrade", "websocket");
    return say(context, { code: "UPGRADE_REQUIRED", message: httpCodes.UPGRADE_REQUIRED.meaning });
  });
  api.notFound((context) => say(context, { code: "NOT_FOUND", message: "there is nothing at that path" }));
  api.onError((error, context) => {
    // Who is gone before its body has come is no bug of the hub's, and no news.
    if ("code" in error && error.code === "ECONNRESET")
      log.debug({ error: error.message }, "a request was not finished");
    else log.error({ error }, "a request failed");
    return say(context, { code: "INTERNAL", message: "the hub failed to answer" });
  });
  return api;
}

/** The answer to a request whose Host and target make no URL, so that no route can be asked. */
export function refuseUnreadable(error: unknown): Response {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  // What follows the Host never makes a URL unreadable by itself.
  const isHost = message.endsWith("host header") || (message === "Invalid URL" && cause !== undefined);
  const [status, refusal] = isHost
    ? [421, { code: "MISDIRECTED", message: "the Host is none of this hub's names" }]
    : [400, { code: "INVALID_MESSAGE", message: "the request asks for no path" }];
  return Response.json(refusal, { status, headers: headers.map(([name, value]) => [name, value]) });
}

/** The route that describes all routes, itself too. */
function descriptionRoute(routes: readonly Route[]): Route {
  let document: object | undefined;
  const self: Route = route(
    {
      method: "GET",
      path: "/openapi.json",
      summary: "Describes these routes",
      right: "none",
      query: z.object({}),
      body: noBody,
      answer: z.looseObject({}),
      refusals: [],
    },
    () => ({ answer: { ...(document ??= openApi([...routes, self])) } }),
  );
  return self;
}

/** The path of a route as the router writes it. */
function patternOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

/** Turns away what no request may look like, and answers the questions of pages that may come in (CORS). */
async function enter(context: Context, doorway: Doorway, next: () => Promise<void>): Promise<Response | void> {
  const { method, url } = context.req;
  const { pathname, search } = new URL(url);
  const host = context.req.header("host");
  const origin = context.req.header("origin");
  const target = pathname + search;
  const refusal = refuseRequest(doorway, { method, target, host, origin, subprotocols: undefined });
  for (const [name, value] of headers) context.header(name, value);
  if (refusal !== undefined) return context.json({ code: refusal.code, message: refusal.message }, refusal.status);
  if (!/^(?:100-continue)?$/i.test(context.req.header("expect") ?? ""))
    return say(context, { code: "INVALID_MESSAGE", message: "Expect must be 100-continue" });
  if (origin !== undefined) {
    context.header("Access-Control-Allow-Origin", origin);
    context.header("Access-Control-Allow-Methods", "GET, POST, DELETE");
    context.header("Access-Control-Allow-Headers", "Authorization, Content-Type");
    context.header("Vary", "Origin");
  }
  return method === "OPTIONS" ? context.body(null, 204) : next();
}

/** The body of a request as text; undefined when it is longer than it may be. */
async function bodyOf({ body }: Request): Promise<string | undefined> {
  if (body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  // What is not read any more is not ended either: it still has to be answered.
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes > bodyBytesMax) return undefined;
    parts.push(part.value);
  }
  return Buffer.concat(parts).toString();
}

type Served = { gate: Gate; log: Logger; refused: (bound: keyof Limits) => void };

async function respond(context: Context, one: Route, { gate, log, refused }: Served): Promise<Response> {
  const caller = await identify(context, one.right, gate);
  if ("refusal" in caller) {
    const { address } = getConnInfo(context).remote;
    log.info({ address, asked: `${one.method} ${one.path}`, result: caller.refusal.code }, "a request was turned away");
    return say(context, caller.refusal);
  }
  const access = caller.answer;
  const resumed = context.req.header("last-event-id");
  const query = { ...(resumed && { lastEventId: resumed }), ...context.req.query(), ...context.req.param() };
  const isAllowed = may(access, one.right);
  const body = isAllowed && one.body !== noBody ? await bodyOf(context.req.raw) : "";
  if (body === undefined) return say(context, refuseBody);
  const reply = isAllowed
    ? await one.respond(access, query, body)
    : { ...refuse("FORBIDDEN", `a token of role ${access.role} may not do that`), asked: undefined };
  if ("refusal" in reply && reply.refusal.bound !== undefined) refused(reply.refusal.bound);
  const result = "refusal" in reply ? reply.refusal.code : "done";
  if (one.right === "rule") {
    // What was refused before it was understood is logged as it came.
    const acted = { ...(reply.asked ?? { query }), actor: access.name, action: `${one.method} ${one.path}`, result };
    log.info(acted, result === "done" ? "an admin has acted" : "an admin's action was refused");
  }
  if ("text" in reply) return context.body(reply.text, 200, { "Content-Type": one.contentType ?? "text/plain" });
  return "answer" in reply ? context.json(reply.answer) : say(context, reply.refusal);
}

async function identify(context: Context, right: Right, gate: Gate): Promise<Reply<Access>> {
  if (right === "none") return { answer: anybody };
  try {
    const access = await gate.identify(bearerOf(context.req.header("authorization")));
    return access === undefined ? refuse("UNAUTHORIZED", httpCodes.UNAUTHORIZED.meaning) : { answer: access };
  } catch {
    return refuse("UNAVAILABLE", "tokens cannot be looked at just now");
  }
}

function may(access: Access, right: Right): boolean {
  switch (right) {
    case "none":
      return true;
    case "view":
      return mayView(access);
    case "rule":
      return mayRule(access);
    default:
      return assertNever(right);
  }
}

function say(context: Context, { code, message }: Refusal): Response {
  if (code === "UNAUTHORIZED") context.header("WWW-Authenticate", "Bearer");
  return context.json({ code, message }, httpCodes[code].status);
}
