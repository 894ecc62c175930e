import * as fc from "fast-check";
import { expect, test } from "vitest";
import { windowOf } from "../../../client/dashboard/window.ts";

test("every row in sight is drawn, few others are, and the list keeps its height", () => {
  const places = [fc.nat(20_000), fc.nat(900_000), fc.nat(4_000)] as const;
  fc.assert(
    fc.property(...places, (count, top, height) => {
      const { first, end, aboveHeight, belowHeight } = windowOf(count, 44, top, height);
      expect(aboveHeight + Math.max(0, end - first) * 44 + belowHeight).toBeGreaterThanOrEqual(count * 44);
      expect(end - first).toBeLessThanOrEqual(height / 44 + 18);
      for (let row = Math.ceil(top / 44); row < Math.min(count, Math.floor((top + height) / 44)); row += 1) {
        expect(row >= first && row < end).toBe(true);
      }
    }),
  );
});
