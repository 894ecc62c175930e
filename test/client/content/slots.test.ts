// Places that are taken, given back, and taken again.
import { expect, it } from "vitest";
import { Slots } from "../../../client/content/slots.ts";
import { turn, watch } from "../fake-network.ts";

it("gives places first come, first served, and a place that is given back twice once", async () => {
  const slots = new Slots(1);
  const first = await slots.take();
  const [second, third] = [watch(slots.take()), watch(slots.take())];
  first.free();
  first.free();
  await turn();
  expect([second.now, third.now]).toEqual(["resolved", "pending"]);
  second.value?.free();
  await turn();
  expect(third.now).toBe("resolved");
});

it("lets a place be taken again at once, and nobody new begin until there is one beside it", async () => {
  const slots = new Slots(1);
  const queued = await slots.take();
  queued.free();
  const running = await slots.take();
  queued.retake();
  queued.retake();
  const next = watch(slots.take());
  running.free();
  await turn();
  expect(next.now).toBe("pending");
  queued.free();
  await turn();
  expect(next.now).toBe("resolved");
});
