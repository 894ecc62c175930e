// The description of the HTTP side as OpenAPI 3.1, made from the schemas that its routes check and answer with.
// Knows no hub.
import * as z from "zod/mini";
import { httpCodes, type HttpCode } from "../../shared/errors.ts";
import * as pages from "../../shared/pages.ts";
import { resourceRow } from "../../shared/protocol.ts";
import { noBody, type Route } from "./route.ts";

// What an answer's schema is called; without a name it stands where it is used.
const names = z.registry<{ id: string }>();
names.add(pages.historyEntry, { id: "HistoryEntry" });
names.add(pages.historyPage, { id: "HistoryPage" });
names.add(pages.references, { id: "References" });
names.add(pages.referencePage, { id: "ReferencePage" });
names.add(pages.referrerPage, { id: "ReferrerPage" });
names.add(pages.refusal, { id: "Refusal" });
names.add(pages.resourceDone, { id: "ResourceDone" });
names.add(pages.resourcePage, { id: "ResourcePage" });
names.add(pages.resourceViewPage, { id: "ResourceView" });
names.add(pages.sessionDone, { id: "SessionDone" });
names.add(pages.sessionPage, { id: "SessionPage" });
names.add(pages.sessionRow, { id: "SessionRow" });
names.add(resourceRow, { id: "ResourceRow" });

const uri = (name: string) => `#/components/schemas/${name}`;
// What may be left out may be left out, and what is not named here may come later: an answer only grows.
const how = { io: "input", unrepresentable: "any" } as const;

// A file that no route of those answers with.
const page = {
  path: "/",
  summary: "Shows the dashboard",
  right: "none",
  query: z.object({}),
  body: noBody,
  answer: z.string(),
  contentType: "text/html; charset=utf-8",
  refusals: [],
} as const;

/** The document about these routes, and the page. */
export function openApi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, object>> = { [page.path]: { get: operation(page) } };
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  const { schemas } = z.toJSONSchema(names, { ...how, uri });
  return {
    openapi: "3.1.0",
    info: { title: "Baton", version: "v1", summary: "What a hub shows, and what its admins may do" },
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)])),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
    paths,
  };
}

function operation({
  path,
  summary,
  right,
  query,
  body,
  answer,
  contentType,
  refusals,
}: Omit<Route, "method" | "respond">) {
  const { properties = {}, required = [] } = bare(z.toJSONSchema(query, how));
  const parameters = Object.entries(properties).map(([name, schema]) => {
    const isInPath = path.includes(`{${name}}`);
    return { name, in: isInPath ? "path" : "query", required: required.includes(name), schema };
  });
  return {
    summary,
    description: { none: "For everybody.", view: "For viewers and admins.", rule: "For admins." }[right],
    security: right === "none" ? [] : [{ token: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== noBody && { requestBody: { required: true, content: json(bare(z.toJSONSchema(body, how))) } }),
    responses: {
      200: { description: "Done.", content: json(schemaOf(answer), contentType) },
      ...refusalsByStatus([...refusals, ...commonRefusals(right, "name" in properties)]),
    },
  };
}

/** What every route may refuse, by what it takes. */
function commonRefusals(right: Route["right"], isNamed: boolean): HttpCode[] {
  const common: HttpCode[] = ["INVALID_MESSAGE", "FORBIDDEN", "MISDIRECTED", "INTERNAL"];
  if (isNamed) common.push("INVALID_KEY");
  return right === "none" ? common : [...common, "UNAUTHORIZED", "UNAVAILABLE"];
}

function refusalsByStatus(refusals: readonly HttpCode[]) {
  const byStatus = Map.groupBy(refusals, (code) => httpCodes[code].status);
  const entries = byStatus.entries().map(([status, all]) => {
    const description = all.map((code) => `${code}: ${httpCodes[code].meaning}.`).join(" ");
    return [status, { description, content: json(schemaOf(pages.refusal)) }];
  });
  return Object.fromEntries(entries);
}

function schemaOf(form: Route["answer"]) {
  const name = names.get(form)?.id;
  return name === undefined ? bare(z.toJSONSchema(form, how)) : { $ref: uri(name) };
}

function json(schema: object, contentType = "application/json") {
  return { [contentType]: { schema } };
}

/** The document says once for all of them by what dialect its schemas go, and where they are. */
function bare(schema: z.core.JSONSchema.JSONSchema) {
  const { $schema: _, $id: __, ...rest } = schema;
  return rest;
}
