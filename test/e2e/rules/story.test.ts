// The story of the protocol page, word for word.
import { expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

it("[O1][O2][S6] the story that the protocol tells comes true", async () => {
  await using hub = await hubWith();
  const [A, B, C] = [await hub.connect(), await hub.connect(), await hub.connect()];

  A.sendText('{"type":"hello","node":"a"}');
  expect(await A.next()).toMatchObject({ type: "welcome", session: expect.any(String), resumed: false });
  B.sendText('{"type":"hello","node":"b"}');
  await B.next("welcome");
  C.sendText('{"type":"hello","node":"c"}');
  await C.next("welcome");

  const acquire = '{"type":"acquire","id":1,"resource":"sha256:f00","operation":"pull"}';
  A.sendText(acquire);
  const first = await A.next("granted");
  expect(first).toEqual({ type: "granted", id: 1, fence: first.fence, attempt: 1 });

  const holders = [{ node: "a", operation: "pull", mode: "once", heldMs: expect.any(Number) }];
  B.sendText(acquire);
  expect(await B.next()).toEqual({ type: "queued", id: 1, position: 1, holders });
  C.sendText(acquire);
  expect(await C.next()).toEqual({ type: "queued", id: 1, position: 2, holders });

  A.terminate();
  const second = await B.next("granted");
  const error = { code: "SESSION_ENDED", message: expect.any(String) };
  expect(second).toEqual({ type: "granted", id: 1, fence: second.fence, attempt: 2, previous: { node: "a", error } });
  expect(second.fence).toBeGreaterThan(first.fence);
  await C.expectSilence();

  B.sendText('{"type":"release","id":1,"outcome":"success","result":{"bytes":1048576}}');
  expect(await B.next()).toEqual({ type: "released", id: 1 });
  expect(await C.next()).toEqual({
    type: "skipped",
    id: 1,
    by: "b",
    fence: second.fence,
    result: { bytes: 1_048_576 },
    ageMs: 0,
  });
  await B.expectSilence();
  await C.expectSilence();
});
