// The hand-written reading of plain messages says what the schemas say, for what is right and for what is nearly right.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainAcquire, plainRelease } from "../../shared/hot-path.ts";
import { defaultLimits } from "../../shared/limits.ts";
import { clientDecoder } from "../../shared/protocol.ts";
import { clientMessage, name } from "./messages.ts";

const decode = clientDecoder(defaultLimits);
// No plain message has a field of that name, and the schemas ignore it: so the schemas have to read it.
const unknownField = "not of the protocol";

const nearlyId = fc.oneof(
  fc.constantFrom<unknown>(0, -0, -1, 1.5, 2 ** 53, 2 ** 53 - 1, "1", null, true, [1], {}),
  fc.integer(),
  fc.double(),
);
const nearlyName = (bytesMax: number) =>
  fc.oneof(
    name(bytesMax),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom<unknown>("", "\ud800", "\u0000", "\u009f", "\u00a0", "a\nb", null, 7, [], {}, true),
    fc.integer({ min: -2, max: 2 }).map((more) => "x".repeat(bytesMax + more)),
    fc.integer({ min: -1, max: 1 }).map((more) => "ä".repeat(bytesMax / 2 + more)),
    fc.integer({ min: -1, max: 1 }).map((more) => "€".repeat(Math.floor(bytesMax / 3) + more)),
    fc.integer({ min: -1, max: 1 }).map((more) => "😀".repeat(bytesMax / 4 + more)),
  );
const nearlyAcquire = fc.record<Record<string, unknown>>(
  {
    type: fc.constant("acquire"),
    id: nearlyId,
    resource: nearlyName(512),
    operation: nearlyName(64),
    mode: fc.constantFrom<unknown>("once", "exclusive", "shared", "permit", "Once", "", null, 1, "constructor"),
    limit: fc.constantFrom<unknown>(1, 0, null),
    wanted: fc.constantFrom<unknown>(true, false, null, 0),
    waitMs: fc.constantFrom<unknown>(0, 1, -1, null),
  },
  { requiredKeys: ["type"], noNullPrototype: true },
);
const nearlyRelease = fc.record<Record<string, unknown>>(
  {
    type: fc.constant("release"),
    id: nearlyId,
    outcome: fc.constantFrom<unknown>("success", "failure", "none", "ok", "", null, 1, "toString"),
    retry: fc.constantFrom<unknown>(true, false, null),
    result: fc.constantFrom<unknown>(null, 0, {}, undefined),
  },
  { requiredKeys: ["type"], noNullPrototype: true },
);

/** What both readings make of an object as it comes over the wire. */
function readings(value: object) {
  return [decode(JSON.stringify(value)), decode(JSON.stringify({ ...value, [unknownField]: 0 }))] as const;
}

describe("the plain reading", () => {
  it("agrees with the schemas on every message that is right", () => {
    fc.assert(
      fc.property(clientMessage, (message) => {
        const [plain, schema] = readings(message);
        expect(plain).toEqual(schema);
        expect(plain).toMatchObject([{ message: { type: message.type } }]);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    { what: "acquire", nearly: nearlyAcquire },
    { what: "release", nearly: nearlyRelease },
  ])("agrees with the schemas on every $what that is nearly right, faults and their texts included", ({ nearly }) => {
    fc.assert(
      fc.property(nearly, (value) => {
        const [plain, schema] = readings(value);
        expect(plain).toEqual(schema);
      }),
      { numRuns: 5_000 },
    );
  });

  it("agrees with the schemas under other bounds too", () => {
    const limits = { ...defaultLimits, resourceBytesMax: 12, operationBytesMax: 8 };
    const decodeNarrow = clientDecoder(limits);
    fc.assert(
      fc.property(nearlyName(12), nearlyName(8), (resource, operation) => {
        const value = { type: "acquire", id: 1, resource, operation };
        const schema = decodeNarrow(JSON.stringify({ ...value, [unknownField]: 0 }));
        expect(decodeNarrow(JSON.stringify(value))).toEqual(schema);
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads the plain forms itself, and leaves the others to the schemas", () => {
    const acquire = { type: "acquire", id: 1, resource: "r" };
    const read = { ...acquire, operation: "run", mode: "once", wanted: false };
    expect(plainAcquire(acquire, defaultLimits)).toEqual(read);
    expect(plainAcquire({ ...acquire, mode: "exclusive" }, defaultLimits)).toEqual({ ...read, mode: "exclusive" });
    expect(plainAcquire({ ...acquire, operation: "pull" }, defaultLimits)).toEqual({ ...read, operation: "pull" });
    for (const more of [{ waitMs: 0 }, { wanted: true }, { mode: "shared" }, { mode: "permit", limit: 1 }]) {
      expect(plainAcquire({ ...acquire, ...more }, defaultLimits)).toBeUndefined();
    }
    const release = { type: "release", id: 1, outcome: "none" };
    expect(plainRelease(release)).toEqual({ ...release, retry: true });
    for (const more of [{ result: 1 }, { retry: false }, { error: { message: "" } }]) {
      expect(plainRelease({ ...release, ...more })).toBeUndefined();
    }
  });

  it("is not led astray by names of an object's own parts", () => {
    for (const text of [
      '{"type":"acquire","id":1,"resource":"r","__proto__":{"mode":"exclusive"}}',
      '{"type":"acquire","id":1,"resource":"r","constructor":1}',
    ]) {
      expect(decode(text)).toMatchObject([{ message: { id: 1, resource: "r", mode: "once" } }]);
    }
    expect(decode('{"type":"acquire","__proto__":{"id":1,"resource":"r"}}')).toMatchObject([{ fault: {} }]);
  });
});
