import { describe, expect, it } from "vitest";
import { newTally } from "../../server/core/tally.ts";
import { Inbox } from "../../server/inbox.ts";
import type { Parts } from "../../shared/frame-reader.ts";
import { Turn } from "../../server/turn.ts";
import { HandClock } from "../support/hand-clock.ts";

/** A clock that also moves while somebody is busy. */
class BusyClock extends HandClock {
  busyMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.busyMs;
  }
}

/** Those who are held back until they have gone on so often, each for 0.3 ms: who did in one turn after the other. */
function flooders(names: string, turnsEach: number): string[] {
  const clock = new BusyClock();
  const turn = new Turn(clock, () => {}, false, newTally().turns);
  const wentOn = new Map<number, string>();
  for (const name of names) {
    let left = turnsEach;
    const speaker = {
      takeHeldBack() {
        wentOn.set(turn.number, (wentOn.get(turn.number) ?? "") + name);
        clock.busyMs += 0.3;
        left -= 1;
        if (left > 0) turn.holdBack(speaker);
      },
      flush() {},
    };
    turn.holdBack(speaker);
  }
  clock.endTurn();
  return [...wentOn.values()];
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

  it("[B1] has everybody else answered before those who are held back go on", () => {
    const clock = new HandClock();
    const happened: string[] = [];
    const turn = new Turn(clock, () => void happened.push("commit"), false, newTally().turns);
    turn.holdBack({ takeHeldBack: () => void happened.push("goes on"), flush: () => {} });
    turn.await({ takeHeldBack: () => {}, flush: () => void happened.push("answered") });
    clock.endTurn();
    expect(happened).toEqual(["commit", "answered", "goes on", "commit"]);
  });

  it("ends once more for what comes up when all are sent what there is to say", () => {
    const clock = new HandClock();
    let commits = 0;
    const turn = new Turn(clock, () => void (commits += 1), false, newTally().turns);
    turn.await({ takeHeldBack: () => {}, flush: () => turn.endSoon() });
    clock.endTurn();
    expect(commits).toBe(2);
  });
});

/** The characters of a text, two at a time. */
function characters(text: string, from: number): Parts<string> {
  const next = from + 2 < text.length ? from + 2 : -1;
  return { parts: Array.from(text.slice(from, from + 2)), next };
}

describe("a turn that takes long", () => {
  it("[B1] has each bring less to the next, and as much as before once it was short", () => {
    const clock = new BusyClock();
    const turn = new Turn(clock, () => {}, false, newTally().turns);
    const speaker = { takeHeldBack: () => {}, flush: () => {} };
    const afterReading = (ms: number) => {
      turn.endSoon();
      clock.busyMs += ms;
      clock.endTurn();
      return turn.messagesMax(speaker, 256);
    };
    expect([1, 4, 20, 1_000, 1].map(afterReading)).toEqual([256, 128, 25, 8, 256]);
    expect(afterReading(20)).toBe(25);
    clock.busyMs += 20;
    expect(turn.messagesMax(speaker, 256)).toBe(256);
  });

  it("is shared by the reads that follow it as closely", () => {
    const ends: string[] = [];
    class TellingClock extends BusyClock {
      override afterRead(callback: () => void): void {
        ends.push("read");
        super.afterRead(callback);
      }
      override afterRound(callback: () => void): void {
        ends.push("round");
        super.afterRound(callback);
      }
    }
    const clock = new TellingClock();
    const turn = new Turn(clock, () => {}, true, newTally().turns);
    for (const [pauseMs, takesMs] of [
      [1, 3],
      [1, 0],
      [1, 0],
    ] as const) {
      clock.busyMs += pauseMs;
      turn.endSoon();
      clock.busyMs += takesMs;
      clock.endTurn();
    }
    expect(ends).toEqual(["read", "round", "read"]);
  });
});

