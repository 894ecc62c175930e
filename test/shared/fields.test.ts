// Each message of a client, field by field: its defaults, what is let in, what is refused and in which words.
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../shared/limits.ts";
import { clientDecoder } from "../../shared/protocol.ts";

const decode = clientDecoder(defaultLimits);
const huge = 2 ** 53;
const notIds = [undefined, 0, -1, 1.5, huge, "1", null, true, {}, [1]];
const notDurations = [-1, 0.5, 86_400_001, 2 ** 31, huge, "10s", "5", null, true, []];
const notNames = ["", "\u0000", "a\nb", "\u007f", "\u009b", "\ud800", "x\udc00"];
const notTexts = [7, null, true, {}, ["a"]];
const notFlags = ["true", 1, 0, null, {}];

/** One field: what it may be, and what it must not be with the code and the words of the refusal. */
type Field = { may?: unknown[]; never: unknown[]; code?: string; says: RegExp };
type Form = { least: object; fields: Record<string, Field> };

const id: Field = {
  may: [1, 7, Number.MAX_SAFE_INTEGER],
  never: notIds,
  says: /an integer from 1 to 9007199254740991/,
};
const duration: Field = { may: [0, 1, 86_400_000], never: notDurations, says: /an integer from 0 to 86400000/ };
const named = (bytes: number): Record<"right" | "broken", Field> => {
  const says = new RegExp(`1 to ${bytes} bytes of well-formed text without control characters`);
  const may = ["x", "x".repeat(bytes), "ä".repeat(bytes / 2), "__proto__", " ", "\u2028"];
  const never = [...notNames, "x".repeat(bytes + 1), `${"ä".repeat(bytes / 2)}x`];
  return { right: { may, never, code: "INVALID_KEY", says }, broken: { never: notTexts, says } };
};
const word = (bytes: number): Field => ({
  may: ["", "x".repeat(bytes)],
  never: [...notTexts, "x".repeat(bytes + 1), "\ud800"],
  says: new RegExp(`at most ${bytes} bytes`),
});

const forms: Record<string, Form> = {
  hello: {
    least: { node: "n" },
    fields: {
      node: named(128).right,
      token: word(8_192),
      resume: {
        may: [{ session: "s", secret: "x" }],
        never: [null, "s", [], 1],
        says: /an object \{session, secret\}/,
      },
      graceMs: duration,
      client: word(128),
      labels: {
        may: [{}, { a: "" }, { a: "x".repeat(256) }],
        never: [null, "a", ["a"], { a: 1 }, { a: "x".repeat(257) }, { a: "\ud800" }, labels(17)],
        says: /at most 16 texts of at most 256 bytes/,
      },
    },
  },
  authorize: { least: { token: "t" }, fields: { token: { ...word(8_192), never: [undefined, ...word(8_192).never] } } },
  acquire: {
    least: { id: 1, resource: "r" },
    fields: {
      id,
      resource: named(512).right,
      operation: named(64).right,
      mode: {
        may: ["once", "exclusive", "shared"],
        never: ["Once", "", "constructor", null, 1],
        says: /one of once, exclusive, shared, permit/,
      },
      waitMs: duration,
      freshMs: duration,
      holdMs: duration,
      maxAttempts: {
        may: [1, 1_000_000],
        never: [0, -1, 1.5, 1_000_001, "1", null],
        says: /an integer from 1 to 1000000/,
      },
      wanted: { may: [true, false], never: notFlags, says: /true or false/ },
      limit: { never: [1], says: /given with mode permit, and with no other/ },
    },
  },
  release: {
    least: { id: 1, outcome: "none" },
    fields: {
      id,
      outcome: {
        may: ["success", "failure", "none"],
        never: [undefined, "", "ok", null, 1, true],
        says: /one of success, failure, none/,
      },
      result: {
        may: [null, 0, "", {}, [], false, "x".repeat(16_382)],
        never: ["x".repeat(16_383)],
        says: /JSON of at most 16384 bytes/,
      },
      error: {
        may: [{ message: "" }, { message: "m", code: "C" }],
        never: [null, "no", 1, []],
        says: /an object \{message, code\?\}/,
      },
      retry: { may: [true, false], never: notFlags, says: /true or false/ },
      retryAfterMs: duration,
    },
  },
  cancel: { least: { id: 1 }, fields: { id } },
  extend: { least: { id: 1, holdMs: 1 }, fields: { id, holdMs: { ...duration, never: [undefined, ...notDurations] } } },
  progress: {
    least: { id: 1 },
    fields: {
      id,
      done: { may: [0, 0.5, 1e15], never: [-1, "1", null, true], says: /a number from 0/ },
      total: { may: [0, 0.5, 1e15], never: [-1, "1", null, true], says: /a number from 0/ },
      note: word(256),
    },
  },
  refer: {
    least: { id: 1, resource: "r", action: "get" },
    fields: {
      id,
      resource: named(512).right,
      action: {
        may: ["add", "drop", "get", "clear"],
        never: [undefined, "keep", "", null],
        says: /one of add, drop, get, clear/,
      },
    },
  },
  watch: {
    least: { id: 1 },
    fields: {
      id,
      prefix: word(512),
      resource: named(512).right,
      limit: { may: [1, 10_000], never: [0, 10_001, 1.5, "1", null], says: /an integer from 1 to 10000/ },
      intervalMs: duration,
    },
  },
  unwatch: { least: { id: 1 }, fields: { id } },
  pong: {
    least: { n: 1 },
    fields: { n: { may: [0, 1], never: [undefined, -1, 1.5, "1", null], says: /an integer from 0/ } },
  },
  ping: { least: {}, fields: {} },
  bye: { least: {}, fields: {} },
};

