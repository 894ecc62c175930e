// The load client's socket against a real `ws` server.
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { openSession, openSocket, type LoadSocket } from "./load-socket.ts";
import { prepare } from "./prepared-message.ts";

describe("LoadSocket", () => {
  let server: WebSocketServer;
  let url: string;
  const opened: LoadSocket[] = [];

  beforeEach(async () => {
    server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server listens on a port");
    url = `ws://127.0.0.1:${address.port}/v1/socket`;
  });

  afterEach(() => {
    for (const socket of opened.splice(0)) socket.close();
    server.close();
  });

  it("names the subprotocol of the hub", async () => {
    const connected = once(server, "connection");
    opened.push(await openSocket(url, "single"));
    const [peer]: WebSocket[] = await connected;
    expect(peer!.protocol).toBe("baton.v1");
  });

  it("greets each time as another node", async () => {
    const nodes: string[] = [];
    server.on("connection", (peer) => {
      peer.on("message", (data) => {
        nodes.push(JSON.parse(textOf(data)).node);
        peer.send('{"type":"welcome"}');
      });
    });
    opened.push(await openSession(url), await openSession(url));
    expect(new Set(nodes).size).toBe(2);
  });

  it("rejects when the hub answers hello with an error", async () => {
    server.on("connection", (peer) => peer.on("message", () => peer.send('{"type":"error","code":"INVALID_KEY"}')));
    await expect(openSession(url)).rejects.toThrow("error");
  });

  it("[S2] answers a ping with its number", async () => {
    const socket = await openSocket(url, "joined");
    opened.push(socket);
    const [peer] = [...server.clients];
    const answer = once(peer!, "message");
    peer!.send('{"type":"ping","n":17,"seen":16}');
    expect(String((await answer)[0])).toBe('{"type":"pong","n":17}');
  });

  it("hears every message, however the bytes are cut into reads", async () => {
    const socket = await openSocket(url, "joined");
    opened.push(socket);
    const [peer] = [...server.clients];
    const heard: number[] = [];
    const all = new Promise<void>((resolve) => {
      socket.hearing = (_, id) => {
        heard.push(id);
        if (heard.length === 4_000) resolve();
      };
    });
    // 200 frames of 20 messages: more than one read holds, so that frames are cut wherever a read ends.
    for (let frame = 0; frame < 200; frame++) {
      const ids = Array.from({ length: 20 }, (_, place) => frame * 20 + place);
      peer!.send(JSON.stringify(ids.map((id) => ({ type: "released", id, padding: "x".repeat(id % 90) }))));
    }
    await all;
    expect(heard).toEqual(Array.from({ length: 4_000 }, (_, id) => id));
    expect(socket.frames).toBe(200);
    expect(socket.messages).toBe(4_000);
  });

  it("writes 32 messages of a moment at once, and the rest when the next bytes come", async () => {
    const socket = await openSocket(url, "joined");
    opened.push(socket);
    const [peer] = [...server.clients];
    const lengths: number[] = [];
    const all = new Promise<void>((resolve) => {
      peer!.on("message", (data) => {
        if (lengths.push(JSON.parse(textOf(data)).length) === 1) peer!.send('{"type":"granted","id":1}');
        else resolve();
      });
    });
    socket.hearing = () => {};
    const acquire = prepare({ type: "acquire", id: 0, resource: "layer-1" });
    for (let id = 1; id <= 66; id++) socket.say(acquire, id);
    socket.flush();
    await all;
    expect(lengths).toEqual([32, 34]);
  });
});

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : "";
}
