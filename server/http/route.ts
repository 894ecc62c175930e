// One route of the HTTP side: who may ask, what it takes, what it answers and what it refuses. Text becomes typed values
// here, once. Knows no resource, no session and no header.
import * as z from "zod/mini";
import type { HttpCode } from "../../shared/errors.ts";
import { faultIn } from "../../shared/frame-reader.ts";
import { parseJson } from "../../shared/json-text.ts";
import type { Limits } from "../../shared/limits.ts";
import type { Access } from "../access.ts";

/** Who may ask: everyone, those who may watch, or admins. */
export type Right = "none" | "view" | "rule";

/** Why something was not done. */
export type Refusal = {
  code: HttpCode;
  message: string;
  /** What was met, if it was a bound [B1]. */
  bound?: keyof Limits | undefined;
};

/** What a route comes to. */
export type Reply<Answer> = { answer: Answer } | { refusal: Refusal };

/** A text that is no JSON, at once or bit by bit. */
type Text = { text: string | ReadableStream<Uint8Array> };

/** What was asked, and by whom. */
export type Asked<Query, Body> = { access: Access; query: Query; body: Body };

/** What is said of a route; a `{name}` in its path is a field of its query too. */
type Description<Query, Body, Answer> = {
  method: "GET" | "POST" | "DELETE";
  path: string;
  /** What it does, in words that begin a sentence. */
  summary: string;
  right: Right;
  query: z.ZodMiniObject & z.ZodMiniType<Query>;
  /** What JSON it takes; `noBody` unless there is any. */
  body: z.ZodMiniType<Body>;
  answer: z.ZodMiniType<Answer>;
  /** What the answer is when it is no JSON. */
  contentType?: string;
  /** What it refuses, beside what all routes do. */
  refusals: readonly HttpCode[];
};

/** A route as all are served and described. */
export type Route = Omit<Description<unknown, unknown, unknown>, "query"> & {
  query: z.ZodMiniObject;
  /** Checks what came in and answers it; `bodyText` is JSON, or nothing. `asked` is what was understood, for the log. */
  respond(
    access: Access,
    query: Record<string, string>,
    bodyText: string,
  ): Promise<(Reply<object> | Text) & { asked?: object }>;
};

/** The body of a route that takes none. */
export const noBody = z.undefined();

/** A route whose answer is a string says it as a text. */
type ReplyOf<Answer> = Answer extends object ? Reply<Answer> : Text | { refusal: Refusal };

/** Makes a route. */
export function route<Query, Body, Answer>(
  description: Description<Query, Body, Answer>,
  act: (asked: Asked<Query, Body>) => ReplyOf<Answer> | Promise<ReplyOf<Answer>>,
): Route {
  return {
    ...description,
    respond: async (access, rawQuery, bodyText) => {
      const query = description.query.safeParse(rawQuery);
      if (!query.success) return { refusal: faultIn(query.error, "query") };
      const body = description.body.safeParse(parseJson(bodyText));
      if (!body.success) return { refusal: faultIn(body.error, "body") };
      const reply = await act({ access, query: query.data, body: body.data });
      return { ...reply, asked: Object.assign({}, query.data, body.data) };
    },
  };
}

/** A refusal, as a route gives it. */
export function refuse(code: HttpCode, message: string): { refusal: Refusal } {
  return { refusal: { code, message } };
}

/** What is said when the hub ended before what was asked came to anything that it knows of. */
export function refuseUnknown(): { refusal: Refusal } {
  return refuse("UNAVAILABLE", "the hub lost its engine meanwhile; look whether it was done");
}
