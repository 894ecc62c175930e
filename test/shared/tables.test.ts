// The tables that both sides share: codes, close codes, bounds; and what may be a name.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCodes, codes, httpCodes, terminalCloseCodes } from "../../shared/errors.ts";
import { defaultLimits, durationMsMax } from "../../shared/limits.ts";
import { socketPath, subprotocol } from "../../shared/protocol.ts";
import { fitsBytes, isName, nestsWithin, utf8Bytes } from "../../shared/text.ts";

describe("codes", () => {
  it("are those of the protocol, with whether to come back", () => {
    expect(Object.fromEntries(Object.entries(codes).map(([code, { comeBack }]) => [code, comeBack]))).toEqual({
      LOCK_TIMEOUT: "yes",
      LOCK_ALREADY_HELD: "yes",
      LOCK_DELAYED: "yes",
      LOCK_NOT_HELD: "no",
      LOCK_EXPIRED: "yes",
      LOCK_REVOKED: "yes",
      SESSION_ENDED: "yes",
      CANCELLED: "no",
      OPERATION_FAILED: "no",
      ATTEMPTS_EXHAUSTED: "no",
      LIMIT_MISMATCH: "no",
      QUEUE_FULL: "later",
      TOO_MANY_REQUESTS: "later",
      INVALID_KEY: "no",
      INVALID_MESSAGE: "no",
      DUPLICATE_ID: "no",
      FORBIDDEN: "no",
      UNAVAILABLE: "yes",
    });
  });

  it("each have a meaning of their own", () => {
    const meanings = Object.values(codes).map(({ meaning }) => meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
    for (const meaning of meanings) expect(meaning).toMatch(/^\w.*[^.]$/);
  });
});

describe("codes of the HTTP side", () => {
  it("are those of PROTOCOL.md, with their statuses", () => {
    const page = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8").split("## HTTP")[1] ?? "";
    const rows = Array.from(page.matchAll(/^\| ([A-Z_]+) \| (\d{3}) \| \w/gm), ([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(rows).toEqual(Object.entries(httpCodes).map(([code, { status }]) => [code, status]));
  });
});

describe("close codes", () => {
  it("are those of the protocol, each once", () => {
    const page = [1000, 1009, 1012, 4400, 4401, 4408, 4409, 4410, 4411, 4412, 4429];
    const all: number[] = Object.values(closeCodes);
    expect(all).toEqual(expect.arrayContaining(page));
    expect(new Set(all).size).toBe(all.length);
  });

  it("are ones that a peer may send", () => {
    const standard = [1000, 1009, 1012, 1013];
    for (const code of Object.values(closeCodes)) {
      expect(standard.includes(code) || (code >= 4400 && code < 4500)).toBe(true);
    }
  });

  it("4400 and 4410 alone are terminal at once", () => {
    expect(terminalCloseCodes).toEqual(new Set([4400, 4410]));
  });
});

describe("bounds", () => {
  it("[B1] are those of the rules unless set", () => {
    expect(defaultLimits).toMatchObject({
      frameBytesMax: 65_536,
      frameFragmentsMax: 16,
      frameMsMax: 10_000,
      headersMsMax: 10_000,
      helloMsMax: 5_000,
      resourceBytesMax: 512,
      nodeBytesMax: 128,
      operationBytesMax: 64,
      resultBytesMax: 16_384,
      labelsMax: 16,
      labelBytesMax: 256,
      jsonDepthMax: 16,
      sessionRequestsMax: 10_000,
      hubRequestsMax: 1_000_000,
      resourceWaitersMax: 100_000,
      outcomesMax: 100_000,
      outcomesBytesMax: 67_108_864,
      referencesMax: 1_000_000,
      sessionWatchesMax: 16,
      hubWatchesMax: 1_000,
      silentSocketsMax: 4_096,
      sessionsMax: 19_000,
      unsentBytesMax: 1_048_576,
      turnMessagesMax: 256,
      invalidMessagesMax: 10,
      listEntriesMax: 20,
    });
  });

  it("[B1] are whole and positive, and say that they are bounds", () => {
    for (const [name, bound] of Object.entries(defaultLimits)) {
      expect(Number.isSafeInteger(bound) && bound > 0, name).toBe(true);
      expect(name).toMatch(/^[a-z]+([A-Z][a-z]+)*Max$/);
    }
  });

  it("fit in one another: what one message may carry fits in a frame", () => {
    const { frameBytesMax, resultBytesMax, resourceBytesMax, operationBytesMax, noteBytesMax } = defaultLimits;
    expect(resultBytesMax + resourceBytesMax + operationBytesMax + noteBytesMax).toBeLessThan(frameBytesMax);
  });

  it("[B4] the longest duration is 24 h, which a timer can wait", () => {
    expect(durationMsMax).toBe(24 * 60 * 60 * 1_000);
    expect(durationMsMax).toBeLessThan(2 ** 31);
  });

  it("the protocol's name and path are fixed", () => {
    expect([subprotocol, socketPath]).toEqual(["baton.v1", "/v1/socket"]);
  });
});

describe("texts", () => {
  it("[B5] are counted in bytes of UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(64), (text, bytes) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
        expect(fitsBytes(text, bytes)).toBe(Buffer.byteLength(text) <= bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it("[B5] are names when they are well-formed, not empty, short enough, and without control characters", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ maxLength: 8 })), fc.nat(32), (text, bytes) => {
        const wanted = text !== "" && text.isWellFormed() && Buffer.byteLength(text) <= bytes && !/\p{Cc}/u.test(text);
        expect(isName(text, bytes)).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[B1] nest as deep as they look", () => {
    const depth = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(7), (value, levels) => {
        expect(nestsWithin(value, levels)).toBe(depth(value) <= levels);
      }),
    );
  });

  it("[B1] are looked into no deeper than they may nest", () => {
    let value: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) value = [value];
    expect(nestsWithin(value, 16)).toBe(false);
  });
});
