// Where the frames of a stream end, however its bytes come.
import { assert, boolean, constantFrom, integer, property, record, array } from "fast-check";
import { expect, test } from "vitest";
import { FrameEnds } from "../../server/frame-ends.ts";
import { frameBytes } from "../e2e/rules/raw-socket.ts";

const frame = record({
  opcode: constantFrom(1, 0, 2, 8, 9, 10),
  payload: constantFrom(0, 1, 7, 125, 126, 127, 300, 65_535, 65_536, 70_000).map((bytes) => Buffer.alloc(bytes, 0xff)),
  isLast: boolean(),
  isMasked: boolean(),
});

test("[B1] a stream is whole exactly at the end of a message, whatever slices it comes in", () => {
  assert(
    property(
      array(frame, { maxLength: 8 }),
      array(integer({ min: 1, max: 200 }), { maxLength: 30 }),
      (sent, slices) => {
        const ends = new FrameEnds();
        let isOpen = false;
        let messages = 0;
        for (const each of sent) {
          const bytes = frameBytes(each);
          let place = 0;
          for (const slice of [...slices, bytes.length]) {
            if (place + slice >= bytes.length) break;
            ends.take(bytes.subarray(place, place + slice));
            place += slice;
            expect(ends.isWhole).toBe(false);
          }
          ends.take(bytes.subarray(place));
          if (each.opcode < 8) isOpen = !each.isLast;
          if (each.opcode < 8 && each.isLast) messages += 1;
          expect([ends.isWhole, ends.messages]).toEqual([!isOpen, messages]);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("[B1] frames that come together are as many as if they came one by one", () => {
  const ends = new FrameEnds();
  const payload = Buffer.from("hello");
  const frames = Array.from({ length: 5 }, () => frameBytes({ opcode: 1, payload }));
  ends.take(Buffer.concat([...frames, frameBytes({ opcode: 1, payload }).subarray(0, 1)]));
  expect([ends.isWhole, ends.messages]).toEqual([false, 5]);
});
