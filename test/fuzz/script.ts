// What nodes and admins may do to a live hub, at random: few nodes, few resources, times that are over at once or never, names
// that mislead, and messages that are almost right. Knows no hub.
import * as fc from "fast-check";
import { durationMsMax } from "../../shared/limits.ts";
import type { ClientMessageOf, Json } from "../../shared/protocol.ts";
import { isName } from "../../shared/text.ts";
import {
  asked,
  often,
  pick,
  referred,
  resource,
  type Saying,
  sayings,
  seldom,
  type Without,
} from "../support/random-asks.ts";

/** One thing that is done; `pick` chooses among what is there at that moment. */
export type Deed = { node: number } & (
  | { kind: "acquire"; step: number; fields: AcquireFields; extra: object }
  | { kind: "again"; pick: number }
  | { kind: "refer"; step: number; resource: string; action: ClientMessageOf<"refer">["action"] }
  | { kind: "message"; pick: number; message: Saying; extra: object }
  | { kind: "open"; graceMs: number }
  | { kind: "drop" | "resume" | "stranger" | "bye" | "kick" }
  | { kind: "revoke"; resource: string; pick: number | undefined }
  | { kind: "forget"; resource: string }
  | { kind: "junk"; text: string }
);

/** What is asked for, with the defaults said. */
export type AcquireFields = Without<"type" | "id", ClientMessageOf<"acquire">>;

/** A run: who is called how, and what they do. */
export type Script = { decoration: string; deeds: Deed[] };

const shortMs = 8;
const json = fc.json({ maxDepth: 3 }).map((text): Json => JSON.parse(text));
const unknownNames = ["x", "__proto__", "constructor", "toString", "", "\u202e", "token", "TYPE"];
const extra = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...unknownNames), json, { maxKeys: 3 }) },
);

const timed = fc.constantFrom<Partial<AcquireFields>>(
  {},
  {},
  {},
  {},
  { waitMs: 0 },
  { waitMs: shortMs },
  { waitMs: durationMsMax },
  { holdMs: shortMs },
  { holdMs: durationMsMax },
);
const fields: fc.Arbitrary<AcquireFields> = fc
  .record({
    ...asked,
    operation: fc.constantFrom("p", "p", "p", "q", "__proto__"),
    freshMs: seldom(fc.constant(durationMsMax), 3),
    maxAttempts: seldom(fc.integer({ min: 1, max: 3 }), 3),
    timed,
  })
  // Two short holds at once would end in an order that nobody can know.
  .map(({ limit, timed, mode, ...fields }) => {
    const isAlone = mode === "once" || mode === "exclusive" || timed.holdMs !== shortMs;
    return { ...fields, mode, ...(isAlone && timed), ...(mode === "permit" && { limit }) };
  });

const message = sayings({
  result: json,
  retryAfterMs: seldom(fc.constantFrom(0, shortMs), 3),
  holdMs: fc.constant(durationMsMax),
  note: often(fc.constant("n")),
});

const badNumbers = ["0", "-1", "1.5", '"1"', "null", "true", "{}", "[1]", "1e400", "9007199254740993"];
const badNames = ['""', "7", "null", "[]", "{}", '"\\ud800"', '"a\\u0000b"', '"\\u009b"', `"${"x".repeat(600)}"`];
const badWords = ["1", "null", '"Once"', '"__proto__"', "[]", '""', '"constructor"'];
const brokenFields: readonly (readonly [start: string, bad: readonly string[]])[] = [
  ['"type":"acquire","resource":"r","id":', badNumbers],
  ['"type":"acquire","id":1,"resource":', badNames],
  ['"type":"acquire","id":1,"resource":"r","operation":', badNames],
  ['"type":"acquire","id":1,"resource":"r","mode":', badWords],
  ['"type":"acquire","id":1,"resource":"r","waitMs":', badNumbers.filter((bad) => bad !== "0")],
  ['"type":"acquire","id":1,"resource":"r","mode":"permit","limit":', badNumbers],
  ['"type":"release","id":1,"outcome":', badWords],
  ['"type":"release","id":1,"outcome":"failure","error":', badWords],
  ['"type":"release","outcome":"none","id":', badNumbers],
  ['"type":"refer","id":1,"resource":"r","action":', badWords],
  ['"type":"watch","id":1,"resource":', badNames],
  ['"type":"extend","id":1,"holdMs":', badNumbers.filter((bad) => bad !== "0")],
  ['"type":"progress","id":1,"done":', ["-1", '"1"', "null", "1e400"]],
  ['"type":', [...badWords, '"welcome"', '"granted"', '"toString"']],
];
const junk = fc.oneof(
  fc.constantFrom(...brokenFields).chain(([start, bad]) => fc.constantFrom(...bad).map((end) => `{${start}${end}}`)),
  fc.constantFrom("null", "1", '"hello"', "[]", "{}", "[[]]", `${"[".repeat(500)}${"]".repeat(500)}`),
  // No JSON value that is made at random is a message.
  json.map((value) => JSON.stringify({ type: "acquire", id: value, resource: value, mode: value })),
);

const kind = <const Kind extends Deed["kind"]>(kind: Kind) => fc.constant(kind);
const deed: fc.Arbitrary<Without<"node", Deed>> = fc.oneof(
  { weight: 45, arbitrary: fc.record({ kind: kind("acquire"), step: fc.constantFrom(1, 1, 1, 3), fields, extra }) },
  { weight: 25, arbitrary: fc.record({ kind: kind("message"), pick, message, extra }) },
  { weight: 4, arbitrary: fc.record({ kind: kind("drop") }) },
  { weight: 7, arbitrary: fc.record({ kind: kind("resume") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("stranger") }) },
  { weight: 4, arbitrary: fc.record({ kind: kind("open"), graceMs: fc.constantFrom(0, 60_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("again"), pick }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: kind("refer"), ...referred }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("bye" as const, "kick" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke"), resource, pick: often(pick) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("forget"), resource }) },
  { weight: 8, arbitrary: fc.record({ kind: kind("junk"), text: junk }) },
);

const decoration = fc
  .oneof(
    fc.constantFrom("", "__proto__", "../", "a/b%2f", "'\"><img src=x>", "\u202e", "\u2028", "${x}", "👩‍👩‍👧"),
    fc.string({ unit: "binary", maxLength: 12 }),
  )
  .map((text) => (isName(text, 64) ? text : ""));

/** A run of four nodes; the first things that happen are their hellos. */
export const script: fc.Arbitrary<Script> = fc.record({
  decoration,
  deeds: fc.array(
    fc.tuple(fc.nat(3), deed).map(([node, deed]): Deed => ({ ...deed, node })),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});
