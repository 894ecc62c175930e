import { describe, expect, it } from "vitest";
import { HubByHand } from "../support/hub-by-hand.ts";

const acquire = (id: number, resource = "r") => ({ type: "acquire", id, resource }) as const;

describe("a session", () => {
  it("[S1] answers nothing but hello first", () => {
    const byHand = new HubByHand();
    const socket = byHand.connect();
    socket.say(acquire(1));
    byHand.clock.endTurn();
    expect(socket.heard()).toMatchObject([{ type: "error", code: "INVALID_MESSAGE" }]);
    expect(socket.closes).toEqual([4400]);
  });

  it("[S1] is closed when no hello comes in time", () => {
    const byHand = new HubByHand();
    const socket = byHand.connect();
    byHand.clock.pass(4_900);
    expect(socket.closes).toEqual([]);
    byHand.clock.pass(200);
    expect(socket.closes).toEqual([4408]);
  });

  it("takes what follows the hello in the same frame", () => {
    const byHand = new HubByHand();
    const socket = byHand.connect();
    socket.say({ type: "hello", node: "a" }, acquire(1), { type: "ping" });
    byHand.clock.endTurn();
    expect(socket.heard().map(({ type }) => type)).toEqual(["welcome", "granted", "pong"]);
    expect(socket.isPaused).toBe(false);
  });

  it("says in one frame what there is to say at one moment", () => {
    const byHand = new HubByHand();
    const { socket } = byHand.node("a");
    socket.heard();
    socket.say(acquire(1, "x"));
    socket.say(acquire(2, "y"), { type: "ping" });
    byHand.clock.endTurn();
    expect(socket.frames.map((frame) => frame.map(({ type }) => type))).toEqual([["granted", "granted", "pong"]]);
  });

  it("[B1] hands 256 messages a turn to the engine and the rest after the others", () => {
    const byHand = new HubByHand({ limits: { turnMessagesMax: 3 } });
    const { socket: flooder } = byHand.node("flooder");
    const { socket: other } = byHand.node("other");
    flooder.say(acquire(1, "a"), acquire(2, "b"), acquire(3, "c"), acquire(4, "d"), acquire(5, "mine"));
    other.say(acquire(1, "mine"));
    expect(flooder.isPaused).toBe(true);
    byHand.clock.endTurn();
    expect(other.heard()).toMatchObject([{ type: "granted" }]);
    expect(flooder.heard().map(({ type }) => type)).toEqual(["granted", "granted", "granted", "granted", "queued"]);
    expect(flooder.isPaused).toBe(false);
  });

  it("[B1] reads of a long frame no more than a turn handles, and nothing that comes after its end", () => {
    const byHand = new HubByHand({ limits: { turnMessagesMax: 3, invalidMessagesMax: 5 } });
    const { socket } = byHand.node("a");
    socket.sayText(JSON.stringify([...Array(7).fill(1), acquire(1)]));
    expect(socket.isPaused).toBe(true);
    byHand.clock.endTurn();
    expect(socket.heard().map(({ type }) => type)).toEqual(Array(5).fill("error"));
    expect(socket.closes).toEqual([4400]);
    expect(byHand.hub.refusals.get("invalidMessagesMax")).toBe(1);
    expect(byHand.hub.refusals.get("turnMessagesMax")).toBe(1);
  });

  it("still counts what a dropped socket had brought", () => {
    const byHand = new HubByHand({ limits: { turnMessagesMax: 1 } });
    const { socket: holder } = byHand.node("holder");
    const { socket: waiter } = byHand.node("waiter");
    holder.say(acquire(1));
    byHand.clock.endTurn();
    waiter.say(acquire(1));
    byHand.clock.endTurn();
    waiter.heard();
    holder.say({ type: "ping" }, { type: "release", id: 1, outcome: "success", result: 7 });
    holder.drop();
    byHand.clock.endTurn();
    expect(waiter.heard()).toMatchObject([{ type: "skipped", by: "holder", result: 7 }]);
  });

  it("[B1] is sent the rest when its socket has taken what was sent, however slowly it reads", () => {
    const byHand = new HubByHand({ limits: { frameBytesMax: 300 } });
    const { socket } = byHand.node("a");
    socket.onSend = () => (socket.unsentBytes = 200_000);
    for (let id = 1; id <= 3; id += 1) socket.say(acquire(id, `r${id}`));
    byHand.clock.endTurn();
    for (let id = 1; id <= 3; id += 1) {
      expect(socket.heard()).toMatchObject([{ type: "granted", id }]);
      byHand.clock.pass(14_000);
      expect(socket.heard()).toEqual([]);
      socket.drain();
    }
    socket.onSend = () => {};
    while (socket.unsentBytes > 0) socket.drain();
    expect(socket.closes).toEqual([]);
  });

  it("[B1] is not read while it does not read, and closed with 4412 after three heartbeats of it", () => {
    const byHand = new HubByHand({ limits: { unsentBytesMax: 200 } });
    const { socket } = byHand.node("a");
    socket.unsentBytes = 200_000;
    for (let id = 1; id <= 5; id += 1) {
      socket.say(acquire(id, `r${id}`));
      byHand.clock.endTurn();
    }
    expect(socket.isPaused).toBe(true);
    const { lastId = 0 } = byHand.hub.engine.table.sessionOfNode.get("a") ?? {};
    expect(lastId).toBeLessThan(5);
    byHand.clock.pass(14_800);
    expect(socket.closes).toEqual([]);
    byHand.clock.pass(400);
    expect(socket.closes).toEqual([4412]);
    expect(byHand.hub.refusals.get("unsentBytesMax")).toBe(1);
  });

  it("[B1] is read again when it has read", () => {
    const byHand = new HubByHand({ limits: { unsentBytesMax: 50 } });
    const { socket } = byHand.node("a");
    socket.unsentBytes = 200_000;
    for (let id = 1; id <= 3; id += 1) {
      socket.say(acquire(id, `r${id}`));
      byHand.clock.endTurn();
    }
    expect(socket.isPaused).toBe(true);
    socket.drain();
    byHand.clock.endTurn();
    expect(socket.heard()).toMatchObject([1, 2, 3].map((id) => ({ type: "granted", id })));
    expect(socket.isPaused).toBe(false);
  });

  it("survives nine invalid messages in a row and not the tenth", () => {
    const byHand = new HubByHand();
    const { socket } = byHand.node("a");
    for (let count = 0; count < 9; count += 1) socket.sayText('{"type":"acquire"}');
    socket.say({ type: "ping" });
    for (let count = 0; count < 9; count += 1) socket.sayText('{"type":"nonsense"}');
    byHand.clock.endTurn();
    expect(socket.closes).toEqual([]);
    socket.sayText("{}");
    expect(socket.closes).toEqual([4400]);
  });

  it("[S7] frees at bye what it held, and its name", () => {
    const byHand = new HubByHand();
    const { socket: holder } = byHand.node("a", { graceMs: 60_000 });
    const { socket: waiter } = byHand.node("b");
    holder.say(acquire(1));
    byHand.clock.endTurn();
    waiter.say(acquire(1));
    byHand.clock.endTurn();
    waiter.heard();
    holder.say({ type: "bye" });
    byHand.clock.endTurn();
    expect(holder.closes).toEqual([1000]);
    expect(waiter.heard()).toMatchObject([{ type: "granted", previous: { node: "a" } }]);
    byHand.node("a");
  });
});

