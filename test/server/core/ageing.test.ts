// Things by age: the oldest is known, whatever went before it.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byAge, enter, newAgeing, takeOut } from "../../../server/core/ageing.ts";

type Thing = { readonly name: number; older: Thing | undefined; newer: Thing | undefined };

test("they stand in the order in which they came, whoever has gone and come back", () => {
  const doing = fc.array(fc.tuple(fc.boolean(), fc.nat(20)), { maxLength: 200 });
  fc.assert(
    fc.property(doing, (steps) => {
      const things = Array.from({ length: 21 }, (_, name): Thing => ({ name, older: undefined, newer: undefined }));
      const ageing = newAgeing<Thing>();
      let all: Thing[] = [];
      for (const [isOldest, any] of steps) {
        const thing = isOldest ? (all[0] ?? things[any]!) : things[any]!;
        if (all.includes(thing)) {
          takeOut(ageing, thing, thing.name);
          all = all.filter((other) => other !== thing);
        } else {
          enter(ageing, thing, thing.name);
          all.push(thing);
        }
        expect([...byAge(ageing)].map(({ name }) => name)).toEqual(all.map(({ name }) => name));
        expect(ageing.size).toBe(all.length);
        expect(ageing.oldest).toBe(all[0]);
        expect(ageing.newest).toBe(all.at(-1));
      }
      expect(ageing.bytes).toBe(all.reduce((sum, { name }) => sum + name, 0));
    }),
  );
});
