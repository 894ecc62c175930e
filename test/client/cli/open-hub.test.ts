import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { absence } from "../../../client/cli/open-hub.ts";
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
