// A resume that is not one's own, or comes more than once [S8][S11]: exactly one socket has the session, and what it holds stays
// what it was.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

const grace = { graceMs: 60_000 };
// `BATON_RACES=1000` for more of them.
const races = Number(process.env["BATON_RACES"] ?? 60);

describe("a resume", () => {
  it("[S8] by many sockets at once leaves the session to exactly one, with what it held", async () => {
    await using hub = await hubWith();
    const other = await hub.node("other");
    let last = await hub.node("a", grace);
    const { fence } = await last.granted("r");
    await other.queued("r");
    const { session = "", secret = "" } = last.welcome ?? {};
    for (let race = 0; race < races; race += 1) {
      const rivals = await Promise.all(Array.from({ length: 2 + (race % 4) }, () => hub.connect()));
      for (const rival of rivals) rival.send({ type: "hello", node: "a", resume: { session, secret } });
      const all = [last, ...rivals];
      const ends = all.map(async (wire) => ({ wire, ...(await wire.closed) }));
      const closed = new Set();
      for (let left = all.length - 1; left > 0; left -= 1) {
        const { wire, code } = await Promise.race(ends.filter((_, at) => !closed.has(all[at])));
        expect(code).toBe(4410);
        closed.add(wire);
      }
      const [winner, ...more] = all.filter((wire) => !closed.has(wire));
      if (winner === undefined) throw new Error("nobody has it");
      expect(more).toEqual([]);
      await winner.find(({ type }) => type === "granted");
      winner.drain();
      await winner.expectSilence();
      last = winner;
    }
    expect(await hub.view("r")).toMatchObject({ holders: [{ node: "a", fence }], queue: [{ node: "other" }] });
    await other.expectSilence();
  });

  it.each([
    {
      what: "a wrong secret",
      forge: (own: { session: string; secret: string }) => ({ ...own, secret: "x".repeat(32) }),
    },
    { what: "an empty secret", forge: (own: { session: string; secret: string }) => ({ ...own, secret: "" }) },
    {
      what: "a secret that is one bit off",
      forge: (own: { session: string; secret: string }) => {
        const first = String.fromCharCode(own.secret.charCodeAt(0) ^ 1);
        return { ...own, secret: first + own.secret.slice(1) };
      },
    },
    {
      what: "the session's id for a secret",
      forge: (own: { session: string; secret: string }) => ({ ...own, secret: own.session }),
    },
    {
      what: "a longer secret",
      forge: (own: { session: string; secret: string }) => ({ ...own, secret: `${own.secret}x` }),
    },
  ])("[S11] with $what is closed with 4401 and changes nothing", async ({ forge }) => {
    await using hub = await hubWith();
    const a = await hub.node("a", grace);
    const { fence } = await a.granted("r");
    const thief = await hub.connect();
    thief.send({
      type: "hello",
      node: "a",
      resume: forge({ session: a.welcome?.session ?? "", secret: a.welcome?.secret ?? "" }),
    });
    expect(await thief.closed).toMatchObject({ code: 4401 });
    expect(thief.frames).toEqual([]);
    await a.expectSilence();
    expect(await hub.view("r")).toMatchObject({ holders: [{ node: "a", fence }] });
  });

  it.each(["__proto__", "constructor", "hub/1", "../..", ""])(
    "[S11] of the session %j, which never was, is welcomed as a new one and holds nothing",
    async (session) => {
      await using hub = await hubWith();
      const a = await hub.node("a", { resume: { session, secret: "s" } });
      expect(a.welcome).toMatchObject({ resumed: false, lastId: 0 });
      await a.expectSilence();
    },
  );

  it("[S7][S11] said again after a bye is welcomed as a new session that holds nothing", async () => {
    await using hub = await hubWith();
    const [a, b] = [await hub.node("a", grace), await hub.node("b")];
    await a.granted("r");
    a.send({ type: "bye" });
    await a.closed;
    await b.granted("r");
    const again = await hub.resume("a", a);
    expect(again.welcome).toMatchObject({ resumed: false, lastId: 0 });
    await again.queued("r");
  });

  it("[S11] of another hub's session is welcomed as a new one", async () => {
    await using hub = await hubWith();
    await using other = await hubWith();
    const a = await other.node("a", grace);
    await a.granted("r");
    const moved = await hub.resume("a", a);
    expect(moved.welcome).toMatchObject({ resumed: false });
    expect(await hub.view("r")).toBeUndefined();
  });
});
