// A TCP proxy in front of a hub that does to its connections what networks do: it cuts them after so many bytes, lets them
// stand half open, cuts what it passes on into slices, and holds it up. Knows bytes only. Usable without vitest.
import { connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as pass } from "node:timers/promises";

/** The two ways of a connection: from the node to the hub, and back. */
export type Way = "up" | "down";

/** What becomes of a connection. */
export type Plan = {
  /** How many bytes get through each way before both ends are cut. */
  readonly bytesMax?: Partial<Record<Way, number>>;
  /** How an end is told: by a FIN, or by a reset. */
  readonly cut?: "end" | "reset";
  /** How many bytes are passed on at once; the rest follows when those are on their way. */
  readonly sliceBytes?: number;
  /** How long bytes are held up, in milliseconds; what comes meanwhile goes with them, as one. */
  readonly lateMs?: number;
};

/** A proxy that listens. */
export class Proxy implements AsyncDisposable {
  readonly #plans: Plan[];
  /** How many bytes have got through, over all connections. */
  readonly passed: Record<Way, number> = { up: 0, down: 0 };
  readonly #server: Server;
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();
  readonly #stopped = new Set<Way>();
  readonly #held: { way: Way; bytes: Buffer; to: Socket }[] = [];

  private constructor(url: string, plans: readonly Plan[]) {
    this.#to = new URL(url);
    this.#plans = [...plans];
    this.#server = createServer((near) => this.#accept(near));
  }

  /** Starts a proxy in front of a hub; the plans are for its first connections, all others are left alone. */
  static async to(url: string, ...plans: Plan[]): Promise<Proxy> {
    const proxy = new Proxy(url, plans);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The URL of the hub by way of this proxy. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return Object.assign(new URL(this.#to), { port: String(address.port) }).href;
  }

  /** From now on nothing gets through that way, on any connection, and nobody is told. */
  stop(...ways: Way[]): void {
    for (const way of ways) this.#stopped.add(way);
  }

  /** Everything gets through again, with what was held up first. */
  heal(): void {
    this.#stopped.clear();
    for (const { to, bytes } of this.#held.splice(0)) if (to.writable) to.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    const plan = this.#plans.shift() ?? {};
    const far = connect({ port: Number(this.#to.port), host: this.#to.hostname, noDelay: true });
    near.setNoDelay(true);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        // Across a way that is stopped nobody learns of an end.
        if (this.#stopped.size === 0) other.destroy();
      });
    }
    const cut = () => {
      for (const socket of [near, far]) {
        if (plan.cut === "reset") socket.resetAndDestroy();
        else socket.end(() => socket.destroy());
      }
    };
    this.#pass("up", near, far, plan, cut);
    this.#pass("down", far, near, plan, cut);
  }

  #pass(way: Way, from: Socket, to: Socket, { bytesMax, sliceBytes = Infinity, lateMs }: Plan, cut: () => void): void {
    let left = bytesMax?.[way] ?? Infinity;
    let waiting: Buffer = Buffer.alloc(0);
    const goOn = async () => {
      while (waiting.length > 0) {
        if (lateMs !== undefined) await pass(lateMs);
        to.write(waiting.subarray(0, sliceBytes));
        waiting = waiting.subarray(sliceBytes);
        if (waiting.length > 0) await nextTurn();
      }
      if (left === 0) cut();
    };
    from.on("data", (all: Buffer) => {
      const bytes = all.subarray(0, Math.min(left, all.length));
      left -= bytes.length;
      this.passed[way] += bytes.length;
      if (this.#stopped.has(way)) return void this.#held.push({ way, bytes, to });
      const isGoing = waiting.length > 0;
      waiting = Buffer.concat([waiting, bytes]);
      if (!isGoing) void goOn();
    });
  }
}
