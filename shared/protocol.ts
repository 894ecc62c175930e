// The wire, `baton.v1`: one schema per message, both unions, encode and decode, in the order of PROTOCOL.md.
// Text becomes a typed message here, once. Knows no socket, no session and no lock.
import * as z from "zod/mini";
import type { Code } from "./errors.ts";
import { decoderOf, readerOf, type Decode, type Fault, type FrameReader } from "./frame-reader.ts";
import { plainAcquire, plainRelease } from "./hot-path.ts";
import { isObject } from "./json-text.ts";
import { defaultLimits, durationMsMax, type Limits, wordBytesMax } from "./limits.ts";
import { plainFrame } from "./plain-frame.ts";
import { fitsBytes, isName, isSound } from "./text.ts";

/** The WebSocket subprotocol that both sides name. */
export const subprotocol = "baton.v1";
/** The path of the WebSocket. */
export const socketPath = "/v1/socket";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const modes = ["once", "exclusive", "shared", "permit"] as const;
const outcomes = ["success", "failure", "none"] as const;
const referActions = ["add", "drop", "get", "clear"] as const;
/** How a request shares its resource [Q1]. */
export type Mode = (typeof modes)[number];
/** What a release says of the work. */
export type OutcomeWord = (typeof outcomes)[number];

/** What a bound decides: who meets it is counted there [B1]. */
const within = <Value>(bound: keyof Limits | undefined, fits: (value: Value) => boolean, error: string) =>
  z.refine<Value>(fits, { error, params: { bound } });
const integer = (min: number, max: number, bound?: keyof Limits) => {
  const error = `an integer from ${min} to ${max}`;
  return z.int({ error }).check(
    z.minimum(min, { error }),
    within<number>(bound, (value) => value <= max, error),
  );
};
const anyOf = <const Words extends readonly string[]>(words: Words) =>
  z.enum(words, { error: `one of ${words.join(", ")}` });
const flag = z.boolean({ error: "true or false" });
const object = { error: "an object" };
const duration = integer(0, durationMsMax);
const requestId = integer(1, Number.MAX_SAFE_INTEGER);
const json = z.custom<Json>((value) => value !== undefined, { error: "any JSON value" });

const text = (bytesMax: number, bound?: keyof Limits) => {
  const error = `well-formed text of at most ${bytesMax} bytes`;
  return z.string({ error }).check(
    within<string>(bound, (value) => fitsBytes(value, bytesMax), error),
    z.refine((value) => value.isWellFormed(), { error }),
  );
};
/** Text of one line, as a log or a terminal can show it. */
export const line = (bytesMax: number, code: Fault["code"] = "INVALID_MESSAGE", bound?: keyof Limits) => {
  const error = `1 to ${bytesMax} bytes of well-formed text without control characters`;
  return z.string({ error }).check(
    z.refine((value) => fitsBytes(value, bytesMax), { error, params: { code, bound } }),
    z.refine((value) => isName(value, bytesMax), { error, params: { code } }),
  );
};
/** A resource, an operation or a node [B5]. */
export const name = (limits: Limits, bound: "resourceBytesMax" | "nodeBytesMax" | "operationBytesMax") =>
  line(limits[bound], "INVALID_KEY", bound);
const fitsAsJson = (bytesMax: number) => (value: unknown) => fitsBytes(JSON.stringify(value), bytesMax);
const jsonOf = (bytesMax: number, bound?: keyof Limits) => {
  const error = `JSON of at most ${bytesMax} bytes, of well-formed texts and finite numbers`;
  return json.check(within<Json>(bound, fitsAsJson(bytesMax), error), z.refine(isSound, { error }));
};

const failure = (bytesMax: number, bound?: keyof Limits) => {
  const error = `an object {message, code?} of at most ${bytesMax} bytes as JSON`;
  const fields = z.object({ message: text(bytesMax, bound), code: z.optional(text(bytesMax, bound)) }, { error });
  return fields.check(within<Failure>(bound, fitsAsJson(bytesMax), error));
};
/** Why a holder failed; `code` is the holder's own word or a code of the protocol. */
export type Failure = { message: string; code?: string | undefined };

const isText = (value: unknown) => typeof value === "string" && value.isWellFormed();
const labels = (limits: Limits) => {
  const error = `an object of at most ${limits.labelsMax} texts of at most ${limits.labelBytesMax} bytes`;
  type Labels = Record<string, string>;
  const fits = (value: string) => fitsBytes(value, limits.labelBytesMax);
  const object = z.custom<Labels>((value) => isObject(value) && Object.entries(value).flat().every(isText), {
    error,
    abort: true,
  });
  return object.check(
    within<Labels>("labelsMax", (value) => Object.keys(value).length <= limits.labelsMax, error),
    within<Labels>("labelBytesMax", (value) => Object.entries(value).flat().every(fits), error),
  );
};

const progressFields = (note: z.ZodMiniType<string>) => {
  const amount = z.number({ error: "a number from 0" }).check(z.minimum(0, { error: "a number from 0" }));
  return { done: z.optional(amount), total: z.optional(amount), note: z.optional(note) };
};

