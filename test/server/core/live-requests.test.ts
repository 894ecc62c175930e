// The live requests of a session beside a Map, whatever comes and goes.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LiveRequests } from "../../../server/core/live-requests.ts";

/** Ids that follow each other, or lie so far apart that all of them want the same place. */
const ids = fc.constantFrom(1, 2 ** 20, 2 ** 32).chain((gap) => fc.nat({ max: 40 }).map((n) => 1 + n * gap));

describe("live requests", () => {
  test("[S10] are those that came and have not gone, in the order of their ids", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 200 }), (changes) => {
        const [live, map] = [new LiveRequests<{ id: number }>(), new Map<number, { id: number }>()];
        for (const [isNew, id] of changes) {
          if (isNew && !map.has(id)) {
            map.set(id, { id });
            live.add(map.get(id)!);
          } else {
            map.delete(id);
            live.delete(id);
          }
          expect(live.size).toBe(map.size);
          for (const [, other] of changes) expect(live.get(other)).toBe(map.get(other));
        }
        const sorted = [...map.values()].sort((one, other) => one.id - other.id);
        expect(live.inOrder()).toEqual(sorted);
        expect(new Set(live.all())).toEqual(new Set(sorted));
      }),
      { numRuns: 300 },
    );
  });

  test("stay as they were told while they go one by one", () => {
    const live = new LiveRequests<{ id: number }>();
    for (let id = 1; id <= 1_000; id += 1) live.add({ id });
    const seen: number[] = [];
    for (const { id } of live.inOrder()) {
      seen.push(id);
      live.delete(id);
      expect([live.size, live.has(id), live.has(1_000)]).toEqual([1_000 - id, false, id < 1_000]);
    }
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, place) => place + 1));
  });
});
