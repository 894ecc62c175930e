// What there is to say without tokens.
import { describe, expect, it } from "vitest";
import { hubWith } from "./hub-in-process.ts";

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