describe("a flood", () => {
  /** One who always has more, each time for a millisecond, until it was let go on so often; when that was, and for how many messages. */
  function flooding(turn: Turn, clock: BusyClock, timesMost: number) {
    const wentOn: { atMs: number; messagesMax: number | undefined }[] = [];
    const flooder = {
      takeHeldBack(messagesMax?: number) {
        wentOn.push({ atMs: clock.nowMs(), messagesMax });
        clock.busyMs += 1;
        if (wentOn.length < timesMost) turn.holdBack(flooder);
      },
      flush() {},
    };
    turn.holdBack(flooder);
    return { flooder, wentOn };
  }
  const somebody = () => ({ takeHeldBack: () => {}, flush: () => {} });

  it("[B1] has an eighth of the time, and few messages at once, while others ask", () => {
    const clock = new BusyClock();
    const turn = new Turn(clock, () => {}, false, newTally().turns);
    const { wentOn, flooder } = flooding(turn, clock, 1_000);
    turn.heard(somebody());
    expect(turn.messagesMax(flooder, 256)).toBe(256);
    clock.endTurn();
    const burst = wentOn.length;
    expect(burst).toBe(102);
    expect(turn.messagesMax(flooder, 256)).toBe(0);
    expect(turn.messagesMax(somebody(), 256)).toBe(256);
    clock.pass(90);
    expect(wentOn.length - burst).toBe(12);
    expect(wentOn.at(-1)?.messagesMax).toBe(64);
  });

  it("[B1] rests no longer for what took long and was none of its own", () => {
    const clock = new BusyClock();
    let commitMs = 0;
    const turn = new Turn(clock, () => void (clock.busyMs += commitMs), false, newTally().turns);
    const { wentOn } = flooding(turn, clock, 1_000);
    turn.heard(somebody());
    clock.endTurn();
    commitMs = 300;
    clock.pass(7);
    const before = wentOn.length;
    clock.pass(50);
    expect(wentOn.length).toBeGreaterThan(before);
  });

  it("[B1] holds up nobody who waits for a turn beside it", () => {
    const clock = new BusyClock();
    const turn = new Turn(clock, () => {}, false, newTally().turns);
    flooding(turn, clock, 1_000);
    turn.heard(somebody());
    clock.endTurn();
    const burst = flooding(turn, clock, 3);
    clock.endTurn();
    expect(burst.wentOn).toHaveLength(3);
  });

  it("is none where nobody else asks, and no more when nobody has for a second", () => {
    const clock = new BusyClock();
    const turn = new Turn(clock, () => {}, false, newTally().turns);
    const alone = flooding(turn, clock, 500);
    turn.heard(alone.flooder);
    clock.endTurn();
    expect(alone.wentOn).toHaveLength(500);
    const { wentOn } = flooding(turn, clock, 500);
    turn.heard(somebody());
    clock.pass(500);
    expect(wentOn.length).toBeGreaterThan(102);
    expect(wentOn.length).toBeLessThan(500);
    clock.pass(1_000);
    expect(wentOn).toHaveLength(500);
  });
});

describe("an inbox", () => {
  it("[B1] gives so many parts in a turn, and the rest in the next", () => {
    const inbox = new Inbox(characters, 64);
    inbox.add("x".repeat(100));
    const taken = (turn: number) => {
      let count = 0;
      for (; inbox.mayTake(turn); count += 1) inbox.take();
      return count;
    };
    expect([taken(1), taken(1), taken(2), taken(3)]).toEqual([64, 0, 36, 0]);
  });

  it("gives the parts of all frames in order, nothing for a frame without any, and reads a frame when it is its time", () => {
    const read: string[] = [];
    const inbox = new Inbox<string>((text, from) => {
      read.push(text.slice(from));
      return text === "?" ? undefined : characters(text, from);
    }, 100);
    for (const frame of ["abc", "?", undefined, "d"]) inbox.add(frame);
    expect(read).toEqual(["abc"]);
    const parts = [];
    while (!inbox.isEmpty) parts.push(inbox.take());
    expect(read).toEqual(["abc", "c", "?", "d"]);
    expect(parts).toEqual(["a", "b", "c", undefined, undefined, "d"]);
  });

  it("is empty once it is cleared", () => {
    const inbox = new Inbox(characters, 100);
    inbox.add("ab");
    inbox.add("c");
    inbox.clear();
    expect(inbox.isEmpty).toBe(true);
    expect(inbox.take()).toBe(undefined);
  });
});
