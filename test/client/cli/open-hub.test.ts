import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { absence, sayLosses } from "../../../client/cli/open-hub.ts";
import { Events } from "../../../client/events.ts";
import type { HubEvents } from "../../../client/hub-events.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gone = { code: 0, reason: "it broke", graceMs: 0 };
const back = { session: "s1", hub: "h1" };

test("a hub that stays away for a minute is given up, with the reason", () => {
  const events = new Events<HubEvents>();
  const signal = absence(events, "ws://hub");
  events.emit("disconnected", gone);
  vi.advanceTimersByTime(59_999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("ws://hub") });
});

test.each(["resumed", "renewed"] as const)("a hub that is back in time (%s) is not given up", (name) => {
  const events = new Events<HubEvents>();
  const signal = absence(events, "ws://hub");
  events.emit("disconnected", gone);
  vi.advanceTimersByTime(50_000);
  events.emit(name, back);
  vi.advanceTimersByTime(3_600_000);
  expect(signal.aborted).toBe(false);
  events.emit("disconnected", gone);
  vi.advanceTimersByTime(60_000);
  expect(signal.aborted).toBe(true);
});

test("each loss of the hub is said once, and each return, until nobody waits any more", () => {
  const events = new Events<HubEvents>();
  const said: string[] = [];
  const telling = sayLosses(events, "ws://hub", (line) => said.push(line));
  const retrying = { code: 1006, reason: "refused", retryInMs: 100 };
  events.emit("disconnected", gone);
  for (let tries = 0; tries < 3; tries += 1) events.emit("retrying", retrying);
  events.emit("renewed", back);
  events.emit("disconnected", { ...gone, reason: "" });
  events.emit("resumed", back);
  telling[Symbol.dispose]();
  events.emit("disconnected", gone);
  expect(said).toEqual([
    "lost the hub at ws://hub (it broke); trying again for a minute",
    "the hub at ws://hub is back",
    "lost the hub at ws://hub (the connection broke); trying again for a minute",
    "the hub at ws://hub is back",
  ]);
});
