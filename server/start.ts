// The composition root: the one place that knows all parts of a hub and puts them together.
import { createServer, type Server } from "node:http";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { nanoid } from "nanoid";
import { assertNever } from "../shared/errors.ts";
import { socketPath } from "../shared/protocol.ts";
import { systemClock } from "./clock.ts";
import type { Config } from "./config.ts";
import { doorwayFor } from "./doorway.ts";
import type { Book } from "./engine/journal.ts";
import { memoryBook } from "./engine/memory-journal.ts";
import { sqliteBook } from "./engine/sqlite-journal.ts";
import { httpApi } from "./http.ts";
import { Hub } from "./hub.ts";
import type { Logger } from "./log.ts";
import { acceptSockets } from "./socket.ts";

/** A hub that answers. */
export type RunningHub = {
  /** Of the WebSocket. */
  readonly url: string;
  readonly httpUrl: string;
  /** Tells all nodes to come back later, closes their sockets within the drain time, keeps what is kept. */
  close(): Promise<void>;
  /** Drops everything at once, as a crash would. */
  kill(): Promise<void>;
};

const reconnectMs = 1_000;
// How often connections without a whole request are looked for, at least.
const checkMsMax = 1_000;

/**
 * Starts a hub; resolves once it answers, rejects when it cannot listen.
 * @param book what the engine of the config opens, unless another is given
 */
export async function startHub(config: Config, log: Logger, book = openBook(config, log)): Promise<RunningHub> {
  const { limits, heartbeatMs, graceMaxMs, lockDelayMs, host, port, drainMs } = config;
  const hub = new Hub({
    settings: { name: `hub-${nanoid(8)}`, limits, heartbeatMs, graceMaxMs, lockDelayMs },
    clock: systemClock,
    book,
  });
  const doorway = doorwayFor(host, config.origins, hostname());
  const { fetch } = httpApi({ hub, doorway, log });
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const patience = {
    headersTimeout: limits.headersMsMax,
    requestTimeout: limits.headersMsMax,
    connectionsCheckingInterval: Math.max(1, Math.min(checkMsMax, Math.floor(limits.headersMsMax / 4))),
  };
  const server = createServer(patience, (request, response) => void listener(request, response));
  const connected = hub.connected.bind(hub);
  const sockets = acceptSockets({ server, limits, doorway, log, isOpen: () => hub.isOpen, connected });
  const address = await listen(server, host, port);
  const authority = `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;

  const end = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `ws://${authority}${socketPath}`,
    httpUrl: `http://${authority}`,
    async close() {
      hub.leave(reconnectMs);
      await sockets.close(drainMs);
      await hub.stop();
      await end();
    },
    async kill() {
      await hub.abandon();
      sockets.terminate();
      await end();
    },
  };
}

function openBook({ engine, data, limits, lockDelayMs, outcomeTtlMs, recoveryGraceMs }: Config, log: Logger): Book {
  const settings = { limits, lockDelayMs, outcomeTtlMs };
  switch (engine) {
    case "memory":
      return memoryBook(settings, systemClock);
    case "durable":
      return sqliteBook({ folder: data, settings, recoveryGraceMs, clock: systemClock, log });
    default:
      return assertNever(engine);
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off("error", reject);
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address);
    });
  });
}
