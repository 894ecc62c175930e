// What a hub appends, and when it waits, with an etcd that is moved by hand.
import { expect, test } from "vitest";
import type { Command } from "../../../server/core/command.ts";
import { EtcdIntake, unheardMax } from "../../../server/engine/etcd-intake.ts";
import { HandClock } from "../../support/hand-clock.ts";

const said = (socket: string): Command => ({ type: "bye", socket });

function intake() {
  const clock = new HandClock();
  const failures: unknown[] = [];
  /** The sockets that each entry names. */
  const entries: string[][] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const one = new EtcdIntake({
    clock,
    heard: 0,
    append: (number, commands) => {
      expect(number).toBe(entries.length + 1);
      entries.push(commands.map((text) => JSON.parse(text).socket));
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
    onFailure: (error) => failures.push(error),
  });
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  /** Etcd has taken the entry that is on its way. */
  const taken = async () => {
    answers.at(-1)?.resolve();
    await settle();
  };
  return { one, clock, entries, answers, failures, settle, taken };
}

test("what is added while an entry is on its way goes into the next one, all of it", async () => {
  const { one, entries, taken } = intake();
  one.add([said("a")]);
  one.add([said("b"), said("c")]);
  one.add([said("d")]);
  expect(entries).toEqual([["a"]]);
  await taken();
  expect(entries).toEqual([["a"], ["b", "c", "d"]]);
});

test("a hub that has appended so many entries appends no more until the first of them has come back", async () => {
  const { one, entries, taken } = intake();
  for (let number = 1; number <= unheardMax + 3; number += 1) {
    one.add([said(String(number))]);
    await taken();
  }
  expect([entries.length, one.unheard]).toEqual([unheardMax, unheardMax]);
  one.hear(1);
  expect(entries[unheardMax]).toEqual(["5", "6", "7"]);
  expect(one.unheard).toBe(unheardMax);
});

test("all is heard when the last entry has come back, though etcd's answer to it has not come", async () => {
  const { one } = intake();
  let heard = 0;
  one.whenHeard(() => (heard += 1));
  one.add([said("a")]);
  one.whenHeard(() => (heard += 10));
  expect(heard).toBe(1);
  one.hear(1);
  expect(heard).toBe(11);
});

test("a beat is an empty entry, or one with what there is to say", async () => {
  const { one, entries, taken } = intake();
  one.beat();
  one.add([said("a")]);
  one.beat();
  await taken();
  expect(entries).toEqual([[], ["a"]]);
});

test("it stands still from when an entry was sent, taken, or came back", async () => {
  const { one, clock, taken } = intake();
  clock.pass(1_000);
  expect(one.stillMs()).toBe(1_000);
  one.add([said("a")]);
  expect(one.stillMs()).toBe(0);
  clock.pass(700);
  one.add([said("b")]);
  expect(one.stillMs()).toBe(700);
  await taken();
  clock.pass(300);
  expect(one.stillMs()).toBe(300);
  one.hear(1);
  expect(one.stillMs()).toBe(0);
});

test("after a failure, or when it is stopped, nothing is appended", async () => {
  const { one, entries, answers, failures, settle } = intake();
  one.add([said("a")]);
  answers[0]?.reject(new Error("no quorum"));
  await settle();
  one.add([said("b")]);
  one.beat();
  one.hear(1);
  expect(failures).toMatchObject([{ message: "no quorum" }]);
  expect(entries).toEqual([["a"]]);
});
