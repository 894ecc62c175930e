// What a file of tokens may say, and what is said of a wrong one; the gate that goes by it.
import { describe, expect, it } from "vitest";
import { digestOf, readTokens } from "../../server/token-file.ts";
import { TokenGate } from "../../server/token-gate.ts";
import { HandClock } from "../support/hand-clock.ts";

const sha256 = digestOf("s3cr3t");
const entry = { name: "ci", sha256, role: "node" };
const read = (value: unknown) => readTokens(JSON.stringify(value), "tokens.json");

describe("a file of tokens", () => {
  it("is a list of entries, or an object with one", () => {
    const read1 = { name: "ci", sha256, role: "node", prefixes: [""], expires: undefined };
    expect(read([entry])).toEqual([read1]);
    expect(read({ tokens: [entry] })).toEqual([read1]);
    expect(read([])).toEqual([]);
  });

  it("takes the digest by either spelling and in either case, prefixes, and a time", () => {
    const { sha256: digest, ...rest } = entry;
    const full = { ...rest, "sha-256": digest.toUpperCase(), prefixes: ["a/", "b"], expires: "2027-01-31T00:00:00Z" };
    expect(read([full])).toEqual([
      { ...rest, sha256, prefixes: ["a/", "b"], expires: Date.parse("2027-01-31T00:00:00Z") },
    ]);
  });

  it("may have one name twice, as while a token is being exchanged for the next", () => {
    expect(read([entry, { ...entry, sha256: digestOf("next") }])).toHaveLength(2);
  });

  it.each([
    { what: "no list", value: {}, says: "must be a JSON list" },
    { what: "more than a list", value: { tokens: [], more: 1 }, says: "must be a JSON list" },
    { what: "no object", value: ["s3cr3t"], says: "token 1 must be an object" },
    { what: "another key", value: [entry, { ...entry, token: "s3cr3t" }], says: "token 2 has a key that is none of" },
    { what: "no name", value: [{ ...entry, name: undefined }], says: "token 1: name must be" },
    { what: "a bad name", value: [{ ...entry, name: "a\nb" }], says: "token 1: name must be" },
    {
      what: "a bad role",
      value: [{ ...entry, role: "s3cr3t" }],
      says: 'token 1 ("ci"): role must be node, viewer or admin',
    },
    { what: "a token for a digest", value: [{ ...entry, sha256: "s3cr3t" }], says: "64 hexadecimal digits" },
    { what: "two digests", value: [{ ...entry, "sha-256": sha256 }], says: "64 hexadecimal digits" },
    { what: "no prefixes", value: [{ ...entry, prefixes: [] }], says: "prefixes must be a list of 1 to" },
    { what: "a bad prefix", value: [{ ...entry, prefixes: ["a", 1] }], says: "prefixes must be a list" },
    {
      what: "a date without a time",
      value: [{ ...entry, expires: "2027-01-31" }],
      says: "expires must be a date and time",
    },
    { what: "a day that is none", value: [{ ...entry, expires: "2027-13-31T00:00:00Z" }], says: "expires must be" },
    { what: "an entry twice", value: [entry, entry], says: "token 2 is in the list already" },
  ])("with $what is refused in one line that names no secret", ({ value, says }) => {
    expect(() => read(value)).toThrow(says);
    expect(() => read(value)).toThrow(/^[^\n]*tokens\.json[^\n]*$/);
    expect(() => read(value)).not.toThrow("s3cr3t");
  });

  it("that is no JSON is refused with the place, and nothing of the text", () => {
    expect(() => readTokens('[{"name": "ci",\n s3cr3t]', "tokens.json")).toThrow(
      /^the file of tokens tokens\.json is no JSON/,
    );
    expect(() => readTokens('[{"name": "ci",\n s3cr3t]', "tokens.json")).not.toThrow("s3cr3t");
    expect(() => readTokens("s3cr3t", "tokens.json")).not.toThrow("s3cr3t");
  });
});

describe("the gate of a file of tokens", () => {
  it("knows what it has let in by its digest, through every change of the list", async () => {
    const clock = new HandClock();
    const gate = new TokenGate(read([entry]), clock);
    const access = await gate.identify("s3cr3t");
    expect(access).toEqual({ name: "ci", role: "node", prefixes: [""] });
    if (access === undefined) return;
    gate.replace(read([{ ...entry, role: "viewer" }]));
    expect(gate.present(access)).toMatchObject({ role: "viewer" });
    gate.replace(read([{ ...entry, sha256: digestOf("next") }]));
    expect(gate.present(access)).toBeUndefined();
    expect(await gate.identify("s3cr3t")).toBeUndefined();
    expect(await gate.identify("next")).toMatchObject({ role: "node" });
  });

  it("[B4] counts the time that a token has by the hub's own clock", async () => {
    const clock = new HandClock();
    const expires = new Date(clock.wallMicroseconds() / 1_000 + 1_000).toISOString();
    const gate = new TokenGate(read([{ ...entry, expires }]), clock);
    const access = await gate.identify("s3cr3t");
    clock.pass(900);
    expect(access && gate.present(access)).toBe(access);
    clock.pass(200);
    expect(access && gate.present(access)).toBeUndefined();
  });
});
