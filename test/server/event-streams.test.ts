// Event streams beside a clock that the test moves.
import { expect, test } from "vitest";
import { EventStreams } from "../../server/event-streams.ts";
import { defaultLimits } from "../../shared/limits.ts";
import { HandClock } from "../support/hand-clock.ts";
import { TableTrace } from "../support/table-trace.ts";

/** A stream of all events of a table in which nothing happens, opened and waiting for news. */
async function openStream() {
  const clock = new HandClock();
  const { table } = new TableTrace({ nodes: "" });
  const streams = new EventStreams(clock, { table, nowMs: () => clock.nowMs() }, defaultLimits);
  const stream = streams.open({ meant: () => () => true, lastEventId: undefined });
  const reader = stream?.getReader();
  await reader?.read();
  const news = reader?.read();
  await expect.poll(() => clock.timers).toBe(1);
  return { clock, reader, news };
}

test("a stream looks for news again and again until nobody reads it any more", async () => {
  const { clock, reader, news } = await openStream();
  for (let looks = 0; looks < 3; looks += 1) {
    clock.pass(50);
    await expect.poll(() => clock.timers).toBe(1);
  }
  const cancelled = reader?.cancel();
  clock.pass(50);
  await cancelled;
  expect(await news).toMatchObject({ done: true });
  expect(clock.timers).toBe(0);
});
