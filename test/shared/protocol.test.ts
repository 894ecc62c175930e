// What of a client's message stands together, what is no message at all, and the traps in names and numbers.
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../shared/limits.ts";
import { clientDecoder, decodeHubFrame } from "../../shared/protocol.ts";

const decode = clientDecoder(defaultLimits);

const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

function decodeOne(value: object) {
  const [decoded] = decode(JSON.stringify(value)) ?? [];
  if (decoded === undefined) throw new Error("no answer");
  return decoded;
}

describe("what stands together", () => {
  it("mode permit names a limit, and no other mode does", () => {
    const acquire = { type: "acquire", id: 1, resource: "r" };
    expect(decodeOne({ ...acquire, mode: "permit", limit: 4 })).toMatchObject({ message: { limit: 4 } });
    for (const wrong of [{ mode: "permit" }, { mode: "once", limit: 4 }, { mode: "shared", limit: 4 }, { limit: 4 }]) {
      expect(decodeOne({ ...acquire, ...wrong })).toMatchObject({
        fault: { id: 1, message: expect.stringMatching(/^acquire\.limit/) },
      });
    }
    for (const limit of [0, 1.5, 1_000_001, "4", null]) {
      const decoded = decodeOne({ ...acquire, mode: "permit", limit });
      expect(decoded).toMatchObject({
        fault: { message: expect.stringMatching(/limit.*an integer from 1 to 1000000/) },
      });
    }
  });

  it("resume has a session and a secret, error a message", () => {
    for (const resume of [{}, { session: "s" }, { secret: "x" }, { session: 1, secret: "x" }]) {
      const decoded = decodeOne({ type: "hello", node: "n", resume });
      expect(decoded).toMatchObject({ fault: { message: expect.stringMatching(/^hello\.resume\.(session|secret) /) } });
    }
    for (const error of [{}, { code: "C" }, { message: 1 }, { message: "m", code: 1 }]) {
      const decoded = decodeOne({ type: "release", id: 1, outcome: "failure", error });
      expect(decoded).toMatchObject({ fault: { message: expect.stringMatching(/^release\.error\.(message|code) /) } });
    }
  });

  it("[S4] a resume says what the hub has said, however short the names of nodes must be", () => {
    const decode = clientDecoder({ ...defaultLimits, nodeBytesMax: 4 });
    const resume = { session: "s".repeat(128), secret: "x".repeat(128) };
    expect(decode(JSON.stringify({ type: "hello", node: "n-1", resume }))).toMatchObject([{ message: { resume } }]);
    expect(decode(JSON.stringify({ type: "hello", node: "n-123" }))).toMatchObject([
      { fault: { code: "INVALID_KEY" } },
    ]);
  });

  it("what the hub says is read by no bound of its own, for a hub may be set to other ones", () => {
    const holders = [{ node: "n", operation: "run", mode: "once", heldMs: 1, progress: { note: "x".repeat(1_000) } }];
    const queued = { type: "queued", id: 1, position: 1, holders };
    expect(decodeHubFrame(JSON.stringify(queued))).toEqual([{ message: queued }]);
  });

  it("defaults are filled in", () => {
    expect(decodeOne({ type: "acquire", id: 1, resource: "r" })).toEqual({
      message: { type: "acquire", id: 1, resource: "r", operation: "run", mode: "once", wanted: false },
    });
    expect(decodeOne({ type: "release", id: 1, outcome: "failure" })).toEqual({
      message: { type: "release", id: 1, outcome: "failure", retry: true },
    });
    expect(decodeOne({ type: "watch", id: 1 })).toMatchObject({ message: { limit: 100, intervalMs: 250 } });
  });
});