const clientSchemas = (limits: Limits) => {
  const resource = name(limits, "resourceBytesMax");
  const token = text(limits.tokenBytesMax, "tokenBytesMax");
  const note = text(limits.noteBytesMax, "noteBytesMax");
  const word = text(wordBytesMax);
  return {
    hello: z.object({
      type: z.literal("hello"),
      node: name(limits, "nodeBytesMax"),
      token: z.optional(token),
      resume: z.optional(z.object({ session: word, secret: word }, { error: "an object {session, secret}" })),
      graceMs: z.optional(duration),
      client: z.optional(word),
      labels: z.optional(labels(limits)),
    }),
    authorize: z.object({ type: z.literal("authorize"), token }),
    acquire: z
      .object({
        type: z.literal("acquire"),
        id: requestId,
        resource,
        operation: z._default(name(limits, "operationBytesMax"), "run"),
        mode: z._default(anyOf(modes), "once"),
        waitMs: z.optional(duration),
        freshMs: z.optional(duration),
        holdMs: z.optional(duration),
        maxAttempts: z.optional(integer(1, limits.attemptsMax, "attemptsMax")),
        limit: z.optional(integer(1, limits.permitsMax, "permitsMax")),
        wanted: z._default(flag, false),
      })
      .check(
        z.refine((acquire) => (acquire.mode === "permit") === (acquire.limit !== undefined), {
          path: ["limit"],
          error: "given with mode permit, and with no other",
        }),
      ),
    release: z.object({
      type: z.literal("release"),
      id: requestId,
      outcome: anyOf(outcomes),
      result: z.optional(jsonOf(limits.resultBytesMax, "resultBytesMax")),
      error: z.optional(failure(limits.resultBytesMax, "resultBytesMax")),
      retry: z._default(flag, true),
      retryAfterMs: z.optional(duration),
    }),
    cancel: z.object({ type: z.literal("cancel"), id: requestId }),
    extend: z.object({ type: z.literal("extend"), id: requestId, holdMs: duration }),
    progress: z.object({ type: z.literal("progress"), id: requestId, ...progressFields(note) }),
    refer: z.object({ type: z.literal("refer"), id: requestId, resource, action: anyOf(referActions) }),
    watch: z
      .object({
        type: z.literal("watch"),
        id: requestId,
        prefix: z.optional(text(limits.resourceBytesMax, "resourceBytesMax")),
        resource: z.optional(resource),
        limit: z._default(integer(1, limits.watchEntriesMax, "watchEntriesMax"), 100),
        intervalMs: z._default(duration, 250),
      })
      .check(
        z.refine(({ prefix = "", resource }) => prefix === "" || resource === undefined, {
          path: ["prefix"],
          error: "left out where a resource is named",
        }),
      ),
    unwatch: z.object({ type: z.literal("unwatch"), id: requestId }),
    pong: z.object({ type: z.literal("pong"), n: integer(0, Number.MAX_SAFE_INTEGER) }),
    ping: z.object({ type: z.literal("ping") }),
    bye: z.object({ type: z.literal("bye") }),
  };
};
type ClientSchemas = ReturnType<typeof clientSchemas>;
/** A message of one type from client to hub, defaults filled in. */
export type ClientMessageOf<Type extends keyof ClientSchemas> = z.infer<ClientSchemas[Type]>;
/** A message from client to hub, as the hub reads it: defaults filled in. */
export type ClientMessage = ClientMessageOf<keyof ClientSchemas>;
/** A message from client to hub, as a client writes it: what has a default may be left out. */
export type ClientMessageInput = z.input<ClientSchemas[keyof ClientSchemas]>;

const count = integer(0, Number.MAX_SAFE_INTEGER);
const fence = integer(1, Number.MAX_SAFE_INTEGER);
const anyText = z.string({ error: "text" });
const anyFailure = z.object({ message: anyText, code: z.optional(anyText) }, object);
const progress = z.object(progressFields(anyText), object);
/** What a holder last reported of its work [H5]. */
export type Progress = z.infer<typeof progress>;

const holder = { node: anyText, operation: anyText, mode: anyOf(modes) };
const holderRow = z.object({ ...holder, heldMs: count, progress: z.optional(progress) }, object);
/** One holder, as waiters and watchers of many resources see it; times in milliseconds. */
export type HolderRow = z.infer<typeof holderRow>;

export const resourceRow = z.object(
  {
    resource: anyText,
    holders: z.array(holderRow),
    holding: count,
    waiting: count,
    oldestWaitMs: count,
    outcome: z.optional(z.object({ operation: anyText, node: anyText, ageMs: count }, object)),
  },
  object,
);
/** One resource among many: its first 3 holders and its counts; times in milliseconds. */
export type ResourceRow = z.infer<typeof resourceRow>;

