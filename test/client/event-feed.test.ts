// The SDK's way to the history and to the stream of events, against a hub that runs.
import { describe, expect, it } from "vitest";
import { openPages, type HubEvent } from "../../client/index.ts";
import { HubAndNodes } from "./hub-and-nodes.ts";

/** The next event that fits. */
async function when(events: AsyncGenerator<HubEvent>, fits: (event: HubEvent) => boolean): Promise<HubEvent> {
  for (;;) {
    const { value } = await events.next();
    if (fits(value)) return value;
  }
}

describe("history", () => {
  it("is told newest first, page after page", async () => {
    await using hub = await HubAndNodes.start();
    const a = await hub.node("a");
    for (let round = 0; round < 60; round += 1) await (await a.lock("r")).release();
    const entries = await Array.fromAsync(a.history("r"));
    expect(entries).toHaveLength(120);
    expect(entries[0]).toMatchObject({ event: "released", node: "a", outcome: "none", mode: "exclusive" });
    const numbers = entries.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((one, other) => other - one));
    expect(await Array.fromAsync(a.history("nothing"))).toEqual([]);
  });
});

describe("events", () => {
  it("go on after the number that is known, and by prefix", async () => {
    await using hub = await HubAndNodes.start();
    const a = await hub.node("a");
    await using lock = await a.lock("x/1");
    expect(lock.held).toBe(true);
    const [entry] = await Array.fromAsync(a.history("x/1"));
    const events = openPages(hub.url).events("x/", { after: (entry?.number ?? 0) - 1 });
    expect((await events.next()).value).toMatchObject({ event: "granted", resource: "x/1" });
    const next = events.next();
    await using other = await a.lock("y/1");
    await using third = await a.lock("x/2");
    expect([other.held, third.held]).toEqual([true, true]);
    expect((await next).value).toMatchObject({ event: "granted", resource: "x/2" });
    await events.return(undefined!);
  });

  it("go on over a restart, and say that what came before it is lost where it is", async () => {
    await using hub = await HubAndNodes.start();
    const a = await hub.node("a");
    const events = a.events("", { after: 1 });
    await (await a.lock("before")).release();
    await when(events, (event) => event.event === "released");
    await hub.restart(async () => {});
    expect(await when(events, () => true)).toEqual({ event: "gap" });
    await (await a.lock("after")).release();
    expect(await when(events, () => true)).toMatchObject({ event: "granted", resource: "after" });
    await events.return(undefined!);
  });

  it("end with their signal, and fail at once where no hub is", async () => {
    await using hub = await HubAndNodes.start();
    const stop = new AbortController();
    const waiting = openPages(hub.url).events("", { signal: stop.signal }).next();
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await hub.kill();
    await expect(openPages(hub.url).events().next()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("fail at once where something answers that is no hub", async () => {
    const fetch = () => Promise.resolve(new Response("hello"));
    await expect(openPages("ws://strange.test", { fetch }).events().next()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("did not answer as a hub does"),
    });
  });
});