const rows = Object.entries(forms).flatMap(([type, { least, fields }]) =>
  Object.entries(fields).map(([field, form]) => ({ type, least, field, form })),
);

function labels(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, place) => [`k${place}`, "v"]));
}

function decodeOne(value: object) {
  const [decoded] = decode(JSON.stringify(value)) ?? [];
  if (decoded === undefined) throw new Error("no answer");
  return decoded;
}

describe("each field of each message", () => {
  it.each(rows)("$type.$field is let in as the protocol says", ({ type, least, field, form }) => {
    for (const value of form.may ?? []) {
      const message = { type, ...least, [field]: value };
      expect(decodeOne(message)).toMatchObject({ message });
    }
  });

  it.each(rows)("$type.$field is refused in words that name it and what is allowed", ({ type, least, field, form }) => {
    for (const value of form.never) {
      const decoded = decodeOne({ type, ...least, [field]: value });
      if ("message" in decoded) throw new Error(`let in: ${field} ${JSON.stringify(value)}`);
      expect(decoded.fault.message).toMatch(new RegExp(`^${type}\\.${field}\\b`));
      expect(decoded.fault.message).toMatch(form.says);
      expect(decoded.fault.code).toBe(form.code ?? "INVALID_MESSAGE");
      if (field !== "id" && "id" in least) expect(decoded.fault.id).toBe(1);
      else expect(decoded.fault).not.toHaveProperty("id");
    }
  });

  it.each(["hello.node", "acquire.resource", "acquire.operation", "refer.resource", "watch.resource"])(
    "%s that is no text is INVALID_MESSAGE",
    (path) => {
      const [type = "", field = ""] = path.split(".");
      for (const value of notTexts) {
        const decoded = decodeOne({ type, ...forms[type]?.least, [field]: value });
        expect(decoded).toMatchObject({ fault: { code: "INVALID_MESSAGE", message: expect.stringContaining(path) } });
      }
    },
  );

  it.each(Object.entries(forms))(
    "%s needs no more than its least fields, and ignores unknown ones",
    (type, { least }) => {
      for (const more of [{}, { unknown: 1 }, { constructor: 1 }, { toString: null }]) {
        expect(decodeOne({ type, ...least, ...more })).toMatchObject({ message: { type, ...least } });
      }
    },
  );
});
