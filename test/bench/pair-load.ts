// The load of P1, P1b and P2: acquire and release in pairs, so many in flight on so many sockets. The same code drives the
// raw echo: it takes the echo of an acquire for its grant. Knows no threshold.
import { assertNever } from "../../shared/errors.ts";
import type { OutcomeWord } from "../../shared/protocol.ts";
import { meter, type Cost } from "./cost.ts";
import { openMany, openSession, openSocket, type LoadSocket } from "./load-socket.ts";
import { prepare, type PreparedMessage } from "./prepared-message.ts";
import type { ServerProcess } from "./server-process.ts";

/** How much load: pairs in flight on each of the sockets, each with a resource of its own. */
export interface PairShape {
  peer: "hub" | "echo";
  sockets: number;
  inFlight: number;
  outcome: OutcomeWord;
}

/** What one round measured; a pair is two round trips. */
export interface PairSample extends Cost {
  pairsPerSecond: number;
}

/** A load whose sockets are open until it is disposed of; `run` makes one round of so many milliseconds. */
export interface PairLoad extends Disposable {
  run(roundMs: number): Promise<PairSample>;
}

/** Opens the sockets of a load. */
export async function openPairLoad(server: ServerProcess, shape: PairShape): Promise<PairLoad> {
  const open = () => openPeer(server.url, shape.peer);
  const sockets = await openMany(shape.sockets, open);
  const round: Round = { pairs: 0, live: 0, ending: false, ended: () => {} };
  const lanes = sockets.map((socket) => new PairLane(socket, shape, round));
  return {
    run: async (roundMs) => {
      const stop = meter(server, sockets);
      round.pairs = 0;
      round.ending = false;
      const started = performance.now();
      for (const lane of lanes) lane.start();
      const { pairs, tookMs } = await new Promise<{ pairs: number; tookMs: number }>((resolve) => {
        setTimeout(() => {
          const counted = { pairs: round.pairs, tookMs: performance.now() - started };
          round.ending = true;
          round.ended = () => resolve(counted);
        }, roundMs);
      });
      return { pairsPerSecond: (pairs / tookMs) * 1_000, ...stop(round.pairs) };
    },
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

function openPeer(url: string, peer: PairShape["peer"]): Promise<LoadSocket> {
  switch (peer) {
    case "hub":
      return openSession(url);
    case "echo":
      return openSocket(url, "single");
    default:
      return assertNever(peer);
  }
}

/** What the lanes of a round share: pairs done, requests live, and whom to tell when the last of them has ended. */
interface Round {
  pairs: number;
  live: number;
  ending: boolean;
  ended: () => void;
}

let resources = 0;

/** One socket's share: asks for its resources over and over. */
class PairLane {
  readonly #socket: LoadSocket;
  readonly #round: Round;
  readonly #acquires: PreparedMessage[];
  readonly #release: PreparedMessage;
  readonly #live = new Map<number, PreparedMessage>();
  #lastId = 0;

  constructor(socket: LoadSocket, shape: PairShape, round: Round) {
    this.#socket = socket;
    this.#round = round;
    this.#release = prepare({ type: "release", id: 0, outcome: shape.outcome });
    this.#acquires = Array.from({ length: shape.inFlight }, () => {
      resources += 1;
      return prepare({ type: "acquire", id: 0, resource: `layer-${resources}` });
    });
    socket.hearing = (type, id) => this.#hear(type, id);
  }

  start(): void {
    for (const acquire of this.#acquires) this.#ask(acquire);
    this.#socket.flush();
  }

  #ask(acquire: PreparedMessage): void {
    this.#lastId += 1;
    this.#live.set(this.#lastId, acquire);
    this.#round.live += 1;
    this.#socket.say(acquire, this.#lastId);
  }

  #hear(type: string, id: number): void {
    const acquire = this.#live.get(id);
    if (acquire === undefined) throw new Error(`${type} for request ${id}, which is not live`);
    if (type === "granted" || type === "acquire") this.#socket.say(this.#release, id);
    else if (type === "released" || type === "release") this.#end(id, acquire);
    else throw new Error(`${type} for a request that nobody contends`);
  }

  #end(id: number, acquire: PreparedMessage): void {
    const round = this.#round;
    this.#live.delete(id);
    round.live -= 1;
    round.pairs += 1;
    if (!round.ending) this.#ask(acquire);
    else if (round.live === 0) round.ended();
  }
}
