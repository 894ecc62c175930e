// What the wire has and this hub does not do yet, and what there is to say without tokens.
import { describe, expect, it } from "vitest";
import type { ClientMessageInput } from "../../../shared/protocol.ts";
import { hubWith } from "./hub-in-process.ts";

describe("what comes later", () => {
  const messages: ClientMessageInput[] = [
    { type: "watch", id: 1 },
    { type: "watch", id: 1, resource: "r" },
    { type: "unwatch", id: 1 },
  ];

  it.each(messages)("is answered with UNAVAILABLE, which says so: $type", async (message) => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send(message);
    const error = await a.next("error");
    expect(error).toMatchObject({ id: 1, code: "UNAVAILABLE", message: expect.stringContaining(message.type) });
    await a.expectSilence();
    await a.granted("r", { id: 2 });
  });

  it("has a form all the same", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.sendText('{"type":"watch","id":1,"limit":"all"}');
    expect(await a.next("error")).toMatchObject({ code: "INVALID_MESSAGE" });
  });
});

describe("without tokens", () => {
  it("any token is as good as none", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { token: "whatever" });
    a.send({ type: "authorize", token: "whatever" });
    expect(await a.next("authorized")).toEqual({ type: "authorized" });
    await a.granted("r");
  });

  it("no token is in any log", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a", { token: "s3cr3t-1" });
    a.send({ type: "authorize", token: "s3cr3t-2" });
    await a.next("authorized");
    a.sendText('{"type":"authorize","token":["s3cr3t-3"]}');
    await a.next("error");
    const again = await hub.resume("a", a).catch(() => undefined);
    expect(again).toBeDefined();
    expect(JSON.stringify(hub.lines)).not.toMatch(/s3cr3t/);
    expect(JSON.stringify(hub.lines)).not.toContain(a.welcome?.secret);
  });
});
