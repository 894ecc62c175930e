// The load of P3: one resource goes round a few nodes on sockets of their own, one hand-off at a time, both ends on one
// clock. The same code drives the raw relay: it takes the release that arrives at the next socket for its grant.
import { assertNever } from "../../shared/errors.ts";
import type { OutcomeWord } from "../../shared/protocol.ts";
import { meter, type Cost } from "./cost.ts";
import { openSession, openSocket, type LoadSocket } from "./load-socket.ts";
import { prepare, type PreparedMessage } from "./prepared-message.ts";
import { quantile } from "./rounds.ts";
import type { ServerProcess } from "./server-process.ts";

/** Who hands off, how many nodes are in the line, and what each says of its work. */
export interface HandOffShape {
  peer: "hub" | "relay";
  nodes: number;
  outcome: OutcomeWord;
}

/** What one round measured: from the release's write to the next node's grant, in microseconds. */
export interface HandOffSample extends Cost {
  handOffs: number;
  p50Us: number;
  p99Us: number;
}

/** A load whose nodes stand in line; `run` makes one round of so many milliseconds. */
export interface HandOffLoad extends Disposable {
  run(roundMs: number): Promise<HandOffSample>;
}

/**
 * Opens the sockets one by one, so that the relay's order is known, and puts the hub's nodes in line.
 * @param other where every second one of them is, if not at the same hub
 */
export async function openHandOffLoad(
  server: ServerProcess,
  shape: HandOffShape,
  other = server,
): Promise<HandOffLoad> {
  const sockets: LoadSocket[] = [];
  for (let node = 0; node < shape.nodes; node++) {
    sockets.push(await openPeer((node % 2 === 0 ? server : other).url, shape.peer));
  }
  const chain = new HandOffChain(sockets, shape);
  if (shape.peer === "hub") await chain.lineUp();
  return {
    run: async (roundMs) => {
      const stop = meter(server, sockets);
      const samples = Float64Array.from(await chain.run(roundMs)).toSorted();
      return {
        handOffs: samples.length,
        p50Us: quantile(samples, 0.5),
        p99Us: quantile(samples, 0.99),
        ...stop(samples.length),
      };
    },
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

function openPeer(url: string, peer: HandOffShape["peer"]): Promise<LoadSocket> {
  switch (peer) {
    case "hub":
      return openSession(url);
    case "relay":
      return openSocket(url, "single");
    default:
      return assertNever(peer);
  }
}

let resources = 0;

/** The line: who holds, whose turn is next, and what still has to be heard before the next hand-off. */
class HandOffChain {
  readonly #sockets: readonly LoadSocket[];
  readonly #acquire: PreparedMessage;
  readonly #release: PreparedMessage;
  readonly #ids: number[];
  #holder = 0;
  #granted = false;
  #queued: boolean;
  readonly #queues: boolean;
  #releasedAt = 0;
  #samples: number[] = [];
  #ended: ((samples: number[]) => void) | undefined;

  constructor(sockets: readonly LoadSocket[], shape: HandOffShape) {
    resources += 1;
    this.#sockets = sockets;
    this.#acquire = prepare({ type: "acquire", id: 0, resource: `line-${resources}` });
    this.#release = prepare({ type: "release", id: 0, outcome: shape.outcome });
    this.#ids = sockets.map(() => 1);
    this.#queues = shape.peer === "hub";
    this.#queued = !this.#queues;
    for (const [node, socket] of sockets.entries()) socket.hearing = (type) => this.#hear(node, type);
  }

  /** Has each node ask in its turn: the first holds, the others wait. */
  async lineUp(): Promise<void> {
    for (const [node, socket] of this.#sockets.entries()) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const answer = node === 0 ? "granted" : "queued";
      socket.hearing = (type) => (type === answer ? resolve() : reject(new Error(`${type} instead of ${answer}`)));
      socket.say(this.#acquire, 1);
      socket.flush();
      await promise;
      socket.hearing = (type) => this.#hear(node, type);
    }
  }

  /** Hands off for so many milliseconds; answers with the microseconds that each hand-off took. */
  run(roundMs: number): Promise<number[]> {
    this.#samples = [];
    return new Promise((resolve) => {
      this.#ended = undefined;
      setTimeout(() => {
        this.#ended = resolve;
      }, roundMs);
      this.#handOff();
    });
  }

  #handOff(): void {
    const socket = this.#sockets[this.#holder]!;
    this.#granted = false;
    this.#queued = !this.#queues;
    socket.say(this.#release, this.#ids[this.#holder]!);
    this.#releasedAt = performance.now();
    socket.flush();
  }

  #hear(node: number, type: string): void {
    const next = (this.#holder + 1) % this.#sockets.length;
    if (type === "granted" || type === "release") {
      this.#samples.push((performance.now() - this.#releasedAt) * 1_000);
      if (node !== next) throw new Error(`node ${node} is granted out of turn`);
      this.#granted = true;
    } else if (node !== this.#holder) throw new Error(`${type} to node ${node}, which only waits`);
    else if (type === "released") {
      this.#ids[node]! += 1;
      this.#sockets[node]!.say(this.#acquire, this.#ids[node]!);
    } else if (type === "queued") this.#queued = true;
    else throw new Error(`${type} in a line where nobody else asks`);
    if (this.#granted && this.#queued) this.#settle(next);
  }

  /** The holder stands at the end of the line and the next one holds. */
  #settle(next: number): void {
    this.#holder = next;
    this.#granted = false;
    if (this.#ended === undefined) this.#handOff();
    else this.#ended(this.#samples);
  }
}
