// A hub for tests: the real one with the real SDK, joined in memory, on a time that the test moves. Knows no network.
import { openGate } from "../../server/access.ts";
import { defaultConfig, type Config } from "../../server/config.ts";
import { rowOf, viewOf } from "../../server/core/views.ts";
import { doorwayFor } from "../../server/doorway.ts";
import { httpApi } from "../../server/http.ts";
import { newTraffic } from "../../server/traffic.ts";
import { Hub as Server } from "../../server/hub.ts";
import type { Limits } from "../../shared/limits.ts";
import type { ResourceRow, ResourceView } from "../../shared/protocol.ts";
import { compareText } from "../../shared/text.ts";
import { BatonError } from "../baton-error.ts";
import { connect, type ConnectOptions } from "../connect.ts";
import type { Hub } from "../hub.ts";
import { KeptBook } from "./kept-book.ts";
import type { Accept } from "./memory-socket.ts";
import { settled, TestClock, type TestTime } from "./test-clock.ts";
import { TestNode } from "./test-node.ts";

/** The settings of a hub that matter to a test; each as `baton-hub` has it unless said. */
export type TestHubSettings = Partial<
  Pick<Config, "heartbeatMs" | "graceMaxMs" | "recoveryGraceMs" | "lockDelayMs" | "outcomeTtlMs">
> & { limits?: Partial<Limits> };

/** What a node may choose: all that `connect` takes, but for what the test hub is. */
export type NodeOptions = Omit<ConnectOptions, "webSocket" | "fetch" | "clock">;

/** One session as the hub has it. */
export type SessionView = { node: string; session: string; detached: boolean; requests: number };

/**
 * Makes a hub in memory for a test: nodes are the real SDK, time stands still until `clock.advance`, and what needs no time
 * happens by itself. For Node, with any test runner.
 *
 *     import { createTestHub } from "baton-hub/testing";
 *
 *     test("the next node takes over, and a late write of the old one is refused", async () => {
 *       await using testHub = createTestHub();
 *       const a = await testHub.connect({ node: "a", graceMs: 15_000 });
 *       const b = await testHub.connect({ node: "b" });
 *       const lock = await a.lock("db-migrate");
 *       const waiting = b.lock("db-migrate");
 *
 *       testHub.freeze("a");                      // its process stands still …
 *       await testHub.clock.advance(60_000);      // … for longer than its grace
 *       const next = await waiting;
 *       testHub.thaw("a");
 *
 *       expect(lock.held).toBe(false);
 *       expect(() => lock.fence).toThrow("may have granted to another");
 *       expect(testHub.view("db-migrate")?.holders).toMatchObject([{ node: "b", fence: next.fence }]);
 *     });
 */
export function createTestHub(settings: TestHubSettings = {}): TestHub {
  return new TestHub(settings);
}

const address = "ws://hub.test";
const reconnectMs = 1_000;
const silence = () => {};
const log = { debug: silence, info: silence, warn: silence, error: silence };

/** A hub in memory and its nodes. */
export class TestHub implements AsyncDisposable {
  /** The time of the hub and of all nodes. */
  readonly clock: TestTime;
  readonly #clock = new TestClock();
  readonly #settings: Required<Omit<TestHubSettings, "limits">> & { limits: Limits };
  readonly #book: KeptBook;
  readonly #nodes = new Map<string, TestNode>();
  /** Every node that there ever was: one that was killed is still to be closed. */
  readonly #all: TestNode[] = [];
  readonly #connected: Hub[] = [];
  readonly #closing = new AbortController();
  #server: { hub: Server; fetch: (request: Request) => Response | Promise<Response> } | undefined;
  #named = 0;
  #sockets = 0;

  /** Made by `createTestHub` alone. */
  constructor({ limits, ...settings }: TestHubSettings) {
    const { heartbeatMs, graceMaxMs, recoveryGraceMs, lockDelayMs, outcomeTtlMs } = { ...defaultConfig, ...settings };
    const all = { ...defaultConfig.limits, ...limits };
    this.clock = this.#clock;
    this.#settings = { heartbeatMs, graceMaxMs, recoveryGraceMs, lockDelayMs, outcomeTtlMs, limits: all };
    this.#book = new KeptBook({ limits: all, lockDelayMs, outcomeTtlMs }, recoveryGraceMs, this.#clock);
    this.start();
  }

