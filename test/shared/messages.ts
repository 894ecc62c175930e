// Arbitrary messages of the protocol, well formed, for properties. Knows the forms of the protocol page, no meaning.
import * as fc from "fast-check";
import { codes, type Code } from "../../shared/errors.ts";
import type { ClientMessageInput, HubMessage, Json } from "../../shared/protocol.ts";

const isName = (text: string) => text !== "" && !/\p{Cc}/u.test(text) && text.isWellFormed();
/** A name of at most that many bytes of UTF-8. */
export const name = (bytesMax: number) =>
  fc
    .oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 24 }),
      fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 32 }),
      fc.constantFrom("__proto__", "constructor", "toString", "a", "a/b", "ab", "sha256:f00", "x".repeat(bytesMax)),
    )
    .filter((text) => isName(text) && Buffer.byteLength(text) <= bytesMax);

const id = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const duration = fc.oneof(fc.constantFrom(0, 1, 86_400_000), fc.integer({ min: 0, max: 86_400_000 }));
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const word = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => text.isWellFormed());
const resource = name(512);
const operation = name(64);
const node = name(128);
const outcome = fc.constantFrom("success" as const, "failure" as const, "none" as const);
const mode = fc.constantFrom("once" as const, "exclusive" as const, "shared" as const, "permit" as const);
const amount = fc.oneof(
  count,
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
);

// A value as it is after one trip over the wire: JSON has no -0 and no undefined.
const json: fc.Arbitrary<Json> = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)));

/** An object in which each field may be missing. */
const some = <Fields extends object>(fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> }) =>
  fc.record(fields, { requiredKeys: [], noNullPrototype: true });
const all = <Fields extends object>(fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> }) =>
  fc.record(fields, { noNullPrototype: true });
const both = <One extends object, Two extends object>(one: fc.Arbitrary<One>, two: fc.Arbitrary<Two>) =>
  fc.tuple(one, two).map(([first, second]) => ({ ...first, ...second }));
const type = <const Type extends string>(word: Type) => fc.constant(word);

const failure = both(all({ message: word }), some({ code: word }));
const progress = some({ done: amount, total: amount, note: word });
const holder = both(all({ node, operation, mode, heldMs: count }), some({ progress }));
const totals = all({ resources: count, held: count, waiting: count, sessions: count });
const code = fc.constantFrom(...Object.keys(codes).filter((key): key is Code => key in codes));
const asker = { node, session: word, id, operation, mode };

const row = both(
  all({ resource, holders: fc.array(holder, { maxLength: 3 }), holding: count, waiting: count, oldestWaitMs: count }),
  some({ outcome: all({ operation, node, ageMs: count }) }),
);
const view = both(
  all({
    resource,
    holders: fc.array(both(all({ ...asker, fence: id, attempt: count, heldMs: count }), some({ progress })), {
      maxLength: 3,
    }),
    holding: count,
    waiting: count,
    queue: fc.array(all({ ...asker, waitedMs: count, detached: fc.boolean() }), { maxLength: 3 }),
  }),
  some({
    outcome: both(all({ operation, node, fence: id, ageMs: count }), some({ result: json })),
    delayedMs: count,
    limit: count,
  }),
);
const gone = all({ resource, gone: fc.constant(true as const) });

/** Any message of a client, with and without what may be left out. */
export const clientMessage: fc.Arbitrary<ClientMessageInput> = fc.oneof(
  both(
    all({ type: type("hello"), node }),
    some({
      token: word,
      resume: all({ session: word, secret: word }),
      graceMs: duration,
      client: word,
      labels: fc.dictionary(word, word, { maxKeys: 16, noNullPrototype: true }),
    }),
  ),
  all({ type: type("authorize"), token: word }),
  both(
    all({ type: type("acquire"), id, resource }),
    both(
      some({
        operation,
        waitMs: duration,
        freshMs: duration,
        holdMs: duration,
        maxAttempts: fc.integer({ min: 1, max: 1_000_000 }),
        wanted: fc.boolean(),
      }),
      fc.oneof(
        some({ mode: fc.constantFrom("once" as const, "exclusive" as const, "shared" as const) }),
        all({ mode: type("permit"), limit: fc.integer({ min: 1, max: 1_000_000 }) }),
      ),
    ),
  ),
  both(
    all({ type: type("release"), id, outcome }),
    some({ result: json, error: failure, retry: fc.boolean(), retryAfterMs: duration }),
  ),
  all({ type: type("cancel"), id }),
  all({ type: type("extend"), id, holdMs: duration }),
  both(all({ type: type("progress"), id }), progress),
  all({
    type: type("refer"),
    id,
    resource,
    action: fc.constantFrom("add" as const, "drop" as const, "get" as const, "clear" as const),
  }),
  both(
    all({ type: type("watch"), id }),
    both(
      fc.oneof(some({ prefix: word }), some({ resource })),
      some({ limit: fc.integer({ min: 1, max: 10_000 }), intervalMs: duration }),
    ),
  ),
  all({ type: type("unwatch"), id }),
  all({ type: type("pong"), n: count }),
  all({ type: type("ping") }),
  all({ type: type("bye") }),
);

/** Any message of a hub. */
export const hubMessage: fc.Arbitrary<HubMessage> = fc.oneof(
  both(
    all({
      type: type("welcome"),
      session: word,
      secret: word,
      resumed: fc.boolean(),
      lastId: count,
      hub: word,
      heartbeatMs: count,
      graceMs: count,
      lockDelayMs: count,
      limits: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), count, { noNullPrototype: true }),
    }),
    some({ tokenExpiresInMs: count }),
  ),
  both(all({ type: type("authorized") }), some({ tokenExpiresInMs: count })),
  all({ type: type("queued"), id, position: count, holders: fc.array(holder, { maxLength: 3 }) }),
  both(
    all({ type: type("granted"), id, fence: id, attempt: count }),
    some({ holdMs: count, previous: all({ node, error: failure }) }),
  ),
  both(all({ type: type("skipped"), id, by: node, fence: id, ageMs: count }), some({ result: json })),
  both(all({ type: type("failed"), id, code, message: word }), some({ error: failure })),
  all({ type: type("released"), id }),
  all({ type: type("extended"), id, holdMs: count }),
  all({ type: type("lost"), id, code, message: word }),
  all({ type: type("wanted"), id, waiting: count }),
  all({ type: type("references"), id, resource, count, nodes: fc.array(node, { maxLength: 3 }) }),
  both(
    all({ type: type("watching"), id, resources: fc.array(fc.oneof(row, view), { maxLength: 3 }), totals }),
    some({ more: fc.boolean() }),
  ),
  all({ type: type("changes"), id, resources: fc.array(fc.oneof(row, view, gone), { maxLength: 3 }), totals }),
  all({ type: type("ping"), n: count, seen: count }),
  all({ type: type("pong") }),
  both(all({ type: type("error"), code, message: word }), some({ id })),
  all({ type: type("leaving"), reconnectMs: count, graceMs: count }),
);
