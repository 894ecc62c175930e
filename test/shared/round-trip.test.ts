// What is encoded is decoded again, whatever it is: both unions, as properties.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../shared/limits.ts";
import { clientDecoder, decodeHubFrame, encode, frame } from "../../shared/protocol.ts";
import { clientMessage, hubMessage } from "./messages.ts";

const decode = clientDecoder(defaultLimits);
const defaults = {
  acquire: { operation: "run", mode: "once", wanted: false },
  release: { retry: true },
  watch: { limit: 100, intervalMs: 250 },
};
const defaultsOf = (type: string) => Object.entries(defaults).find(([name]) => name === type)?.[1] ?? {};

describe("a message", () => {
  it("of a client is heard as it was said, with what was left out filled in", () => {
    fc.assert(
      fc.property(clientMessage, (message) => {
        expect(decode(encode(message))).toEqual([{ message: { ...defaultsOf(message.type), ...message } }]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("of a client says the same when it is said again as it was heard", () => {
    fc.assert(
      fc.property(clientMessage, (message) => {
        const [heard] = decode(encode(message)) ?? [];
        if (heard === undefined || "fault" in heard) throw new Error(JSON.stringify(heard));
        expect(decode(encode(heard.message))).toEqual([heard]);
      }),
    );
  });

  it("of a hub is heard as it was said", () => {
    fc.assert(
      fc.property(hubMessage, (message) => {
        expect(decodeHubFrame(encode(message))).toEqual([{ message }]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a frame", () => {
  it("carries many messages, in order", () => {
    fc.assert(
      fc.property(fc.array(hubMessage, { minLength: 1, maxLength: 8 }), (messages) => {
        const text = frame(messages.map(encode));
        expect(text.startsWith("[")).toBe(messages.length > 1);
        expect(decodeHubFrame(text)).toEqual(messages.map((message) => ({ message })));
      }),
    );
  });

  it("of any text is heard without a throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.json(), clientMessage.map(encode)),
        fc.nat(),
        (text, cut) => {
          for (const part of [text, text.slice(0, cut % (text.length + 1)), text.slice(cut % (text.length + 1))]) {
            for (const decoded of decode(part) ?? [])
              expect("message" in decoded || decoded.fault.message !== "").toBe(true);
            decodeHubFrame(part);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("of any JSON in a message's place gives a message, or a fault with a code and a bounded text", () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom(0, -1, 1.5, "", "once", null, 2 ** 53, "\ud800"));
    const type = fc.constantFrom("hello", "acquire", "release", "progress", "watch", "constructor", "__proto__");
    const names = fc.constantFrom(
      "id",
      "resource",
      "operation",
      "mode",
      "limit",
      "node",
      "outcome",
      "error",
      "done",
      "x",
    );
    fc.assert(
      fc.property(type, fc.dictionary(names, field), (type, fields) => {
        const [decoded] = decode(JSON.stringify({ ...fields, type })) ?? [];
        if (decoded === undefined) throw new Error("no answer");
        if ("message" in decoded) return;
        expect(["INVALID_MESSAGE", "INVALID_KEY"]).toContain(decoded.fault.code);
        expect(decoded.fault.message.length).toBeLessThan(256);
        expect(decoded.fault.message.isWellFormed()).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