  /**
   * Connects a node. Its chance is 0.5 unless `random` is given, so that every run is alike. A name whose session lives or is
   * detached is refused as by any hub, and the node tries again: advance the clock meanwhile.
   *
   * @param options.node "node-1", "node-2" … unless said
   */
  connect(options: NodeOptions = {}): Promise<Hub> {
    this.#named += 1;
    const name = options.node ?? `node-${this.#named}`;
    const node = new TestNode(this.#clock, this.#accept);
    this.#nodes.set(name, node);
    this.#all.push(node);
    const connecting = this.#connect(node, { random: () => 0.5, ...options, node: name });
    // One who is still waiting when the test is over is told so, and need not listen.
    connecting.catch(silence);
    return connecting;
  }

  /** The socket of a node breaks and both ends notice; the node comes back by itself once time passes. */
  drop(node: string): void {
    this.#node(node).drop();
  }

  /** Nothing gets through between a node and the hub, and neither notices but by the silence [S2]. */
  mute(node: string): void {
    this.#node(node).mute();
  }

  /** All that was said meanwhile gets through. */
  unmute(node: string): void {
    this.#node(node).unmute();
  }

  /** A node's process stands still, as by SIGSTOP or a blocked event loop; the test can look at what it holds. */
  freeze(node: string): void {
    this.#node(node).freeze();
  }

  /** It goes on. */
  thaw(node: string): void {
    this.#node(node).thaw();
  }

  /** A node's process dies; its name may be connected anew. */
  kill(node: string): void {
    this.#node(node).kill();
  }

  /** Stops the hub as SIGTERM does: nodes are told when to come back, and nothing is lost [S13]. */
  async stop(): Promise<void> {
    const { hub } = this.#running();
    hub.leave(reconnectMs, reconnectMs);
    this.#server = undefined;
    await hub.stop();
    await settled();
  }

  /** Ends the hub as a crash does: sockets break, and what it said before stays true [B3]. */
  async crash(): Promise<void> {
    const { hub } = this.#running();
    this.#server = undefined;
    await hub.abandon();
    for (const node of this.#all) node.drop();
    await settled();
  }

  /**
   * Starts the hub again with all that it knew [B6].
   *
   * @param options.empty has it know nothing, as the memory engine and a lost folder do
   */
  start({ empty = false }: { empty?: boolean } = {}): void {
    if (this.#server !== undefined) throw new BatonError("INVALID_MESSAGE", "the test hub runs already");
    if (empty) this.#book.forget();
    const { limits, heartbeatMs, graceMaxMs } = this.#settings;
    const settings = { name: "hub.test", limits, heartbeatMs, graceMaxMs };
    const hub = new Server({ settings, clock: this.#clock, book: this.#book.open() });
    const doorway = doorwayFor(["hub.test"], []);
    const api = httpApi({ hub, traffic: newTraffic(), doorway, gate: openGate, log });
    this.#server = { hub, fetch: (request) => api.fetch(request) };
  }

  /** Who holds a resource and who waits, all of them; undefined when there is nothing of it. */
  view(resource: string): ResourceView | undefined {
    const { engine } = this.#running().hub;
    const known = engine.table.resources.get(resource);
    return known && viewOf(known, engine.nowMs(), Number.MAX_SAFE_INTEGER);
  }

  /** The resources whose names begin so, by name. */
  rows(prefix = ""): ResourceRow[] {
    const { engine } = this.#running().hub;
    const { resources } = engine.table;
    const meant = resources.values().filter(({ name }) => name.startsWith(prefix));
    const sorted = meant.toArray().toSorted((one, other) => compareText(one.name, other.name));
    return sorted.map((resource) => rowOf(resource, engine.nowMs()));
  }

  /** The sessions that live or are detached. */
  sessions(): SessionView[] {
    const { table } = this.#running().hub.engine;
    return Array.from(table.sessions.values(), ({ identity, presence, requests }) => ({
      node: identity.node,
      session: identity.session,
      detached: presence.state === "detached",
      requests: requests.size,
    }));
  }

  /** Ends all nodes and the hub; needs no time to pass. */
  async close(): Promise<void> {
    this.#closing.abort(new BatonError("SESSION_ENDED", "the test hub is closed"));
    const closing = this.#connected.map((hub) => hub.close());
    for (const node of this.#all) node.hangUp();
    await Promise.all(closing);
    await this.#server?.hub.abandon();
    this.#server = undefined;
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #connect(node: TestNode, options: NodeOptions): Promise<Hub> {
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const { webSocket, clock } = node;
    const signal = AbortSignal.any(signals);
    const hub = await connect(address, { ...options, webSocket, clock, signal, fetch: this.#fetch });
    this.#connected.push(hub);
    return hub;
  }

  readonly #accept: Accept = (connection) => {
    if (this.#closing.signal.aborted) return undefined;
    this.#sockets += 1;
    return this.#server?.hub.connected({ ...connection, id: String(this.#sockets) });
  };

  readonly #fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    request.headers.set("host", new URL(request.url).host);
    if (this.#server === undefined) throw new TypeError("there is no hub");
    return this.#server.fetch(request);
  };

  #node(name: string): TestNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new BatonError("INVALID_KEY", `no node ${JSON.stringify(name)} was connected`);
    return node;
  }

  #running() {
    if (this.#server === undefined) throw new BatonError("UNAVAILABLE", "the test hub is stopped");
    return this.#server;
  }
}
