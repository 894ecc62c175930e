// The close codes: what a hub closes a socket for, and what it says before.
import { describe, expect, it } from "vitest";
import type { Wire } from "../../support/wire.ts";
import { hubWith } from "./hub-in-process.ts";

const padded = (text: string) => JSON.stringify({ type: "ping", padding: text });
const big = (bytes: number) => padded("x".repeat(bytes - padded("").length));

describe("4400, not this protocol", () => {
  const inputs: { what: string; afterHello: boolean; send: (wire: Wire) => void }[] = [
    { what: "text that is no JSON", afterHello: true, send: (wire) => wire.sendText("hello?") },
    { what: "text that is no JSON before hello", afterHello: false, send: (wire) => wire.sendText("{") },
    { what: "an empty text", afterHello: true, send: (wire) => wire.sendText("") },
    { what: "two objects in a row", afterHello: true, send: (wire) => wire.sendText('{"type":"ping"}{"type":"ping"}') },
    { what: "a byte order mark", afterHello: true, send: (wire) => wire.sendText('\ufeff{"type":"ping"}') },
    { what: "a comma too many", afterHello: true, send: (wire) => wire.sendText('{"type":"ping",}') },
    { what: "a comment", afterHello: true, send: (wire) => wire.sendText('{"type":"ping"/**/}') },
    { what: "single quotes", afterHello: true, send: (wire) => wire.sendText("{'type':'ping'}") },
    { what: "a leading 0", afterHello: true, send: (wire) => wire.sendText('{"type":"pong","n":01}') },
    { what: "a raw line feed in a text", afterHello: true, send: (wire) => wire.sendText('{"type":"pi\nng"}') },
    { what: "NaN", afterHello: true, send: (wire) => wire.sendText('{"type":"pong","n":NaN}') },
    { what: "binary", afterHello: true, send: (wire) => wire.sendBytes(Buffer.from('{"type":"ping"}')) },
    { what: "binary before hello", afterHello: false, send: (wire) => wire.sendBytes(Buffer.from([1, 2, 3])) },
    { what: "a ping before hello", afterHello: false, send: (wire) => wire.send({ type: "ping" }) },
    { what: "an unknown type before hello", afterHello: false, send: (wire) => wire.sendText('{"type":"hi"}') },
    { what: "a hello that breaks its form", afterHello: false, send: (wire) => wire.send({ type: "hello", node: "" }) },
    { what: "a second hello", afterHello: true, send: (wire) => wire.send({ type: "hello", node: "a" }) },
    {
      what: "a hello twice in one frame",
      afterHello: false,
      send: (wire) =>
        wire.send([
          { type: "hello", node: "a" },
          { type: "hello", node: "a" },
        ]),
    },
  ];

  it.each(inputs)("closes for $what, after an error that says so", async ({ afterHello, send }) => {
    await using hub = await hubWith();
    const other = await hub.node("other");
    const wire = afterHello ? await hub.node("a") : await hub.connect();
    send(wire);
    const error = await wire.find((message) => message.type === "error");
    expect(error).toMatchObject({ message: expect.stringMatching(/./) });
    expect(await wire.closed).toMatchObject({ code: 4400 });
    await other.granted("r");
  });

  it("a message after hello in the same frame is fine", async () => {
    await using hub = await hubWith();
    const a = await hub.connect();
    a.send([{ type: "hello", node: "a" }, { type: "acquire", id: 1, resource: "r" }, { type: "ping" }]);
    await a.next("welcome");
    await a.answer(1, "granted");
    await a.next("pong");
  });

  it("ten INVALID_MESSAGE in a row close, each of them answered", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    await a.granted("r");
    for (let sent = 1; sent <= 10; sent += 1) a.sendText(`{"type":"nonsense${sent}"}`);
    for (let heard = 1; heard <= 10; heard += 1) {
      expect(await a.next("error")).toMatchObject({
        code: "INVALID_MESSAGE",
        message: expect.stringContaining(`nonsense${heard}`),
      });
    }
    expect(await a.closed).toMatchObject({ code: 4400 });
    await hub.viewWhen("r", (view) => view === undefined);
  });

  it("nine in a row do not, and a message of the right form starts the count anew", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    for (let round = 0; round < 3; round += 1) {
      for (let sent = 0; sent < 9; sent += 1) a.sendText("{}");
      for (let heard = 0; heard < 9; heard += 1) await a.next("error");
      await a.expectSilence();
    }
    await a.granted("r");
  });

  it("a session that is closed so frees what it held", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    await a.granted("r");
    await b.queued("r");
    a.sendText("no");
    expect(await b.next("granted")).toMatchObject({ previous: { error: { code: "SESSION_ENDED" } } });
  });

  it("nothing that follows in the frames behind it counts", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.sendText("no");
    a.acquire("r");
    expect(await a.closed).toMatchObject({ code: 4400 });
    expect(await hub.view("r")).toBeUndefined();
  });
});

describe("1009 and fragments", () => {
  it("[B1] a frame of exactly frameBytesMax is heard, one byte more is 1009", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.sendText(big(65_536));
    await a.next("pong");
    a.sendText(big(65_537));
    expect(await a.closed).toMatchObject({ code: 1009 });
  });

  it("[B1] a frame in 16 fragments is heard, one in 17 closes", async () => {
    await using hub = await hubWith();
    const [a, b] = await hub.nodes("a", "b");
    const text = '{"type":"ping","x":123}';
    a.sendFragments([...text.slice(0, 15).split(""), text.slice(15)]);
    await a.next("pong");
    a.sendFragments([...text.slice(0, 16).split(""), text.slice(16)]);
    expect([1008, 1009, 4429]).toContain((await a.closed).code);
    await b.expectSilence();
  });

  it("[B1] fragments together are bounded by frameBytesMax", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    const half = big(70_000);
    a.sendFragments([half.slice(0, 40_000), half.slice(40_000)]);
    expect(await a.closed).toMatchObject({ code: 1009 });
  });
});

describe("1000", () => {
  it("answers a bye, with all that was asked before it answered first", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send([{ type: "acquire", id: 1, resource: "r" }, { type: "ping" }, { type: "bye" }]);
    expect(await a.closed).toMatchObject({ code: 1000 });
    const types = a.drain().map(({ type }) => type);
    expect(types).toContain("granted");
    expect(types).toContain("pong");
    await hub.viewWhen("r", (view) => view === undefined);
  });

  it("nothing that is said after a bye counts", async () => {
    await using hub = await hubWith();
    const a = await hub.node("a");
    a.send([{ type: "bye" }, { type: "acquire", id: 1, resource: "r" }]);
    expect(await a.closed).toMatchObject({ code: 1000 });
    expect(await hub.view("r")).toBeUndefined();
  });
});
