import { expect, test } from "vitest";
import { duration, jsonLine, printable, shortJson, table } from "../../../client/cli/output.ts";

// Each as it would reach a terminal: colours, a title, C1's own CSI, a bidi override, isolates, a zero-width space, a
// line separator, a lone surrogate, a language tag.
const hostile = ["\u001b[31m", "\u001b]0;title\u0007", "\u009b2J", "\u202e", "\u2066", "\u200b", "\u2028", "\ud800"];

test.each([...hostile, "\r\n", "\u007f", "\u{e0041}", "\u061c"])("no name drives the terminal: %j", (text) => {
  const shown = printable(`a${text}b`);
  expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(shown).toMatch(/^a.*\\u\{[0-9a-f]+\}.*b$/);
});

test("a name of letters, whatever their script, is printed as it is", () => {
  const name = "sha256:f00/дб é 数 👍";
  expect(printable(name)).toBe(name);
});

test.each([...hostile, "\u{e0041}"])("JSON is as harmless and says the same: %j", (text) => {
  const line = jsonLine({ resource: `a${text}b` });
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(JSON.parse(line)).toEqual({ resource: `a${text}b` });
});

test.each([
  [0, "0ms"],
  [999, "999ms"],
  [1_999, "1s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [192_000, "3m12s"],
  [7_500_000, "2h5m"],
  [273_600_000, "3d4h"],
])("%i ms reads as %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test("a table's columns stand under their headings and no line ends in spaces", () => {
  expect(table(["A", "LONG"], [["wide", "x"], ["b"]], "  ")).toBe("  A     LONG\n  wide  x\n  b\n");
});

test("a long result is cut short", () => {
  expect(shortJson("x".repeat(50), 10)).toBe(`"xxxxxxxx…`);
  expect(shortJson({ a: 1 }, 10)).toBe(`{"a":1}`);
});
