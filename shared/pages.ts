// The answers of the hub's HTTP side, as a client reads them: text becomes a typed value here, once. Knows no request.
import * as z from "zod/mini";
import { resourceRow, resourceView, type ResourceRow, type ResourceView } from "./protocol.ts";

/** One page of a list of resources; the cursor asks for the next one. */
export type ResourcePage = { resources: ResourceRow[]; cursor?: string | undefined };

/** One page of the nodes that reference a resource; `count` is of all of them. */
export type ReferrerPage = { resource: string; count: number; nodes: string[]; cursor?: string | undefined };

/** One page of what is referenced, and by how many nodes. */
export type ReferencePage = { references: { resource: string; count: number }[]; cursor?: string | undefined };

/** Why a request was refused: a code of the protocol, or a word of HTTP's such as NOT_FOUND. */
export type Refusal = { code: string; message: string };

const resourcePage = z.object({ resources: z.array(resourceRow), cursor: z.optional(z.string()) });
const referrerPage = z.object({
  resource: z.string(),
  count: z.number(),
  nodes: z.array(z.string()),
  cursor: z.optional(z.string()),
});
const referencePage = z.object({
  references: z.array(z.object({ resource: z.string(), count: z.number() })),
  cursor: z.optional(z.string()),
});
const refusal = z.object({ code: z.string(), message: z.string() });

/** Reads the answer of `GET /v1/resources`; undefined when it has another form. */
export function decodeResourcePage(text: string): ResourcePage | undefined {
  return decode(resourcePage, text);
}

/** Reads the answer of `GET /v1/resource`; undefined when it has another form. */
export function decodeResourceView(text: string): ResourceView | undefined {
  return decode(resourceView, text);
}

/** Reads the answer of `GET /v1/references?name=`; undefined when it has another form. */
export function decodeReferrerPage(text: string): ReferrerPage | undefined {
  return decode(referrerPage, text);
}

/** Reads the answer of `GET /v1/references` without a name; undefined when it has another form. */
export function decodeReferencePage(text: string): ReferencePage | undefined {
  return decode(referencePage, text);
}

/** Reads an answer that is not of success; undefined when it has another form. */
export function decodeRefusal(text: string): Refusal | undefined {
  return decode(refusal, text);
}

function decode<Value>(schema: z.ZodMiniType<Value>, text: string): Value | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
