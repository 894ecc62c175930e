import { describe, expect, it } from "vitest";
import { newTally } from "../../server/core/tally.ts";
import { Inbox } from "../../server/inbox.ts";
import { Turn } from "../../server/turn.ts";
import { HandClock } from "../support/hand-clock.ts";

/** A clock that also moves while somebody is busy. */
class BusyClock extends HandClock {
  busyMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.busyMs;
  }
}

/** Those who are held back until they have gone on so often, each for 0.3 ms; and who did in which turn. */
function flooders(names: string, turnsEach: number): string[] {
  const clock = new BusyClock();
  const turn = new Turn(clock, () => {}, false, newTally().turns);
  const wentOn: string[] = [];
  for (const name of names) {
    let left = turnsEach;
    const speaker = {
      takeHeldBack() {
        wentOn[turn.number - 1] = (wentOn[turn.number - 1] ?? "") + name;
        clock.busyMs += 0.3;
        left -= 1;
        if (left > 0) turn.holdBack(speaker);
      },
      flush() {},
    };
    turn.holdBack(speaker);
  }
  clock.endTurn();
  return wentOn;
}

describe("a turn", () => {
  it("[B1] lets those who are held back go on until it is long, and the others after it", () => {
    expect(flooders("abcde", 1)).toEqual(["ab", "cd", "e"]);
  });

  it("[B1] has those who are held back again wait for the others", () => {
    expect(flooders("abc", 2)).toEqual(["ab", "ca", "bc"]);
  });

  it("[B1] lets nobody go on twice", () => {
    expect(flooders("a", 3)).toEqual(["a", "a", "a"]);
  });
});

describe("an inbox", () => {
  const taken = (isLong: boolean, perTurnMax: number) => {
    const inbox = new Inbox((text) => Array.from(text), perTurnMax);
    inbox.add("x".repeat(100));
    let count = 0;
    for (; inbox.mayTake({ number: 1, isLong: () => isLong }); count += 1) inbox.take();
    return count;
  };

  it("[B1] gives as much as one turn allows, and 16 parts in a long one", () => {
    expect(taken(false, 256)).toBe(100);
    expect(taken(false, 64)).toBe(64);
    expect(taken(true, 64)).toBe(16);
    expect(taken(true, 8)).toBe(8);
  });

  it("gives the parts of all frames in order, nothing for a frame without any, and reads a frame when it is its time", () => {
    const read: string[] = [];
    const inbox = new Inbox<string>((text) => {
      read.push(text);
      return text === "?" ? undefined : Array.from(text);
    }, 100);
    for (const frame of ["ab", "?", undefined, "c"]) inbox.add(frame);
    expect(read).toEqual(["ab"]);
    const parts = [];
    while (!inbox.isEmpty) parts.push(inbox.take());
    expect(parts).toEqual(["a", "b", undefined, undefined, "c"]);
  });

  it("is empty once it is cleared", () => {
    const inbox = new Inbox((text) => Array.from(text), 100);
    inbox.add("ab");
    inbox.add("c");
    inbox.clear();
    expect(inbox.isEmpty).toBe(true);
    expect(inbox.take()).toBe(undefined);
  });
});
