// P11: acquire and release of 5,000 resources over 50 sockets while ten dashboards watch them, beside the same with nobody
// watching, on one hub in the same rounds. Their first pictures do not count: whoever watches opens once.
import { once } from "node:events";
import { WebSocket } from "ws";
import { subprotocol } from "../../shared/protocol.ts";
import type { Bench } from "./bench.ts";
import { costOf, type Figure } from "./figure.ts";
import { openPairLoad, type PairSample } from "./pair-load.ts";
import { alternate, contender, ratioOf, spreadOf } from "./rounds.ts";
import { startServer } from "./server-process.ts";

const dashboards = 10;
const resources = 5_000;
const sockets = 50;
/** What each of them shows: every row, or as many as a watch shows unless told otherwise. */
const limits = [resources, 100];

/** P11. */
export const p11: Bench = {
  id: "P11",
  run: async ({ rounds, roundMs, hub }) => {
    await using server = await startServer(hub("memory"));
    using load = await openPairLoad(server, {
      peer: "hub",
      sockets,
      inFlight: resources / sockets,
      outcome: "success",
    });
    using watchers = await openWatchers(server.url);
    const alone = contender(() => load.run(roundMs));
    const watched = limits.map((limit) => {
      return contender(async () => {
        await watchers.watch(limit);
        const sample = await load.run(roundMs);
        watchers.unwatch();
        return sample;
      });
    });
    await alternate([alone, ...watched], rounds);
    return watched.map(({ samples }, place) => figureOf(limits[place] ?? 0, samples, alone.samples));
  },
};

function figureOf(limit: number, watched: readonly PairSample[], alone: readonly PairSample[]): Figure {
  const pairs = watched.map(({ pairsPerSecond }) => pairsPerSecond);
  const limitPairs = alone.map(({ pairsPerSecond }) => pairsPerSecond);
  return {
    id: "P11",
    what: `${dashboards} dashboards of ${limit} rows, ${resources} changing`,
    unit: "pairs/s",
    value: spreadOf(pairs),
    cost: costOf(watched),
    beside: {
      what: "nobody watching",
      unit: "pairs/s",
      value: spreadOf(limitPairs),
      ratio: ratioOf(pairs, limitPairs),
      cost: costOf(alone),
    },
    goal: { of: "ratio", bound: "at least", number: 0.95 },
  };
}

interface Watchers extends Disposable {
  /** Settles when all of them have been shown their first picture. */
  watch(limit: number): Promise<void>;
  unwatch(): void;
}

/** Sockets that read what they are shown and do nothing with it. */
async function openWatchers(url: string): Promise<Watchers> {
  const open = Array.from({ length: dashboards }, () => new WebSocket(url, subprotocol, { perMessageDeflate: false }));
  let shown = 0;
  let onShown = () => {};
  for (const [place, socket] of open.entries()) {
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "hello", node: `dashboard-${place}` }));
    socket.on("message", (data: Buffer) => {
      const [, n] = /^\[?\{"type":"ping","n":(\d+)/.exec(data.toString("latin1", 0, 64)) ?? [];
      if (n !== undefined) socket.send(`{"type":"pong","n":${n}}`);
      if (!data.includes('"type":"watching"') || data.includes('"more":true', -13)) return;
      shown += 1;
      if (shown === dashboards) onShown();
    });
  }
  let id = 0;
  const tellAll = (message: object) => open.forEach((socket) => socket.send(JSON.stringify(message)));
  return {
    watch(limit) {
      id += 1;
      shown = 0;
      tellAll({ type: "watch", id, limit });
      return new Promise((resolve) => (onShown = resolve));
    },
    unwatch: () => tellAll({ type: "unwatch", id }),
    [Symbol.dispose]: () => {
      for (const socket of open) socket.terminate();
    },
  };
}
