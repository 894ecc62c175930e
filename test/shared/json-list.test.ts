// Pieces of lists: put together they are the list, and what JSON.parse refuses is refused.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginsList, pieceOfList } from "../../shared/json-list.ts";
import { parseJson } from "../../shared/json-text.ts";

/** The values of a list, read piece by piece; undefined when it is refused somewhere. */
function inPieces(text: string, units: number): unknown[] | undefined {
  if (!beginsList(text)) return undefined;
  const values: unknown[] = [];
  for (let from = 0; from >= 0;) {
    const piece = pieceOfList(text, from, units);
    if (piece === undefined) return undefined;
    const some = parseJson(piece.text);
    if (!Array.isArray(some)) return undefined;
    values.push(...some);
    from = piece.next;
  }
  return values;
}

/** What JSON.parse makes of it; undefined for what is no list. */
function atOnce(text: string): unknown {
  const value = parseJson(text);
  return Array.isArray(value) ? value : undefined;
}

const units = fc.integer({ min: 0, max: 40 });
const list = fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 20 });
const spaced = fc.tuple(list, fc.constantFrom<string | number>("", " ", "\t", 2, " \r\n"));
const jsonText = spaced.map(([value, space]) => JSON.stringify(value, undefined, space));

describe("the pieces of a list", () => {
  it("are the list, whatever their length", () => {
    fc.assert(
      fc.property(jsonText, units, (text, least) => {
        expect(inPieces(text, least)).toEqual(atOnce(text));
      }),
      { numRuns: 500 },
    );
  });

  it("are as long as was asked for, but for the last", () => {
    const text = JSON.stringify(Array.from({ length: 100 }, (_, number) => number));
    const piece = pieceOfList(text, 0, 10);
    expect(piece).toEqual({ text: "[0,1,2,3,4,5]", next: text.indexOf("6") });
    expect(pieceOfList(text, text.indexOf("98"), 10)).toEqual({ text: "[98,99]", next: -1 });
  });

  it("agree with JSON.parse when any character is taken out, put in or changed", () => {
    const character = fc.oneof(
      fc.constantFrom(...Array.from('[]{},:"\\/-+.eEu0129ntf \t\n\r\u0000\u00a0')),
      fc.string({ maxLength: 1 }),
    );
    const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1), character);
    fc.assert(
      fc.property(jsonText, change, units, (text, [share, removed, put], least) => {
        const place = Math.floor(share * text.length);
        const changed = text.slice(0, place) + put + text.slice(place + removed);
        expect(inPieces(changed, least)).toEqual(atOnce(changed));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ..."01 -01 1. .5 1.e1 1e 1e+ +1 -- 0x1 1_0 tru nul falsee NaN Infinity 0 -0 10 1.5 -1.5e10 1E+2 1e-2 true false".split(
      " ",
    ),
    ...'"\\x" "\\u12" "\\u123g" "\\ud800" "\u007f" " "\\" {"a"} {"a":} {a:1} {"a":1,} [,] [1,] {] [} {} [[]] {"a":{}}'.split(
      " ",
    ),
    '"\n"',
    '{"a":1 "b":2}',
    "[1 2]",
    "",
    "\uFEFF1",
  ])("read %s as JSON.parse does", (value) => {
    for (const text of [`[${value}]`, `[1,${value}]`, `[${value},1]`, `[${value}`, `[${value}]]`, `[${value}] `]) {
      expect(inPieces(text, 0), text).toEqual(atOnce(text));
    }
  });

  it("may nest as deep as a frame is long", () => {
    const text = "[".repeat(30_000) + "]".repeat(30_000);
    expect(pieceOfList(text, 0, 0)?.text.length).toBe(text.length);
  });
});
