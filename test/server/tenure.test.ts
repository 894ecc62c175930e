import { expect, test } from "vitest";
import { Tenure } from "../../server/tenure.ts";
import { HandClock } from "../support/hand-clock.ts";
import { silentLog } from "../support/silent-log.ts";

/** An office whose holders are numbered, and in which an opening may fail. */
async function office() {
  const clock = new HandClock();
  const forsaken: number[] = [];
  const lose: (() => void)[] = [];
  const failures: Error[] = [];
  /** The numbers of those that are lost before they are in office. */
  const lostAtOnce = new Set<number>();
  const open = (onLost: (why: string) => void) => {
    const failure = failures.shift();
    if (failure !== undefined) return Promise.reject(failure);
    const number = lose.push(() => onLost("lost"));
    if (lostAtOnce.delete(number)) onLost("lost");
    const forsake = () => Promise.resolve(void forsaken.push(number));
    return Promise.resolve({ number, forsake });
  };
  const tenure = await Tenure.begin({ open, clock, log: silentLog });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const retry = async () => {
    await settle();
    clock.pass(1_000);
    await settle();
  };
  return { tenure, forsaken, lose, failures, lostAtOnce, settle, retry, clock };
}

test("a hub that is lost tells its sessions, and another follows", async () => {
  const { tenure, forsaken, lose, settle, retry } = await office();
  lose[0]?.();
  await settle();
  expect(forsaken).toEqual([1]);
  await retry();
  expect(tenure.current.number).toBe(2);
});

test("another follows at once where the one before was there for long, and after a pause where it was not", async () => {
  const { tenure, lose, failures, settle, retry, clock } = await office();
  clock.pass(10_000);
  failures.push(new Error("not yet"));
  lose[0]?.();
  await settle();
  clock.pass(0);
  await settle();
  expect([tenure.current.number, failures]).toEqual([1, []]);
  await retry();
  expect(tenure.current.number).toBe(2);
  lose[1]?.();
  await settle();
  clock.pass(0);
  await settle();
  expect(tenure.current.number).toBe(2);
});

test("what cannot open yet is tried again", async () => {
  const { tenure, lose, failures, retry } = await office();
  failures.push(new Error("not yet"));
  lose[0]?.();
  await retry();
  expect(tenure.current.number).toBe(1);
  await retry();
  expect(tenure.current.number).toBe(2);
});

test("nobody follows one that was stopped, and its sessions are told when it is lost meanwhile", async () => {
  const { tenure, forsaken, lose, retry } = await office();
  tenure.end();
  lose[0]?.();
  await retry();
  expect(forsaken).toEqual([1]);
  expect(tenure.current.number).toBe(1);
});

test("one that is lost before it is in office is followed by one, and nobody is told twice", async () => {
  const { tenure, forsaken, lose, lostAtOnce, retry, clock } = await office();
  lostAtOnce.add(2);
  lose[0]?.();
  await retry();
  expect(forsaken).toEqual([1, 2]);
  expect(clock.timers).toBe(1);
  await retry();
  expect(tenure.current.number).toBe(3);
  expect([forsaken, clock.timers]).toEqual([[1, 2], 0]);
});

test("one that opens after the stop is let go", async () => {
  const { tenure, forsaken, lose, settle, clock } = await office();
  lose[0]?.();
  await settle();
  clock.pass(1_000);
  tenure.end();
  await settle();
  expect([tenure.current.number, forsaken]).toEqual([1, [1, 2]]);
});