describe("what is no message", () => {
  it("text that is no JSON is no frame", () => {
    for (const text of [
      "",
      "{",
      "hello",
      '\ufeff{"type":"ping"}',
      "NaN",
      '{"type":"ping"},',
      '{"a":1}{"b":2}',
      "\u0000",
    ]) {
      expect(decode(text)).toBeUndefined();
      expect(decodeHubFrame(text)).toBeUndefined();
    }
  });

  it.each(["null", "1", '"x"', "true", "[null]", "[[]]", "[1,2]"])("%s is refused, one by one", (text) => {
    for (const decoded of decode(text) ?? []) {
      expect(decoded).toEqual({ fault: { code: "INVALID_MESSAGE", message: "a message is an object" } });
    }
  });

  it("an empty frame says that it is empty", () => {
    expect(decode("[]")).toEqual([
      { fault: { code: "INVALID_MESSAGE", message: "a frame carries at least one message" } },
    ]);
  });

  it.each(["constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "valueOf", "welcome", "Acquire", ""])(
    "the type %j is unknown",
    (type) => {
      const decoded = decodeOne({ type, id: 3, resource: "r" });
      const allowed =
        "hello, authorize, acquire, release, cancel, extend, progress, refer, watch, unwatch, pong, ping, bye";
      const message = `unknown type ${JSON.stringify(type)}: allowed are ${allowed}`;
      expect(decoded).toEqual({ fault: { code: "INVALID_MESSAGE", message, id: 3 } });
    },
  );

  it("a type that is no text, too long or not well-formed is said in a bounded way", () => {
    for (const type of [undefined, 1, null, {}, ["acquire"], "x".repeat(60_000), "\ud800".repeat(9)]) {
      const decoded = decodeOne({ type });
      if ("message" in decoded) throw new Error("let in");
      expect(decoded.fault.message.length).toBeLessThan(256);
      expect(decoded.fault.message.isWellFormed()).toBe(true);
    }
  });

  it("[B5] a result that would become another on its way is refused", () => {
    const release = (result: string) => decode(`{"type":"release","id":1,"outcome":"success","result":${result}}`);
    for (const result of ['"\\ud800"', '{"\\udc00":1}', '[["\\ud800"]]', "1e400", "[-1e999]"]) {
      expect(release(result)).toMatchObject([{ fault: { id: 1, message: expect.stringContaining("finite numbers") } }]);
    }
    for (const result of ['"\\ud83d\\ude00"', "1e300", '{"a":[null,true]}', '"\\\\ud800"']) {
      expect(release(result)).toMatchObject([{ message: { id: 1 } }]);
    }
  });

  it("what nests more than 16 deep is refused before it is walked, wherever it is", () => {
    for (const levels of [16, 17, 1_000, 32_000]) {
      for (const field of ["result", "unknown"]) {
        const text = `{"type":"release","id":1,"outcome":"success","${field}":${deep(levels)}}`;
        const message = "release nests more than 16 deep";
        expect(decode(text)).toEqual([{ fault: { code: "INVALID_MESSAGE", message, id: 1, bound: "jsonDepthMax" } }]);
      }
    }
    expect(decode(`{"type":"release","id":1,"outcome":"success","result":${deep(15)}}`)).toMatchObject([
      { message: {} },
    ]);
  });

  it("numbers past what a number holds are refused, not rounded", () => {
    for (const number of ["9007199254740992", "9007199254740993", "1e400", "-1e400", "1e-400"]) {
      expect(decode(`{"type":"cancel","id":${number}}`)).toMatchObject([{ fault: { code: "INVALID_MESSAGE" } }]);
    }
  });
});

describe("names of an object's own parts", () => {
  it("as fields change no object", () => {
    const text =
      '{"type":"acquire","id":1,"resource":"r","__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"x"}}}';
    expect(decode(text)).toEqual([
      { message: { type: "acquire", id: 1, resource: "r", operation: "run", mode: "once", wanted: false } },
    ]);
    expect(Object.prototype).not.toHaveProperty("role");
  });

  it("do not stand in for a field that is missing", () => {
    expect(decode('{"type":"hello","__proto__":{"node":"n"}}')).toMatchObject([
      { fault: { message: expect.stringMatching(/^hello\.node/) } },
    ]);
    expect(decode('{"__proto__":{"type":"ping"}}')).toMatchObject([
      { fault: { message: expect.stringMatching(/^unknown type/) } },
    ]);
  });

  it("inside labels, results and errors stay what they are", () => {
    const result = '{"__proto__":{"a":1},"constructor":2}';
    const [decoded] = decode(`{"type":"release","id":1,"outcome":"success","result":${result}}`) ?? [];
    expect(JSON.stringify(decoded)).toContain(result);
    const [hello] = decode('{"type":"hello","node":"n","labels":{"__proto__":"x","constructor":"y"}}') ?? [];
    expect(JSON.stringify(hello)).toContain('"constructor":"y"');
  });
});
