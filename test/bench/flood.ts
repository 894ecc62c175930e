// Flood: what a grant takes another client while one socket floods the hub at full speed [B1], beside the same while it floods
// the raw echo: the machine is as busy, the hub is not. Memory engine.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import type { Flood } from "./flooder.ts";
import { costOf } from "./figure.ts";
import { meter, type Cost } from "./cost.ts";
import { openSession, type LoadSocket } from "./load-socket.ts";
import { prepare } from "./prepared-message.ts";
import { alternate, contender, quantile, ratioOf, spreadOf } from "./rounds.ts";
import { echoProgram, startServer, type ServerProcess } from "./server-process.ts";

const floods: readonly Flood[] = ["pings", "pairs", "slow to read", "not messages", "bad acquires"];
const ratioMax = 2;
const pauseMs = 1;

interface FloodSample extends Cost {
  p99Us: number;
}

/** The flood. */
export const flood: Bench = {
  id: "flood",
  run: async ({ rounds, roundMs, hub }) => {
    await using echoServer = await startServer(echoProgram);
    await using hubServer = await startServer(hub("memory"));
    const socket = await openSession(hubServer.url);
    const grants = new Grants(socket);
    const during = async (kind: Flood, flooded: ServerProcess): Promise<FloodSample> => {
      const flooder = fork(fileURLToPath(new URL("./flooder.ts", import.meta.url)), [flooded.url, kind]);
      // It takes a while to start; what is measured meanwhile does not count.
      await grants.p99Us(300);
      const stop = meter(hubServer, [socket]);
      const p99Us = await grants.p99Us(roundMs);
      flooder.kill();
      await once(flooder, "exit");
      return { p99Us, ...stop(1) };
    };
    const figures: Figure[] = [];
    for (const kind of floods) {
      const echo = contender(() => during(kind, echoServer));
      const ours = contender(() => during(kind, hubServer));
      await alternate([echo, ours], rounds);
      figures.push(figure(kind, ours.samples, echo.samples));
    }
    socket.close();
    return figures;
  },
};

function figure(kind: Flood, ours: FloodSample[], limit: FloodSample[]): Figure {
  const [meanwhile, quiet] = [ours, limit].map((samples) => samples.map(({ p99Us }) => p99Us));
  if (meanwhile === undefined || quiet === undefined) throw new Error("unreachable");
  const beside = {
    what: "while it floods the raw echo",
    unit: "µs",
    value: spreadOf(quiet),
    ratio: ratioOf(meanwhile, quiet),
    cost: costOf(limit),
  };
  const goal = { of: "ratio", bound: "at most", number: ratioMax } as const;
  return { id: "flood", what: `another's grant, p99: ${kind}`, unit: "µs", value: spreadOf(meanwhile), beside, goal };
}

/** One client that asks for a resource of its own, a millisecond after it has let go of it. */
class Grants {
  readonly #socket: LoadSocket;
  readonly #acquire = prepare({ type: "acquire", id: 0, resource: "unrelated" });
  readonly #release = prepare({ type: "release", id: 0, outcome: "none" });
  #lastId = 0;

  constructor(socket: LoadSocket) {
    this.#socket = socket;
  }

  async p99Us(durationMs: number): Promise<number> {
    const tookUs: number[] = [];
    for (const endMs = performance.now() + durationMs; performance.now() < endMs;) {
      const startMs = performance.now();
      await this.#ask(this.#acquire, ++this.#lastId);
      tookUs.push((performance.now() - startMs) * 1_000);
      await this.#ask(this.#release, this.#lastId);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return quantile(Float64Array.from(tookUs).toSorted(), 0.99);
  }

  #ask(message: ReturnType<typeof prepare>, id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.hearing = () => resolve();
    this.#socket.say(message, id);
    this.#socket.flush();
    return promise;
  }
}
