// What nodes, admins and time may do to a lock table, at random: few nodes, few resources and short times, so that it all
// collides. Knows no table.
import * as fc from "fast-check";
import type { ClientMessageOf } from "../../../shared/protocol.ts";
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
} from "../../support/random-asks.ts";
import type { ModelSettings } from "./model-records.ts";

/** One thing that is done; `pick` chooses among what is there at that moment. */
export type Intent = { node: number } & (
  | { kind: "acquire"; step: number; fields: Partial<ClientMessageOf<"acquire">> }
  | { kind: "again"; pick: number }
  | { kind: "refer"; step: number; resource: string; action: ClientMessageOf<"refer">["action"]; mustHold: boolean }
  | { kind: "message" | "oldSocket"; pick: number; message: Saying }
  | { kind: "open"; graceMs: number }
  | { kind: "drop"; graceMs: number | undefined }
  | { kind: "resume" | "bye" | "kick" }
  | { kind: "acknowledge"; stepsBefore: number }
  | { kind: "revoke"; resource: string; pick: number | undefined }
  | { kind: "forget"; resource: string }
  | { kind: "pass" | "late"; ms: number }
  | { kind: "void"; pick: number }
  | { kind: "reload" }
  | { kind: "restart"; recoveryGraceMs: number; isUndated: boolean; stepsAhead: number }
);

const mostly = (usual: number, narrow: number) => fc.constantFrom(usual, usual, usual, usual, usual, narrow);
const shortMs = fc.constantFrom(0, 3, 5, 10, 20);
const graceMs = fc.constantFrom(0, 15, 30);

const fields = fc
  .record({
    ...asked,
    operation: fc.constantFrom("p", "p", "p", "q"),
    waitMs: seldom(shortMs, 2),
    freshMs: seldom(fc.constantFrom(0, 5, 30, 1_000), 2),
    holdMs: seldom(shortMs, 2),
    maxAttempts: seldom(fc.integer({ min: 1, max: 3 }), 2),
  })
  .map(({ limit, ...fields }) => ({ ...fields, limit: fields.mode === "permit" ? limit : undefined }));

const message = sayings({
  result: fc.constantFrom(1, "", null),
  retryAfterMs: seldom(fc.constantFrom(0, 5, 12), 2),
  holdMs: shortMs,
  note: fc.constant(undefined),
});

const kind = <const Kind extends Intent["kind"]>(kind: Kind) => fc.constant(kind);
const restart = fc.record({
  kind: kind("restart"),
  recoveryGraceMs: fc.constantFrom(10, 40),
  isUndated: fc.boolean(),
  stepsAhead: fc.integer({ min: -5, max: 5 }),
});
const deed: fc.Arbitrary<Without<"node", Intent>> = fc.oneof(
  { weight: 45, arbitrary: fc.record({ kind: kind("acquire"), step: fc.constantFrom(1, 1, 1, 3), fields }) },
  { weight: 22, arbitrary: fc.record({ kind: kind("message"), pick, message }) },
  { weight: 10, arbitrary: fc.record({ kind: kind("pass"), ms: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("late"), ms: fc.nat(12) }) },
  { weight: 6, arbitrary: fc.record({ kind: kind("drop"), graceMs: seldom(graceMs, 2) }) },
  { weight: 8, arbitrary: fc.record({ kind: kind("resume") }) },
  { weight: 5, arbitrary: fc.record({ kind: kind("open"), graceMs }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("again"), pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kind("refer"),
      ...referred,
      mustHold: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("oldSocket"), pick, message }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("bye", "kick") }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("acknowledge"), stepsBefore: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke"), resource, pick: often(pick) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("forget"), resource }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("void"), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("reload") }) },
  { weight: 1, arbitrary: restart },
);

/** A run: many intents in a row. */
export const intents: fc.Arbitrary<Intent[]> = fc.array(
  fc.tuple(fc.nat(3), deed).map(([node, deed]): Intent => ({ ...deed, node })),
  { minLength: 1, maxLength: 120, size: "max" },
);

/** The settings of a run; most bounds are out of the way most of the time. */
export const settings: fc.Arbitrary<ModelSettings> = fc.record({
  lockDelayMs: fc.constantFrom(0, 0, 7),
  outcomeTtlMs: fc.constantFrom(0, 40, 1_000, 1_000),
  sessionsMax: mostly(4, 3),
  sessionRequestsMax: mostly(1_000, 3),
  hubRequestsMax: mostly(1_000, 8),
  resourceWaitersMax: mostly(1_000, 2),
  outcomesMax: mostly(1_000, 1),
  keptAnswersMax: mostly(1_000, 4),
  delaysMax: mostly(1_000, 1),
  referencesMax: mostly(1_000, 2),
});

/** The grace of each of the four nodes. */
export const graces: fc.Arbitrary<number[]> = fc.array(graceMs, { minLength: 4, maxLength: 4 });
