import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, it } from "vitest";
import { Backlog } from "../../server/backlog.ts";
import { HandClock } from "../support/hand-clock.ts";

/** A backlog whose rounds are ended by hand, and what was answered in which. */
function backlogByHand(connectionRequestsMax = 8) {
  const rounds: (() => void)[] = [];
  const clock = Object.assign(new HandClock(), { afterRound: (callback: () => void) => void rounds.push(callback) });
  const refusals: string[] = [];
  const refused = (bound: string) => void refusals.push(bound);
  const backlog = new Backlog({ limits: { connectionRequestsMax }, refused, clock });
  const answered: string[] = [];
  const ask = (socket: Socket, what: string) => {
    const response = new ServerResponse(new IncomingMessage(socket));
    backlog.add({ socket }, response, () => answered.push(what));
    return response;
  };
  const endRound = () => {
    for (const callback of rounds.splice(0)) callback();
    return answered.splice(0);
  };
  return { ask, endRound, refusals };
}

it("[B1] answers one request in a round of the event loop, in the order in which they came", () => {
  const { ask, endRound } = backlogByHand();
  const socket = new Socket();
  for (const what of ["a", "b", "c"]) ask(socket, what);
  expect([endRound(), endRound(), endRound(), endRound()]).toEqual([["a"], ["b"], ["c"], []]);
  ask(socket, "d");
  expect(endRound()).toEqual(["d"]);
});

it("[B1] cuts a connection off that has more unanswered than it may, and answers it no more", () => {
  const { ask, endRound, refusals } = backlogByHand(2);
  const [flooder, other] = [new Socket(), new Socket()];
  for (const what of ["a", "b", "c"]) ask(flooder, what);
  ask(other, "d");
  expect(flooder.destroyed).toBe(true);
  expect(refusals).toEqual(["connectionRequestsMax"]);
  expect([endRound(), endRound(), endRound()].flat()).toEqual(["d"]);
});

it("[B1] counts a request until its answer is out", () => {
  const { ask, refusals } = backlogByHand(1);
  const socket = new Socket();
  ask(socket, "a").emit("close");
  ask(socket, "b");
  expect([socket.destroyed, refusals]).toEqual([false, []]);
});
