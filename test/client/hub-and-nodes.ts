// A hub in this process and the nodes that are connected to it, over real sockets, for one test.
import { createServer, connect as dial, type Socket } from "node:net";
import { vi } from "vitest";
import { connect, type ConnectOptions, type Hub, type HubEvents } from "../../client/index.ts";
import { defaultConfig, type Config } from "../../server/config.ts";
import { startHub, type RunningHub } from "../../server/start.ts";

const config: Config = { ...defaultConfig, engine: "memory", port: 0, drainMs: 1_000 };
const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** A hub and its nodes. */
export class HubAndNodes implements AsyncDisposable {
  #running: RunningHub;
  readonly #nodes: Hub[] = [];
  readonly #ways: Way[] = [];

  readonly #config: Config;

  private constructor(running: RunningHub, config: Config) {
    this.#running = running;
    this.#config = config;
  }

  static async start(changes: Partial<Config> = {}): Promise<HubAndNodes> {
    const whole = { ...config, ...changes };
    return new HubAndNodes(await startHub(whole, log), whole);
  }

  get url(): string {
    return this.#running.url;
  }

  /** A node that is connected. */
  async node(name: string, options: ConnectOptions = {}, url = this.url): Promise<Hub> {
    const hub = await connect(url, { node: name, ...options });
    this.#nodes.push(hub);
    return hub;
  }

  /** A way to the hub that can be cut. */
  async way(): Promise<Way> {
    const way = await Way.open(Number(new URL(this.url).port));
    this.#ways.push(way);
    return way;
  }

  /** Stops the hub as a planned restart does, and starts another in its place when the nodes have been told. */
  async restart(between: () => Promise<void>): Promise<void> {
    const port = Number(new URL(this.url).port);
    await this.#running.close();
    await between();
    this.#running = await startHub({ ...this.#config, port }, log);
  }

  /** Ends the hub as a crash does. */
  kill(): Promise<void> {
    return this.#running.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((hub) => hub.close()));
    for (const way of this.#ways) way.close();
    await this.#running.kill();
  }
}

/** The next event of that name. */
export function next<Name extends keyof HubEvents>(hub: Hub, name: Name): Promise<HubEvents[Name]> {
  return new Promise((resolve) => hub.on(name, resolve));
}

/** A way between nodes and a hub. */
export class Way {
  readonly #sockets: Set<Socket>;
  readonly #close: () => void;
  readonly url: string;

  private constructor(url: string, sockets: Set<Socket>, close: () => void) {
    this.url = url;
    this.#sockets = sockets;
    this.#close = close;
  }

  static async open(port: number): Promise<Way> {
    const sockets = new Set<Socket>();
    const join = (one: Socket, other: Socket) => {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    };
    const server = createServer((near) => {
      const far = dial({ host: "127.0.0.1", port });
      join(near, far);
      join(far, near);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a way has a port");
    return new Way(`ws://127.0.0.1:${address.port}`, sockets, () => void server.close());
  }

  /** Breaks every connection without a farewell. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nothing through the connections that there are, and breaks none. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    this.cut();
    this.#close();
  }
}
