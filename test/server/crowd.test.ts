// How many sockets an address may have, and what counts as one address.
import { describe, expect, test } from "vitest";
import { Crowd } from "../../server/crowd.ts";

describe("[B1] a crowd", () => {
  test("counts each address for itself, and out again", () => {
    const refused: string[] = [];
    const crowd = new Crowd({ addressSocketsMax: 1 }, (bound) => refused.push(bound));
    const leave = crowd.enter("192.0.2.1");
    expect(crowd.enter("192.0.2.1")).toBeUndefined();
    expect(refused).toEqual(["addressSocketsMax"]);
    expect(crowd.enter("192.0.2.2")).toBeDefined();
    leave?.();
    expect(crowd.enter("192.0.2.1")).toBeDefined();
  });

  test.each([
    { one: "2001:db8::1", other: "2001:db8::2", isSame: true },
    { one: "2001:db8:0:0:1::", other: "2001:db8::ffff:0:0:1", isSame: true },
    { one: "2001:db8:0:1::1", other: "2001:db8:0:2::1", isSame: false },
    { one: "::1", other: "::2", isSame: true },
    { one: "::ffff:192.0.2.1", other: "192.0.2.1", isSame: true },
    { one: "::ffff:192.0.2.1", other: "::ffff:192.0.2.2", isSame: false },
  ])("takes $one and $other for one address: $isSame", ({ one, other, isSame }) => {
    const crowd = new Crowd({ addressSocketsMax: 1 }, () => {});
    crowd.enter(one);
    expect(crowd.enter(other) === undefined).toBe(isSame);
  });
});
