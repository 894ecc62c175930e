// How an SDK finds its way to a hub: addresses, tries, tokens, and giving up.
import { describe, expect, it, vi } from "vitest";
import { connect, type HubEvents } from "../../client/index.ts";
import { HandClock } from "../support/hand-clock.ts";
import { connected, FakeNetwork, turn, watch } from "./fake-network.ts";

describe("connecting", () => {
  it.each([
    ["ws://127.0.0.1:7420", "ws://127.0.0.1:7420/v1/socket"],
    ["http://127.0.0.1:7420/", "ws://127.0.0.1:7420/v1/socket"],
    ["https://hub.test", "wss://hub.test/v1/socket"],
    ["wss://hub.test/baton/v1/socket", "wss://hub.test/baton/v1/socket"],
  ])("to %s opens %s with the protocol's name", async (url, opened) => {
    const network = new FakeNetwork();
    const connecting = connect(url, { webSocket: network.webSocket, clock: new HandClock() });
    const socket = await network.welcome();
    await connecting;
    expect(socket.url).toBe(opened);
    expect(socket.protocols).toEqual(["baton.v1"]);
  });

  it("goes to the next of several hubs when one cannot be reached", async () => {
    const network = new FakeNetwork();
    const clock = new HandClock();
    const connecting = connect(["ws://one.test", "ws://two.test"], {
      webSocket: network.webSocket,
      clock,
      random: () => 0.5,
    });
    await turn();
    network.socket.end(1006);
    clock.pass(50);
    await network.welcome();
    await connecting;
    expect(network.sockets.map(({ url }) => url)).toEqual(["ws://two.test/v1/socket", "ws://one.test/v1/socket"]);
  });

  it("is refused where no hub is named", async () => {
    await expect(connect([])).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
  });

  it.each(["7420", "ftp://hub.test", "ws://user:secret@hub.test", "ws://hub.test?token=secret"])(
    "to %s is refused, with what is allowed",
    async (url) => {
      await expect(connect(url)).rejects.toMatchObject({ code: "INVALID_MESSAGE" });
    },
  );

  it("refuses a name that no hub takes", async () => {
    await expect(connect("ws://hub.test", { node: "a\n" })).rejects.toMatchObject({ code: "INVALID_KEY" });
  });

  it("names the node by the host and by chance", async () => {
    const names = await Promise.all(
      [0.1, 0.9].map(async (chance) => {
        const network = new FakeNetwork();
        void connect("ws://hub.test", { webSocket: network.webSocket, clock: new HandClock(), random: () => chance });
        await turn();
        network.socket.open();
        await turn();
        const [hello] = network.socket.heard();
        return hello?.type === "hello" ? hello.node : "";
      }),
    );
    expect(names[0]).toMatch(/.-3{8}$/);
    expect(names[1]).toMatch(/.-w{8}$/);
  });

  it("keeps trying, with longer and longer waits, and tells each", async () => {
    const network = new FakeNetwork();
    const clock = new HandClock();
    const onRetrying = vi.fn<(event: HubEvents["retrying"]) => void>();
    const connecting = watch(
      connect("ws://hub.test", {
        webSocket: network.webSocket,
        clock,
        random: () => 0.5,
        on: { retrying: onRetrying },
      }),
    );
    for (const waitMs of [50, 100, 200]) {
      await turn();
      network.socket.end(1006);
      expect(onRetrying).toHaveBeenLastCalledWith({
        code: 1006,
        reason: expect.stringMatching(/^the hub cannot be reached, or refuses /),
        retryInMs: waitMs,
      });
      clock.pass(waitMs);
    }
    await network.welcome();
    expect(connecting.now).toBe("resolved");
    expect(network.sockets).toHaveLength(4);
  });

  it("gives up after connectTimeoutMs, and says what stood in the way", async () => {
    const network = new FakeNetwork();
    const clock = new HandClock();
    const connecting = watch(
      connect("ws://hub.test", { webSocket: network.webSocket, clock, connectTimeoutMs: 1_000 }),
    );
    await turn();
    network.socket.end(1006);
    clock.pass(1_000);
    await turn();
    expect(connecting.error).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/^no session within 1000 ms: the hub cannot be reached/),
    });
    expect(clock.timers).toBe(0);
  });

  it("gives up when its signal aborts, and drops the socket", async () => {
    const network = new FakeNetwork();
    const clock = new HandClock();
    const abort = new AbortController();
    const connecting = watch(connect("ws://hub.test", { webSocket: network.webSocket, clock, signal: abort.signal }));
    await turn();
    abort.abort();
    await turn();
    expect(connecting.error).toBe(abort.signal.reason);
    expect(network.socket.closedWith).toBe(1000);
    expect(clock.timers).toBe(0);
    await expect(connect("ws://hub.test", { signal: abort.signal })).rejects.toBe(abort.signal.reason);
  });

  it("fails when the hub refuses for good", async () => {
    const network = new FakeNetwork();
    const connecting = watch(connect("ws://hub.test", { webSocket: network.webSocket, clock: new HandClock() }));
    await turn();
    network.socket.open();
    network.socket.tell({ type: "error", code: "INVALID_KEY", message: "hello.node must be shorter" });
    network.socket.end(4400, "not this protocol");
    await turn();
    expect(connecting.error).toMatchObject({ code: "PROTOCOL", message: "hello.node must be shorter" });
  });

  it("asks for a token at each connect, and again before it expires", async () => {
    let tokens = 0;
    const token = vi.fn(async () => `t${(tokens += 1)}`);
    const { socket, network, clock } = await connected({ token }, { tokenExpiresInMs: 10_000, heartbeatMs: 60_000 });
    clock.pass(8_000);
    await turn();
    expect(socket.heard()).toEqual([{ type: "authorize", token: "t2" }]);
    socket.tell({ type: "authorized", tokenExpiresInMs: 10_000 });
    socket.end();
    clock.pass(50);
    await turn();
    network.socket.open();
    await turn();
    expect(network.socket.heard()).toMatchObject([{ type: "hello", token: "t3" }]);
  });

  it("tries again when the token's function fails", async () => {
    const network = new FakeNetwork();
    const clock = new HandClock();
    const token = vi.fn(async () => "t").mockRejectedValueOnce(new Error("asleep"));
    const retrying = vi.fn();
    void connect("ws://hub.test", { webSocket: network.webSocket, clock, random: () => 0.5, token, on: { retrying } });
    await turn();
    expect(retrying).toHaveBeenCalledWith(expect.objectContaining({ reason: "no token: Error: asleep" }));
    clock.pass(50);
    await turn();
    expect(network.sockets).toHaveLength(1);
  });
});
