// The HTTP side of a hub: health, JSON views, admin actions. Knows the hub and its table; no sockets.
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod/mini";
import { referencedAfter, referrersAfter, resourcesAfter, rowOf, viewOf } from "./core/views.ts";
import { refuseRequest, type Doorway } from "./doorway.ts";
import type { Answered, Hub } from "./hub.ts";
import type { Logger } from "./log.ts";

type HttpParts = { hub: Hub; doorway: Doorway; log: Logger };

const reasonBytesMax = 256;
const bodyBytesMax = 4_096;
const pageEntriesDefault = 100;

const releaseBody = z.object({
  reason: z.string().check(z.minLength(1), z.maxLength(reasonBytesMax)),
  fence: z.optional(z.int().check(z.minimum(1))),
});

/** The routes of a hub. */
export function httpApi({ hub, doorway, log }: HttpParts): Hono {
  const api = new Hono();
  api.use(async (context, next) => {
    const { method, url } = context.req;
    const { pathname, search } = new URL(url);
    const host = context.req.header("host");
    const origin = context.req.header("origin");
    const refusal = refuseRequest(doorway, {
      method,
      target: pathname + search,
      host,
      origin,
      subprotocols: undefined,
    });
    context.header("X-Content-Type-Options", "nosniff");
    context.header("Cache-Control", "no-store");
    if (refusal !== undefined) return context.json({ code: refusal.code, message: refusal.message }, refusal.status);
    if (origin !== undefined) allowPage(context, origin);
    return method === "OPTIONS" ? context.body(null, 204) : next();
  });
  // On the one route that reads a body: the limit makes the request anew, which not every request of the adapter survives.
  api.post(
    "/v1/resource/release",
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: (context) => invalid(context, `a body has at most ${bodyBytesMax} bytes`),
    }),
  );

  api.get("/healthz", (context) => context.json({ status: "ok" }));
  api.get("/readyz", (context) => {
    if (hub.isOpen && hub.engine.isReachable()) return context.json({ status: "ready" });
    const message = hub.isOpen ? "the engine cannot be reached" : "the hub is being stopped";
    return context.json({ code: "UNAVAILABLE", message }, 503);
  });
  addViews(api, hub);
  addReferences(api, hub);
  addAdminActions(api, hub, log);
  api.notFound((context) => context.json({ code: "NOT_FOUND", message: "there is nothing at that path" }, 404));
  api.onError((error, context) => {
    log.error({ error }, "a request failed");
    return context.json({ code: "INTERNAL", message: "the hub failed to answer" }, 500);
  });
  return api;
}

/** Lets the page of an origin that may come in read the answer, and ask what a page must ask leave for (CORS). */
function allowPage(context: Context, origin: string): void {
  context.header("Access-Control-Allow-Origin", origin);
  context.header("Access-Control-Allow-Methods", "GET, POST, DELETE");
  context.header("Access-Control-Allow-Headers", "Authorization, Content-Type");
  context.header("Vary", "Origin");
}

function addViews(api: Hono, hub: Hub): void {
  const { listEntriesMax } = hub.limits;

  api.get("/v1/resources", (context) => {
    const { prefix = "", cursor } = context.req.query();
    const entries = pageEntries(context, hub);
    if (entries === undefined) return invalidLimit(context, hub);
    const { table } = hub.engine;
    const { resources, more } = resourcesAfter(table, prefix, cursor, entries);
    const rows = resources.map((resource) => rowOf(resource, hub.engine.nowMs()));
    return context.json({ resources: rows, ...(more && { cursor: rows.at(-1)?.resource }) });
  });

  api.get("/v1/resource", (context) => {
    const { name, cursor = "0" } = context.req.query();
    if (name === undefined) return invalid(context, "name must name a resource");
    const skipped = Number(cursor);
    if (!isCount(skipped, 0, hub.limits.resourceWaitersMax))
      return invalid(context, "cursor must be one that was given out");
    const resource = hub.engine.table.resources.get(name);
    if (resource === undefined) return absent(context, name);
    const view = viewOf(resource, hub.engine.nowMs(), listEntriesMax, skipped);
    const next = skipped + view.queue.length;
    return context.json({ ...view, ...(next < view.waiting && { cursor: String(next) }) });
  });
}

/** With a name, who references it; without, what is referenced. */
function addReferences(api: Hono, hub: Hub): void {
  api.get("/v1/references", (context) => {
    const { name, prefix = "", node, cursor } = context.req.query();
    const entries = pageEntries(context, hub);
    if (entries === undefined) return invalidLimit(context, hub);
    const { table } = hub.engine;
    if (name === undefined) {
      const { rows, more } = referencedAfter(table, { prefix, node }, cursor, entries);
      return context.json({ references: rows, ...(more && { cursor: rows.at(-1)?.resource }) });
    }
    if (name === "") return invalid(context, "name must name a resource");
    const { count, nodes, more } = referrersAfter(table, name, cursor, entries);
    return context.json({ resource: name, count, nodes, ...(more && { cursor: nodes.at(-1) }) });
  });
}

function addAdminActions(api: Hono, hub: Hub, log: Logger): void {
  const actor = "anybody";

  api.post("/v1/resource/release", async (context) => {
    const name = context.req.query("name");
    if (name === undefined) return invalid(context, "name must name a resource");
    const body = releaseBody.safeParse(await readJson(context));
    if (!body.success) {
      return invalid(
        context,
        `the body must be {reason, fence?}: reason of 1 to ${reasonBytesMax} characters, fence an integer`,
      );
    }
    const { reason, fence } = body.data;
    const answered = await hub.revoke(name, { actor, reason, ...(fence !== undefined && { fence }) });
    log.info({ resource: name, actor, reason, fence, answered }, "a forced release was asked for");
    return answer(context, answered, name);
  });

  api.delete("/v1/resource/outcome", async (context) => {
    const name = context.req.query("name");
    if (name === undefined) return invalid(context, "name must name a resource");
    const answered = await hub.forget(name);
    log.info({ resource: name, actor, answered }, "an outcome was to be forgotten");
    return answer(context, answered, name);
  });
}

function answer(context: Context, answered: Answered, name: string) {
  if (answered === "done") return context.json({ resource: name });
  if (answered === "absent") return absent(context, name);
  return context.json({ code: "CONFLICT", message: "that fence no longer holds the resource" }, 409);
}

function absent(context: Context, name: string) {
  return context.json({ code: "NOT_FOUND", message: `there is nothing of ${JSON.stringify(name)}` }, 404);
}

function invalid(context: Context, message: string) {
  return context.json({ code: "INVALID_MESSAGE", message }, 400);
}

/** How many entries a page is to have, as the query says; undefined when it says what is not allowed. */
function pageEntries(context: Context, { limits }: Hub): number | undefined {
  const limit = context.req.query("limit");
  if (limit === undefined) return Math.min(pageEntriesDefault, limits.pageEntriesMax);
  return isCount(Number(limit), 1, limits.pageEntriesMax) ? Number(limit) : undefined;
}

function invalidLimit(context: Context, { limits }: Hub) {
  return invalid(context, `limit must be an integer from 1 to ${limits.pageEntriesMax}`);
}

function isCount(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

async function readJson(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch {
    return undefined;
  }
}
