// The order of texts [B5].
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareText, comparerWith } from "../../shared/text.ts";

const text = fc.string({
  unit: fc.constantFrom("a", "b", "ä", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
});

test("[B5] texts stand in the order of their UTF-8 bytes, compared one by one or many with one", () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      const wanted = Buffer.compare(Buffer.from(one), Buffer.from(other));
      expect(Math.sign(compareText(one, other))).toBe(wanted);
      expect(Math.sign(comparerWith(other)(one))).toBe(wanted);
    }),
    { numRuns: 2_000 },
  );
});
