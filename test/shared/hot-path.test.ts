// The hand-written reading of plain messages says what the schemas say, for what is right and for what is nearly right.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainAcquire, plainRelease } from "../../shared/hot-path.ts";
import { defaultLimits } from "../../shared/limits.ts";
import { plainFrame } from "../../shared/plain-frame.ts";
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
const nearlyDuration = fc.constantFrom<unknown>(0, -0, 1, 86_400_000, 86_400_001, -1, 1.5, 2 ** 53, "1", null);
const nearlyAcquire = fc.record<Record<string, unknown>>(
  {
    type: fc.constant("acquire"),
    id: nearlyId,
    resource: nearlyName(512),
    operation: nearlyName(64),
    mode: fc.constantFrom<unknown>("once", "exclusive", "shared", "permit", "Once", "", null, 1, "constructor"),
    limit: fc.constantFrom<unknown>(1, 0, null),
    wanted: fc.constantFrom<unknown>(true, false, null, 0),
    waitMs: nearlyDuration,
    freshMs: nearlyDuration,
    holdMs: nearlyDuration,
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

const plainMessage = fc.oneof(
  fc.record(
    {
      type: fc.constant("acquire"),
      id: fc.oneof(fc.integer({ min: 1 }), fc.constantFrom(10 ** 15 - 1, 10 ** 15, 2 ** 53 - 1, 2 ** 53, 0, 7)),
      resource: fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("r", "sha256:".padEnd(71, "0"), "", '"', "\\")),
      operation: fc.constantFrom("pull", "run", "a longer operation", ""),
      mode: fc.constantFrom("once", "exclusive"),
    },
    { requiredKeys: ["type", "id", "resource"], noNullPrototype: true },
  ),
  fc.record({
    type: fc.constant("release"),
    id: fc.integer({ min: 1 }),
    outcome: fc.constantFrom("success", "failure", "none"),
  }),
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
    const others = { mode: "shared", waitMs: 0, freshMs: 1, holdMs: 2, wanted: true };
    expect(plainAcquire({ ...acquire, ...others }, defaultLimits)).toEqual({ ...read, ...others });
    for (const more of [{ maxAttempts: 1 }, { waitMs: -1 }, { mode: "permit" }, { mode: "permit", limit: 1 }]) {
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

describe("the plain reading of a frame", () => {
  // White space is no part of a plain frame, and JSON ignores it: so the messages are read one by one.
  const readings = (text: string) => [decode(text), decode(` ${text}`)] as const;
  const plain = (text: string) => plainFrame(text, defaultLimits);
  const part = fc.oneof(clientMessage, nearlyAcquire, nearlyRelease, plainMessage);

  it("agrees with that of its messages, whatever they are", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(part), part), (frame) => {
        const [whole, single] = readings(JSON.stringify(frame));
        expect(whole).toEqual(single);
      }),
      { numRuns: 5_000 },
    );
  });

  it("agrees with it when any one place of the text is changed, or the text ends early", () => {
    const change = fc.record({
      frame: fc.oneof(fc.array(plainMessage, { minLength: 1, maxLength: 3 }), plainMessage),
      place: fc.nat(),
      length: fc.integer({ min: 0, max: 2 }),
      put: fc.oneof(
        fc.constantFrom("0", "1", "9", ".", "-", "e", ",", ":", '"', "\\", "[", "}", " ", "\n", "\u007f", "ä"),
        fc.constant(""),
      ),
      isCut: fc.boolean(),
    });
    fc.assert(
      fc.property(change, ({ frame, place, length, put, isCut }) => {
        const text = JSON.stringify(frame);
        const at = place % text.length;
        const changed = text.slice(0, at) + put + (isCut ? "" : text.slice(at + length));
        const [whole, single] = readings(changed);
        expect(whole).toEqual(single);
      }),
      { numRuns: 20_000 },
    );
  });

  it("reads plain messages itself, and leaves the others to JSON", () => {
    const acquire = '{"type":"acquire","id":1,"resource":"r"';
    const release = '{"type":"release","id":1,"outcome":"none"}';
    const read = { type: "acquire", id: 1, resource: "r", operation: "run", mode: "once", wanted: false };
    expect(plain(`${acquire}}`)).toEqual([{ message: read }]);
    expect(plain(`[${acquire},"operation":"pull","mode":"exclusive"},${release}]`)).toEqual([
      { message: { ...read, operation: "pull", mode: "exclusive" } },
      { message: { type: "release", id: 1, outcome: "none", retry: true } },
    ]);
    for (const text of [
      "",
      "[]",
      `${acquire},"waitMs":0}`,
      `[${release},]`,
      `${release},${release}`,
      `[${release}`,
      `${acquire}${release}`,
    ]) {
      expect(plain(text)).toBeUndefined();
    }
  });
});
