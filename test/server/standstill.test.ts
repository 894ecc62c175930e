// A hub whose own loop stood still judges nobody by the time that passed meanwhile.
import { expect, test } from "vitest";
import { HubByHand } from "../support/hub-by-hand.ts";

const graceMs = 15_000;

/** A hub with a session that lost its socket, and that stood still for longer than its grace. */
function stoodStill() {
  const byHand = new HubByHand();
  const { socket, welcome } = byHand.node("a", { graceMs });
  socket.drop();
  byHand.clock.pass(1_000);
  byHand.clock.freeze(20_000);
  const { session, secret } = welcome;
  return { byHand, resume: { session, secret } };
}

test("[S2] reads first, so that a session whose grace passed meanwhile can resume", () => {
  const { byHand, resume } = stoodStill();
  byHand.clock.pass(4_000);
  expect(byHand.node("a", { graceMs, resume }).welcome.resumed).toBe(true);
});

test("[S2] ends what is not back a heartbeat later", () => {
  const { byHand, resume } = stoodStill();
  byHand.clock.pass(5_200);
  expect(byHand.node("a", { graceMs, resume }).welcome.resumed).toBe(false);
});
