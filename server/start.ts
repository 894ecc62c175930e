// The composition root: the one place that knows all parts of a hub and puts them together.
import { hostname } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { nanoid } from "nanoid";
import { assertNever } from "../shared/errors.ts";
import { countRefusal, type Limits, type Refusals } from "../shared/limits.ts";
import { socketPath } from "../shared/protocol.ts";
import { Backlog } from "./backlog.ts";
import { machineNow, systemClock } from "./clock.ts";
import { type Config, ConfigError } from "./config.ts";
import { boundConnections } from "./connections.ts";
import { doorwayFor } from "./doorway.ts";
import { etcdBook, type EtcdPast } from "./engine/etcd-book.ts";
import { EtcdClient, type EtcdSettings } from "./engine/etcd-client.ts";
import type { Book } from "./engine/journal.ts";
import { memoryBook } from "./engine/memory-journal.ts";
import { sqliteBook } from "./engine/sqlite-journal.ts";
import { gateOf } from "./gates.ts";
import { httpApi, refuseUnreadable } from "./http.ts";
import { Hub } from "./hub.ts";
import type { Logger } from "./log.ts";
import { readPemFiles } from "./pem-files.ts";
import { openPort } from "./port.ts";
import { acceptSockets } from "./socket.ts";
import { Tenure } from "./tenure.ts";
import { newTraffic } from "./traffic.ts";

/** A hub that answers. */
export type RunningHub = {
  /** Of the WebSocket. */
  readonly url: string;
  readonly httpUrl: string;
  /** How often each bound was met [B1]. */
  readonly refusals: Refusals;
  /** Reads the files of tokens, keys and certificates again; one that is bad is logged, and what was in force stays. */
  reload(this: void): void;
  /** Tells all nodes to come back later, closes their sockets within the drain time, keeps what is kept. */
  close(): Promise<void>;
  /** Drops everything at once, as a crash would. */
  kill(): Promise<void>;
};

/** What a hub holds while it is one: its name, and what the process knows from the names before. */
type Office = { name: string; onLost: (why: string) => void; past: EtcdPast };

const reconnectMs = 1_000;

/**
 * Starts a hub; resolves once it answers, rejects when it cannot listen.
 * @param bookFor opens the book of each hub in turn: what the engine of the config keeps, unless another is given
 */
export async function startHub(config: Config, log: Logger, bookFor = booksOf(config, log)): Promise<RunningHub> {
  const { limits, heartbeatMs, graceMaxMs, host, port, drainMs } = config;
  // What may be refused comes first: from here on something has to be closed again.
  const { gate, ...gates } = gateOf(config, systemClock);
  const { server, isSecure, ...ports } = openPort(config, log);
  const doorway = doorwayFor([host, hostname()], config.origins, { isSecure, ...ports });
  const traffic = newTraffic();
  const past: EtcdPast = { order: 0 };
  const open = async (onLost: (why: string) => void) => {
    const name = `hub-${nanoid(8)}`;
    const hub = new Hub({
      settings: { name, limits, heartbeatMs, graceMaxMs },
      clock: systemClock,
      book: await bookFor({ name, onLost, past }),
      gate,
    });
    const { fetch } = httpApi({ hub, traffic, doorway, gate, log });
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler: refuseUnreadable });
    return { name, hub, listener, forsake: () => hub.forsake(reconnectMs) };
  };
  const tenure = await Tenure.begin({ open, clock: systemClock, log });
  const refused = (bound: keyof Limits) => countRefusal(tenure.current.hub.refusals, bound);
  boundConnections({ server, isSecure, limits, refused });
  const backlog = new Backlog({ limits, refused, clock: systemClock });
  server.on("request", (request, response) => {
    backlog.add(request, response, () => void tenure.current.listener(request, response));
  });
  const sockets = acceptSockets({
    server,
    limits,
    refused,
    traffic,
    doorway,
    log,
    isOpen: () => tenure.current.hub.isOpen,
    connected: (connection) => {
      const { name, hub } = tenure.current;
      return hub.connected({ ...connection, id: `${name}/${connection.id}` });
    },
  });
  const address = await ports.listen(host, port);
  const authority = `${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
  const secure = isSecure ? "s" : "";

  return {
    url: `ws${secure}://${authority}${socketPath}`,
    get refusals() {
      return tenure.current.hub.refusals;
    },
    httpUrl: `http${secure}://${authority}`,
    reload() {
      reloadOrKeep(log, "what lets in", gates.reload);
      reloadOrKeep(log, "the certificates", ports.reload);
      tenure.current.hub.reception.review();
    },
    async close() {
      tenure.end();
      tenure.current.hub.leave(reconnectMs, drainMs / 2);
      await sockets.close(drainMs);
      await tenure.current.hub.stop();
      await ports.close();
    },
    async kill() {
      tenure.end();
      await tenure.current.hub.abandon();
      sockets.terminate();
      await ports.close();
    },
  };
}

function reloadOrKeep(log: Logger, what: string, reload: (() => void) | undefined): void {
  if (reload === undefined) return;
  try {
    reload();
    log.info({ what }, "was read again");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.error({ what, why: error.message }, "could not be read again; what was in force stays in force");
  }
}

/** The books of the engine of a config, one for each hub in turn. */
export function booksOf(config: Config, log: Logger): (office: Office) => Book | Promise<Book> {
  return (office) => openBook(config, log, office);
}

/** Opens what the engine of the config keeps, for a hub of that name. */
async function openBook(config: Config, log: Logger, { name, ...tenure }: Office): Promise<Book> {
  const { engine, data, limits, lockDelayMs, outcomeTtlMs, recoveryGraceMs } = config;
  const settings = { limits, lockDelayMs, outcomeTtlMs };
  switch (engine) {
    case "memory":
      return memoryBook(settings, systemClock);
    case "durable":
      return sqliteBook({ folder: data, settings, recoveryGraceMs, clock: systemClock, log });
    case "etcd": {
      const { etcdPrefix: prefix, heartbeatMs } = config;
      const client = new EtcdClient(etcdSettingsOf(config), systemClock);
      const parts = { client, prefix, hub: name, machine: machineNow(), settings, recoveryGraceMs, heartbeatMs };
      return etcdBook({ ...parts, ...tenure, clock: systemClock, log });
    }
    default:
      return assertNever(engine);
  }
}

function etcdSettingsOf(config: Config): EtcdSettings {
  const { etcd: endpoints, etcdUser: name, etcdPassword: password, etcdCa: ca, etcdCert: cert, etcdKey: key } = config;
  const user = name === undefined || password === undefined ? undefined : { name, password };
  return { endpoints, user, tls: readPemFiles({ ca, cert, key }) };
}