const request = { ...holder, session: anyText, id: requestId };
export const resourceView = z.object(
  {
    resource: anyText,
    holders: z.array(
      z.object({ ...request, fence, attempt: count, heldMs: count, progress: z.optional(progress) }, object),
    ),
    holding: count,
    waiting: count,
    queue: z.array(z.object({ ...request, waitedMs: count, detached: flag }, object)),
    outcome: z.optional(
      z.object({ operation: anyText, node: anyText, fence, ageMs: count, result: z.optional(json) }, object),
    ),
    delayedMs: z.optional(count),
    limit: z.optional(count),
  },
  object,
);
/** One resource whole: holders and queue (the first 20 of each), the remembered outcome, the delay in force. */
export type ResourceView = z.infer<typeof resourceView>;

const totals = z.object({ resources: count, held: count, waiting: count, sessions: count }, object);
const gone = z.object({ resource: anyText, gone: z.literal(true) }, object);

const hubSchemas = {
  welcome: z.object({
    type: z.literal("welcome"),
    session: anyText,
    secret: anyText,
    resumed: flag,
    lastId: count,
    hub: anyText,
    heartbeatMs: count,
    graceMs: count,
    lockDelayMs: count,
    tokenExpiresInMs: z.optional(count),
    limits: z.record(z.string(), z.number({ error: "a number" })),
  }),
  authorized: z.object({ type: z.literal("authorized"), tokenExpiresInMs: z.optional(count) }),
  queued: z.object({ type: z.literal("queued"), id: requestId, position: count, holders: z.array(holderRow) }),
  granted: z.object({
    type: z.literal("granted"),
    id: requestId,
    fence,
    attempt: count,
    holdMs: z.optional(count),
    previous: z.optional(z.object({ node: anyText, error: anyFailure }, object)),
  }),
  skipped: z.object({
    type: z.literal("skipped"),
    id: requestId,
    by: anyText,
    fence,
    result: z.optional(json),
    ageMs: count,
  }),
  failed: z.object({
    type: z.literal("failed"),
    id: requestId,
    code: z.custom<Code>((value) => typeof value === "string", "a code"),
    message: anyText,
    error: z.optional(anyFailure),
  }),
  released: z.object({ type: z.literal("released"), id: requestId }),
  extended: z.object({ type: z.literal("extended"), id: requestId, holdMs: count }),
  lost: z.object({
    type: z.literal("lost"),
    id: requestId,
    code: z.custom<Code>((value) => typeof value === "string", "a code"),
    message: anyText,
  }),
  wanted: z.object({ type: z.literal("wanted"), id: requestId, waiting: count }),
  references: z.object({
    type: z.literal("references"),
    id: requestId,
    resource: anyText,
    count,
    nodes: z.array(anyText),
  }),
  watching: z.object({
    type: z.literal("watching"),
    id: requestId,
    resources: z.array(z.union([resourceView, resourceRow])),
    totals,
    more: z.optional(flag),
  }),
  changes: z.object({
    type: z.literal("changes"),
    id: requestId,
    resources: z.array(z.union([gone, resourceView, resourceRow])),
    totals,
  }),
  ping: z.object({ type: z.literal("ping"), n: count, seen: count }),
  pong: z.object({ type: z.literal("pong") }),
  error: z.object({
    type: z.literal("error"),
    id: z.optional(requestId),
    code: z.custom<Code>((value) => typeof value === "string", "a code"),
    message: anyText,
  }),
  leaving: z.object({ type: z.literal("leaving"), reconnectMs: count, graceMs: count }),
};
type HubSchemas = typeof hubSchemas;
/** A message of one type from hub to client. */
export type HubMessageOf<Type extends keyof HubSchemas> = z.infer<HubSchemas[Type]>;
/** A message from hub to client. */
export type HubMessage = HubMessageOf<keyof HubSchemas>;

// About as much is read in 0.1 ms, so that a frame of 64 KiB keeps nobody waiting, and what was read of it does not grow old.
const pieceUnits = 8_192;

/** What the hub reads frames with, under the bounds in force. */
export function clientReader(limits: Limits): FrameReader<ClientMessage> {
  const plain = {
    frame: (text: string) => plainFrame(text, limits),
    message(type: unknown, value: Record<string, unknown>) {
      if (type === "acquire") return plainAcquire(value, limits);
      return type === "release" ? plainRelease(value) : undefined;
    },
  };
  return readerOf<ClientMessage>(clientSchemas(limits), limits, plain, pieceUnits);
}

/** The same at one go. */
export function clientDecoder(limits: Limits): Decode<ClientMessage> {
  return decoderOf(clientReader(limits));
}

/** What a client reads frames with; a hub's answers are bounded by what the hub let in. */
export const decodeHubFrame: Decode<HubMessage> = decoderOf(
  readerOf<HubMessage>(hubSchemas, { jsonDepthMax: defaultLimits.jsonDepthMax * 2, jsonFieldsMax: Infinity }),
);

/** The text of one message. */
export function encode(message: HubMessage | ClientMessageInput): string {
  return JSON.stringify(message);
}

/** The text of one frame that carries the given encoded messages, in order. */
export function frame(encoded: readonly string[]): string {
  return encoded.length === 1 && encoded[0] !== undefined ? encoded[0] : `[${encoded.join(",")}]`;
}
