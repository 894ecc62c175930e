// What a round cost: CPU time of the server and of the load client, frames and messages heard. Knows no lock.
import type { LoadSocket } from "./load-socket.ts";
import type { ServerProcess } from "./server-process.ts";

/** What a round cost. */
export interface Cost {
  /** CPU microseconds of the server for each unit of work; undefined where the system does not tell. */
  serverUs: number | undefined;
  /** CPU microseconds of the load client for each unit of work. */
  loadUs: number;
  /** How many cores each kept busy. */
  serverCores: number | undefined;
  loadCores: number;
  /** Messages that arrived in one frame, on average. */
  messagesPerFrame: number;
}

/** Starts to count; the function it answers with ends it, and divides by the units of work done meanwhile. */
export function meter(server: ServerProcess, sockets: readonly LoadSocket[]): (units: number) => Cost {
  const atFirst = reading(server, sockets);
  return (units) => {
    const now = reading(server, sockets);
    const wallUs = now.wallUs - atFirst.wallUs;
    const loadUs = now.loadUs - atFirst.loadUs;
    const serverUs =
      now.serverUs === undefined || atFirst.serverUs === undefined ? undefined : now.serverUs - atFirst.serverUs;
    return {
      serverUs: serverUs === undefined ? undefined : serverUs / units,
      loadUs: loadUs / units,
      serverCores: serverUs === undefined ? undefined : serverUs / wallUs,
      loadCores: loadUs / wallUs,
      messagesPerFrame: (now.messages - atFirst.messages) / (now.frames - atFirst.frames),
    };
  };
}

function reading(server: ServerProcess, sockets: readonly LoadSocket[]) {
  const { user, system } = process.cpuUsage();
  let frames = 0;
  let messages = 0;
  for (const socket of sockets) {
    frames += socket.frames;
    messages += socket.messages;
  }
  return { wallUs: performance.now() * 1_000, serverUs: server.cpuUs(), loadUs: user + system, frames, messages };
}
