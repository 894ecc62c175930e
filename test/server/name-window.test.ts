import * as fc from "fast-check";
import { expect, test } from "vitest";
import { namesAfter } from "../../server/core/name-page.ts";
import { NameWindow } from "../../server/name-window.ts";

test("a window shows the first names of all, whatever comes and goes, and seldom looks through all of them", () => {
  const name = fc.constantFrom(..."abcdefghijklmnop".split(""), "a/b", "\u{1f600}", "\uffee");
  const change = fc.record({ name, isThere: fc.boolean() });
  const property = fc.property(
    fc.array(name),
    fc.array(change),
    fc.integer({ min: 1, max: 4 }),
    (first, changes, size) => {
      const all = new Set(first);
      let looks = 0;
      const window = new NameWindow(size, (entriesMax) => {
        looks += 1;
        return namesAfter(all, undefined, entriesMax);
      });
      for (const { name, isThere } of changes) {
        if (isThere) all.add(name);
        else all.delete(name);
        window.note(name, isThere);
        expect(window.first()).toEqual(namesAfter(all, undefined, size).names);
      }
      expect(looks).toBeLessThanOrEqual(1 + changes.length / size);
    },
  );
  fc.assert(property, { numRuns: 500 });
});