describe("the heart of a session", () => {
  it("[S2] is beaten once a round, spread over the round", () => {
    const byHand = new HubByHand();
    const sockets = Array.from({ length: 50 }, (_, index) => byHand.node(`n${index}`).socket);
    const beaten = () => sockets.filter((socket) => socket.heard().some(({ type }) => type === "ping")).length;
    byHand.clock.pass(100);
    expect(beaten()).toBe(1);
    byHand.clock.pass(2_400);
    expect(beaten()).toBe(24);
    byHand.clock.pass(2_500);
    expect(beaten()).toBe(25);
  });

  it("[S2] names in seen the last pong that arrived", () => {
    const byHand = new HubByHand();
    const { socket } = byHand.node("a");
    byHand.clock.pass(5_000);
    expect(socket.heard()).toEqual([{ type: "ping", n: 1, seen: 0 }]);
    socket.say({ type: "pong", n: 1 });
    byHand.clock.pass(5_000);
    expect(socket.heard()).toEqual([{ type: "ping", n: 2, seen: 1 }]);
  });

  it("[S2] declares a socket dead when no pong came for three heartbeats, whatever else it says", () => {
    const byHand = new HubByHand();
    const { socket } = byHand.node("a");
    for (let seconds = 0; seconds < 14; seconds += 1) {
      socket.say({ type: "ping" });
      byHand.clock.pass(1_000);
    }
    byHand.clock.pass(900);
    expect(socket.closes).toEqual([]);
    byHand.clock.pass(300);
    expect(socket.closes).toEqual([4411]);
  });

  it("[S2] outlives a pause of the hub's own", () => {
    const byHand = new HubByHand();
    const { socket } = byHand.node("a");
    byHand.clock.pass(5_000);
    socket.say({ type: "pong", n: 1 });
    byHand.clock.freeze(60_000);
    expect(socket.closes).toEqual([]);
    const pings = socket.heard().flatMap((message) => (message.type === "ping" ? message.n : []));
    socket.say({ type: "pong", n: pings.at(-1) ?? 0 });
    byHand.clock.pass(14_000);
    expect(socket.closes).toEqual([]);
    byHand.clock.pass(1_500);
    expect(socket.closes).toEqual([4411]);
  });
});

