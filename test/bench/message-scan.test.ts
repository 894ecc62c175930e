// What the load client reads of a frame, beside what a JSON parser reads of it.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanMessages } from "./message-scan.ts";

describe("scanMessages", () => {
  it("hears type and id of one message", () => {
    expect(heardIn('{"type":"granted","id":41,"fence":1763711111111111,"attempt":1}')).toEqual([["granted", 41]]);
  });

  it("hears the messages of an array in order", () => {
    const text =
      '[{"type":"released","id":1},{"type":"granted","id":2,"fence":9,"attempt":1},{"type":"ping","n":3,"seen":2}]';
    expect(heardIn(text)).toEqual([
      ["released", 1],
      ["granted", 2],
      ["ping", 0],
    ]);
  });

  it("hears a message whose fields stand in another order", () => {
    expect(heardIn('{"id":12,"type":"released"}')).toEqual([["released", 12]]);
  });

  it("is not misled by brackets and quotes in texts", () => {
    const node = '}"]{[\\';
    const queued = {
      type: "queued",
      id: 5,
      position: 1,
      holders: [{ node, operation: "run", mode: "once", heldMs: 0 }],
    };
    expect(heardIn(JSON.stringify([queued, { type: "granted", id: 6 }]))).toEqual([
      ["queued", 5],
      ["granted", 6],
    ]);
  });

  it("refuses a message that does not end", () => {
    expect(() => heardIn('{"type":"released","id":1')).toThrow("no whole message");
  });

  it("hears what a JSON parser reads, whatever the messages carry", () => {
    const message = fc.record({
      type: fc.constantFrom(
        "granted",
        "released",
        "queued",
        "skipped",
        "failed",
        "acquire",
        "release",
        "lost",
        "error",
      ),
      id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      rest: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        expect(heardIn(JSON.stringify(messages))).toEqual(messages.map(({ type, id }) => [type, id]));
      }),
    );
  });
});

function heardIn(text: string): [string, number][] {
  const heard: [string, number][] = [];
  // Placed within a larger buffer, as a payload is.
  const bytes = Buffer.from(`{{${text}}}`);
  const messages = scanMessages(bytes, 2, bytes.length - 2, (type, id) => heard.push([type, id]));
  expect(messages).toBe(heard.length);
  return heard;
}
