// How the text of a frame becomes messages: its parts first, then each by the schema of its type, or what is wrong with it.
// Knows no message.
import * as z from "zod/mini";
import { isRequestId } from "./hot-path.ts";
import { beginsList, pieceOfList } from "./json-list.ts";
import { isObject, parseJson } from "./json-text.ts";
import type { Limits } from "./limits.ts";
import { countFields, nestsWithin } from "./text.ts";

/** A message that breaks the form: which field, and what is allowed there. */
export type Fault = {
  code: "INVALID_MESSAGE" | "INVALID_KEY";
  message: string;
  id?: number;
  /** What was met, if it was a bound [B1]. */
  bound?: keyof Limits | undefined;
};
/** One decoded message of a frame, or why it is none. */
type Decoded<Message> = { message: Message } | { fault: Fault };
/** One message of a frame as far as it is read: as a message, or as a JSON value. */
export type Part<Message> = { message: Message } | { value: unknown };
/** Turns the text of a frame into its messages, in order; `undefined` when the text is no JSON. */
export type Decode<Message> = (text: string) => Decoded<Message>[] | undefined;

/** The next parts of a frame, one at least, and where those after them begin; -1 when these are the last. */
export type Parts<Part> = { readonly parts: readonly Part[]; readonly next: number };

/** The same in steps, so that a frame of many messages need not be read at one go. */
export type FrameReader<Message> = {
  /** The parts of a frame from a place on, all of them unless it is long; `undefined` when what stands there is no JSON. */
  readonly split: (text: string, from: number) => Parts<Part<Message>> | undefined;
  /** The message that a part is; where there is no part, there is none. */
  readonly read: (part: Part<Message> | undefined) => Decoded<Message>;
};

/** What reads the plainest messages faster: those of whole frames, and single ones. */
type Plain<Message> = {
  readonly frame: (text: string) => { message: Message }[] | undefined;
  readonly message: (type: unknown, value: Record<string, unknown>) => Message | undefined;
};
const nothing = () => undefined;

/** Reads whole frames. */
export function decoderOf<Message>({ split, read }: FrameReader<Message>): Decode<Message> {
  return (text) => {
    const decoded: Decoded<Message>[] = [];
    for (let from = 0; from >= 0;) {
      const some = split(text, from);
      if (some === undefined) return undefined;
      for (const part of some.parts) decoded.push(read(part));
      from = some.next;
    }
    return decoded;
  };
}

/**
 * Reads messages by one schema a type; `plain` may read the plainest of them faster. A list of more than `unitsMax` UTF-16 units is
 * read in pieces of about as many: what stands before one that is no JSON counts.
 */
export function readerOf<Message>(
  schemas: Record<string, z.ZodMiniType<Message>>,
  { jsonDepthMax, jsonFieldsMax }: Pick<Limits, "jsonDepthMax" | "jsonFieldsMax">,
  plain: Plain<Message> = { frame: nothing, message: nothing },
  unitsMax = Infinity,
): FrameReader<Message> {
  const byType: ReadonlyMap<unknown, z.ZodMiniType<Message>> = new Map(Object.entries(schemas));
  const allowed = Object.keys(schemas).join(", ");
  const read = (part: Part<Message> | undefined): Decoded<Message> => {
    if (part !== undefined && "message" in part) return part;
    const value = part?.value;
    if (!isObject(value)) return fault(value === undefined ? noMessage : "a message is an object");
    const { type } = value;
    const message = plain.message(type, value);
    if (message !== undefined) return { message };
    const schema = byType.get(type);
    if (schema === undefined) return fault(`unknown type ${quote(type)}: allowed are ${allowed}`, value);
    if (!nestsWithin(value, jsonDepthMax)) {
      return fault(`${String(type)} nests more than ${jsonDepthMax} deep`, value, { bound: "jsonDepthMax" });
    }
    if (jsonFieldsMax < Infinity && countFields(value) > jsonFieldsMax) {
      const why = `${String(type)} has more than ${jsonFieldsMax} fields and entries`;
      return fault(why, value, { bound: "jsonFieldsMax" });
    }
    const parsed = parse(schema, value);
    if ("message" in parsed) return parsed;
    const { message: why, ...more } = faultIn(parsed, String(type));
    return fault(why, value, more);
  };
  const whole = (text: string, next: number) => {
    const parts = plain.frame(text) ?? split(text);
    return parts && { parts, next };
  };
  return {
    read,
    split(text, from) {
      if (text.length <= unitsMax || !beginsList(text)) return whole(text, -1);
      const piece = pieceOfList(text, from, unitsMax);
      return piece && whole(piece.text, piece.next);
    },
  };
}

const synchronous = { async: false } as const;

/**
 * What a value is by its schema, or the first thing that is wrong with it. `safeParse` would make an error beside, which takes longer
 * to make, and to sweep, than all else that is done for a message: others would wait for it while somebody sends nothing else.
 */
function parse<Message>(
  schema: z.ZodMiniType<Message>,
  value: unknown,
): { message: Message } | { issues: z.core.$ZodIssue[] } {
  const parsed = schema._zod.run({ value, issues: [] }, synchronous);
  if (parsed instanceof Promise) throw new Error("a schema of the protocol takes its time");
  const [issue] = parsed.issues;
  if (isWhatItSays(schema, parsed.value, issue)) return { message: parsed.value };
  return { issues: issue ? [z.core.util.finalizeIssue(issue, synchronous, z.config())] : [] };
}

/** Whether a schema found nothing wrong with a value. */
function isWhatItSays<Message>(_: z.ZodMiniType<Message>, _value: unknown, issue: unknown): _value is Message {
  return issue === undefined;
}

const noMessage = "a frame carries at least one message";

function split(text: string): { value: unknown }[] | undefined {
  const value = parseJson(text);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return [{ value }];
  return value.length === 0 ? [{ value: undefined }] : value.map((one: unknown) => ({ value: one }));
}

/** The first field that breaks a form, and what is allowed there. */
export function faultIn({ issues: [issue] }: Pick<z.core.$ZodError, "issues">, what: string): Fault {
  const params: { code?: unknown; bound?: keyof Limits } = (issue?.code === "custom" && issue.params) || {};
  const field = [what, ...(issue?.path ?? [])].map(String).join(".");
  const message = `${field} must be ${issue?.message ?? "of another form"}`;
  return { code: params.code === "INVALID_KEY" ? params.code : "INVALID_MESSAGE", message, bound: params.bound };
}

function fault(message: string, value?: Record<string, unknown>, more: Partial<Fault> = {}): { fault: Fault } {
  const id = value?.["id"];
  return { fault: { code: "INVALID_MESSAGE", message, ...more, ...(isRequestId(id) && { id }) } };
}

function quote(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 32).toWellFormed()) : `of kind ${typeof value}`;
}
