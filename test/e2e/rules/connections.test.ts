// How many connections there may be, before anything was said on them [B1]: of one address, in all, and of those that wait for
// nothing. Each hub counts its own.
import { describe, expect, it } from "vitest";
import type { Limits } from "../../../shared/limits.ts";
import { connectWire } from "../../support/wire.ts";
import { hubWith, type HubInProcess } from "./hub-in-process.ts";
import { RawSocket } from "./raw-socket.ts";

const hubOf = (limits: Partial<Limits>) => hubWith({ isAlone: true, limits });

/** Asks for something and gives the first line of the answer; the connection stays. */
async function ask(raw: RawSocket, hub: HubInProcess, path: string): Promise<string> {
  raw.write(`GET ${path} HTTP/1.1\r\nHost: ${new URL(hub.url).host}\r\n\r\n`);
  return (await raw.head).split("\r\n")[0] ?? "";
}

/** A connection whose answer never ends. */
async function stream(hub: HubInProcess): Promise<RawSocket> {
  const raw = new RawSocket(hub.url);
  expect(await ask(raw, hub, "/v1/events")).toBe("HTTP/1.1 200 OK");
  return raw;
}

/** Somebody gets in as soon as the hub has seen that somebody has gone. */
const expectRoom = (hub: HubInProcess) =>
  expect
    .poll(() =>
      connectWire(hub.url).then(
        (wire) => wire.close(),
        () => "refused",
      ),
    )
    .not.toBe("refused");

describe("the connections of one address", () => {
  it.each<{ what: string; open: (hub: HubInProcess) => unknown }>([
    { what: "silent", open: (hub) => new RawSocket(hub.url) },
    { what: "answered by HTTP", open: stream },
    { what: "sockets", open: (hub) => hub.connect() },
  ])("[B1] that are $what are addressSocketsMax at most; one more is told 429 and cut off", async ({ open }) => {
    await using hub = await hubOf({ addressSocketsMax: 2 });
    const leaver = new RawSocket(hub.url);
    await open(hub);
    expect(hub.refusals.get("addressSocketsMax")).toBeUndefined();
    const past = new RawSocket(hub.url);
    expect(await past.head).toMatch(/^HTTP\/1\.1 429 /);
    await past.closeCode();
    expect(hub.refusals.get("addressSocketsMax")).toBe(1);
    await expect(connectWire(hub.url)).rejects.toThrow();
    leaver.destroy();
    await expectRoom(hub);
  });
});

describe("all connections", () => {
  it("[B1] are connectionsMax at most; one more is cut off at once", async () => {
    await using hub = await hubOf({ connectionsMax: 3 });
    const leaver = new RawSocket(hub.url);
    const a = await hub.node("a");
    await stream(hub);
    expect(hub.refusals.get("connectionsMax")).toBeUndefined();
    expect(await new RawSocket(hub.url).head).toBe("");
    expect(hub.refusals.get("connectionsMax")).toBe(1);
    await a.granted("r");
    leaver.destroy();
    await expectRoom(hub);
  });
});

describe("connections that wait for nothing", () => {
  it("[B1] are idleConnectionsMax at most; past it the one that has done so for longest is cut off, and no other", async () => {
    await using hub = await hubOf({ idleConnectionsMax: 2 });
    const [a, answered] = [await hub.node("a"), await stream(hub)];
    const [first, second, third] = [new RawSocket(hub.url), new RawSocket(hub.url), new RawSocket(hub.url)];
    await first.closeCode();
    expect(hub.refusals.get("idleConnectionsMax")).toBe(1);
    // Whoever asks and is answered begins to wait anew.
    expect(await ask(second, hub, "/healthz")).toBe("HTTP/1.1 200 OK");
    const fourth = new RawSocket(hub.url);
    await third.closeCode();
    expect(hub.refusals.get("idleConnectionsMax")).toBe(2);
    expect(await ask(fourth, hub, "/healthz")).toBe("HTTP/1.1 200 OK");
    await a.granted("r");
    for (const raw of [answered, second, fourth]) raw.destroy();
  });
});
