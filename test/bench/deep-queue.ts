// The load of P6: one resource with so many waiters on 1,000 sockets. Hands the resource on from one to the next, each of whom
// stands in line again, or has waiters come and go at its end. Knows no threshold.
import { openMany, openSession, type LoadSocket } from "./load-socket.ts";
import { meter, type Cost } from "./cost.ts";
import { prepare, type PreparedMessage } from "./prepared-message.ts";
import type { ServerProcess } from "./server-process.ts";

const sockets = 1_000;
const comingAndGoing = 64;

/** What one round measured: microseconds for each hand-off, or for each waiter that came and went. */
export interface QueueSample extends Cost {
  usEach: number;
}

/** A queue of `waiters`, which must be a multiple of 1,000. */
export class DeepQueue implements Disposable {
  readonly #server: ServerProcess;
  readonly #acquire: PreparedMessage;
  readonly #release = prepare({ type: "release", id: 0, outcome: "none" });
  readonly #cancel = prepare({ type: "cancel", id: 0 });
  #nodes: LoadSocket[] = [];
  #lastIds: number[] = [];
  #probe: LoadSocket | undefined;
  #lastProbeId = 0;
  #holder = { node: 0, id: 1 };
  #done = 0;
  #stopped: (() => void) | undefined;

  constructor(server: ServerProcess, resource: string) {
    this.#server = server;
    this.#acquire = prepare({ type: "acquire", id: 0, resource });
  }

  /** Opens the sockets and has all stand in line. */
  async lineUp(waiters: number): Promise<void> {
    this.#nodes = await openMany(sockets, () => openSession(this.#server.url));
    this.#probe = await openSession(this.#server.url);
    this.#lastIds = this.#nodes.map(() => 0);
    for (let stood = 0; stood <= waiters; stood += sockets) {
      // The last of them makes up for the one that holds.
      for (const node of stood < waiters ? this.#nodes.keys() : [0]) await this.#stand(node);
    }
    for (const [node, socket] of this.#nodes.entries()) socket.hearing = (type, id) => this.#hear(node, type, id);
  }

  /** Hands on, one hand-off at a time, for so many milliseconds. */
  async handOn(roundMs: number): Promise<QueueSample> {
    return this.#round(roundMs, this.#nodes, () => this.#next());
  }

  /** Has waiters come and go at the end of the queue, 64 at a time, for so many milliseconds. */
  async comeAndGo(roundMs: number): Promise<QueueSample> {
    const probe = this.#probe!;
    let live = 0;
    const come = () => {
      live += 1;
      probe.say(this.#acquire, ++this.#lastProbeId);
    };
    probe.hearing = (type, id) => {
      if (type === "queued") return probe.say(this.#cancel, id);
      if (type !== "failed") throw new Error(`${type} for a waiter at the end`);
      live -= 1;
      this.#done += 1;
      if (this.#stopped === undefined) come();
      else if (live === 0) this.#stopped();
    };
    return this.#round(roundMs, [probe], () => {
      for (let at = 0; at < comingAndGoing; at += 1) come();
      probe.flush();
    });
  }

  [Symbol.dispose](): void {
    for (const socket of [...this.#nodes, ...(this.#probe === undefined ? [] : [this.#probe])]) socket.close();
  }

  async #round(roundMs: number, heard: readonly LoadSocket[], start: () => void): Promise<QueueSample> {
    const stop = meter(this.#server, heard);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = 0;
    this.#stopped = undefined;
    const startMs = performance.now();
    setTimeout(() => (this.#stopped = resolve), roundMs);
    start();
    await promise;
    const usEach = ((performance.now() - startMs) * 1_000) / this.#done;
    return { usEach, ...stop(this.#done) };
  }

  #stand(node: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = this.#nodes[node]!;
    socket.hearing = () => resolve();
    socket.say(this.#acquire, ++this.#lastIds[node]!);
    socket.flush();
    return promise;
  }

  /** The holder goes to the end of the line and the next one holds. */
  #next(): void {
    const { node, id } = this.#holder;
    const socket = this.#nodes[node]!;
    socket.say(this.#acquire, ++this.#lastIds[node]!);
    socket.say(this.#release, id);
    socket.flush();
  }

  #hear(node: number, type: string, id: number): void {
    if (type === "queued" || type === "released") return;
    if (type !== "granted") throw new Error(`${type} in a line where nobody leaves`);
    this.#holder = { node, id };
    this.#done += 1;
    if (this.#stopped === undefined) this.#next();
    else this.#stopped();
  }
}