describe("a session with grace", () => {
  const graceMs = 20_000;

  it("[S4] raises the grace to three heartbeats and caps it at the hub's", () => {
    const byHand = new HubByHand({ heartbeatMs: 1_000, graceMaxMs: 10_000 });
    expect(byHand.node("a").welcome.graceMs).toBe(0);
    expect(byHand.node("b", { graceMs: 1 }).welcome.graceMs).toBe(3_000);
    expect(byHand.node("c", { graceMs: 60_000 }).welcome.graceMs).toBe(10_000);
  });

  it("[S4][S9] is resumed with its holds, its places and the answers it missed", () => {
    const byHand = new HubByHand();
    const { socket: a, welcome } = byHand.node("a", { graceMs });
    const { socket: b } = byHand.node("b");
    b.say(acquire(1, "theirs"));
    byHand.clock.endTurn();
    a.say(acquire(1, "mine"), acquire(2, "theirs"));
    byHand.clock.endTurn();
    const [granted] = a.heard();
    a.drop();
    b.say({ type: "release", id: 1, outcome: "success", result: "theirs" });
    byHand.clock.pass(15_000);
    const { session, secret } = welcome;
    const back = byHand.node("a", { graceMs, resume: { session, secret } });
    expect(back.welcome).toMatchObject({ session, resumed: true, lastId: 2 });
    expect(back.socket.heard()).toEqual([
      { type: "skipped", id: 2, by: "b", fence: expect.any(Number), result: "theirs", ageMs: 0 },
      granted,
    ]);
  });

  it("[S9] hears an answer again until it has acknowledged it", () => {
    const byHand = new HubByHand();
    const { socket, welcome } = byHand.node("a", { graceMs });
    socket.say(acquire(1), { type: "release", id: 1, outcome: "none" });
    byHand.clock.pass(5_000);
    socket.say({ type: "pong", n: 1 });
    socket.say(acquire(2), { type: "release", id: 2, outcome: "none" });
    byHand.clock.endTurn();
    socket.drop();
    const { session, secret } = welcome;
    const back = byHand.node("a", { resume: { session, secret } });
    expect(back.socket.heard()).toEqual([{ type: "released", id: 2 }]);
  });

  it("[S9] is pinged at least every 1,000 answers", () => {
    const byHand = new HubByHand({ limits: { turnMessagesMax: 10_000 } });
    const { socket } = byHand.node("a", { graceMs });
    for (let id = 1; id <= 500; id += 1) socket.say(acquire(id), { type: "release", id, outcome: "none" });
    byHand.clock.endTurn();
    expect(socket.heard().filter(({ type }) => type === "ping")).toHaveLength(1);
  });

  it("[S8] is taken over at once, and nothing of its old socket touches it any more", () => {
    const byHand = new HubByHand();
    const { socket: old, welcome } = byHand.node("a", { graceMs });
    old.say(acquire(1));
    byHand.clock.endTurn();
    const { session, secret } = welcome;
    const { socket } = byHand.node("a", { resume: { session, secret } });
    expect(old.closes).toEqual([4410]);
    old.say({ type: "release", id: 1, outcome: "none" });
    old.drop();
    expect(socket.heard()).toMatchObject([{ type: "granted", id: 1 }]);
    byHand.clock.pass(4_000);
    socket.heard();
    socket.say({ type: "release", id: 1, outcome: "none" });
    byHand.clock.endTurn();
    expect(socket.heard()).toEqual([{ type: "released", id: 1 }]);
  });

  it("[S11] is not resumed with a wrong secret, and not by another node", () => {
    const byHand = new HubByHand();
    const { welcome } = byHand.node("a", { graceMs });
    const { session, secret } = welcome;
    for (const hello of [
      { node: "a", resume: { session, secret: "wrong" } },
      { node: "b", resume: { session, secret } },
    ]) {
      const socket = byHand.connect();
      socket.say({ type: "hello", ...hello });
      byHand.clock.endTurn();
      expect(socket.closes).toEqual([4401]);
    }
  });

  it("[S11] is welcomed as a new one once it is gone", () => {
    const byHand = new HubByHand();
    const { socket, welcome } = byHand.node("a", { graceMs });
    socket.drop();
    byHand.clock.pass(graceMs + 1);
    const { session, secret } = welcome;
    expect(byHand.node("a", { resume: { session, secret } }).welcome).toMatchObject({ resumed: false, lastId: 0 });
  });

  it("[S8] is nothing to the engine when the node's session is there, however often it says hello", () => {
    const byHand = new HubByHand();
    byHand.node("a");
    const order = byHand.hub.order();
    for (let times = 0; times < 3; times += 1) {
      const socket = byHand.connect();
      socket.say({ type: "hello", node: "a" });
      byHand.clock.endTurn();
      expect(socket.closes).toEqual([4409]);
      socket.drop();
      byHand.clock.endTurn();
    }
    expect(byHand.hub.order()).toBe(order);
  });

  it("[S8] keeps no name when its socket is gone before it was welcome, for nobody knows its secret", () => {
    const byHand = new HubByHand();
    const socket = byHand.connect();
    socket.say({ type: "hello", node: "a", graceMs }, acquire(1));
    socket.drop();
    byHand.clock.endTurn();
    expect(byHand.hub.engine.table.resources.size).toBe(0);
    byHand.node("a");
  });

  it("[S4] is still detached when the socket of a resume is gone before it was welcome", () => {
    const byHand = new HubByHand();
    const { socket, welcome } = byHand.node("a", { graceMs });
    socket.say(acquire(1));
    byHand.clock.endTurn();
    socket.drop();
    const { session, secret } = welcome;
    const second = byHand.connect();
    second.say({ type: "hello", node: "a", resume: { session, secret } });
    second.drop();
    byHand.clock.endTurn();
    const third = byHand.node("a", { resume: { session, secret } });
    expect(third.welcome).toMatchObject({ resumed: true });
    expect(third.socket.heard()).toMatchObject([{ type: "granted", id: 1 }]);
  });

  it("[S8] keeps its name while it is live or detached", () => {
    const byHand = new HubByHand();
    const { socket: first } = byHand.node("a", { graceMs });
    const refused = () => {
      const socket = byHand.connect();
      socket.say({ type: "hello", node: "a" });
      byHand.clock.endTurn();
      return socket.closes;
    };
    expect(refused()).toEqual([4409]);
    first.drop();
    byHand.clock.endTurn();
    expect(refused()).toEqual([4409]);
    byHand.clock.pass(graceMs);
    expect(refused()).toEqual([]);
  });
});
