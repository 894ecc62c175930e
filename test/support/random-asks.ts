// What nodes may ask for and say at random, of few resources, so that it all collides. Knows no hub and no table.
import * as fc from "fast-check";
import type { ClientMessageOf, Json } from "../../shared/protocol.ts";

/** Each of a union, less some of its fields. */
export type Without<Key extends string, Each> = Each extends unknown ? Omit<Each, Key> : never;

/** What may be said of a request that is there already. */
export type Saying = Without<"id", ClientMessageOf<"release" | "cancel" | "extend" | "progress">>;

/** That four times out of five, else nothing. */
export const often = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 4 });
/** That once, after nothing so many times. */
export const seldom = <Value>(arbitrary: fc.Arbitrary<Value>, nothing: number) =>
  fc.oneof({ weight: nothing, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

export const resource = fc.constantFrom("r", "r", "r", "s");
/** Chooses among what is there by then. */
export const pick = fc.nat(10_000);

/** The fields of an acquire in which no time stands. */
export const asked = {
  resource,
  mode: fc.constantFrom("once", "once", "once", "once", "once", "exclusive", "shared", "shared", "permit", "permit"),
  limit: fc.constantFrom(1, 2, 2, 2),
  wanted: fc.boolean(),
};

/** A refer, but for its kind. */
export const referred = {
  step: fc.constantFrom(1, 1, 1, 2, 0, -1),
  resource,
  action: fc.constantFrom("add", "add", "add", "drop", "get", "clear"),
};

/** What may be said of a request: with these results, delays, holds and notes. */
export function sayings(values: {
  result: fc.Arbitrary<Json>;
  retryAfterMs: fc.Arbitrary<number | undefined>;
  holdMs: fc.Arbitrary<number>;
  note: fc.Arbitrary<string | undefined>;
}): fc.Arbitrary<Saying> {
  const error = fc.constantFrom({ message: "disk full" }, { message: "no route", code: "EHOSTUNREACH" });
  const release = fc.record({
    type: fc.constant("release" as const),
    outcome: fc.constantFrom("success", "failure", "failure", "none"),
    result: often(values.result),
    error: often(error),
    retry: fc.constantFrom(true, true, true, false),
    retryAfterMs: values.retryAfterMs,
  });
  const progress = fc.record({ type: fc.constant("progress" as const), done: often(fc.nat(9)), note: values.note });
  return fc.oneof(
    { weight: 8, arbitrary: release },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("cancel" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("extend" as const), holdMs: values.holdMs }) },
    { weight: 1, arbitrary: progress },
  );
}
