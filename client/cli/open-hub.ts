// How the CLI gets a session, and how long it does without one: unlike an agent, a shell does not wait for ever.
// Knows no command.
import { closeCodes } from "../../shared/errors.ts";
import { BatonError, connect, openPages, type Hub, type HubEvents, type HubPages } from "../index.ts";
import { socketTrusting } from "./hub-socket.ts";
import type { HubOptions } from "./options.ts";
import { printable } from "./output.ts";
import { plainly } from "./tls-words.ts";
import { fetchTrusting, readTrust } from "./trust.ts";

/** A hub that is being restarted is back by then; whoever mistyped a URL does not wait longer. */
const refusalsMsMax = 3_000;
/** Few wait in a shell for one hub, and they wait for it with their eyes on it. */
const backoff = { baseMs: 100, maxMs: 1_000 };
/** A hub that says nothing at all may be a slow one. */
const silenceMsMax = 10_000;
/** How long a run that waits, or wants to tell its outcome, does without a hub that it had. */
const absenceMsMax = 60_000;

/** What is asked for besides the hub itself. */
export type SessionOptions = { graceMs?: number; signal?: AbortSignal };

/**
 * Opens a session.
 *
 * @throws BatonError UNAVAILABLE when no hub answers in time, NODE_IN_USE when another session keeps the name, UNAUTHORIZED;
 *   the signal's reason
 */
export function openHub({ url, token, node, ...files }: HubOptions, options: SessionOptions = {}): Promise<Hub> {
  const trust = readTrust(files);
  const givenUp = new AbortController();
  const signals = options.signal === undefined ? [givenUp.signal] : [givenUp.signal, options.signal];
  const startedAtMs = performance.now();
  const retrying = ({ code, reason }: HubEvents["retrying"]): void => {
    const error = code === closeCodes.NODE_IN_USE ? inUse(node) : unanswered(url, reason);
    if (performance.now() - startedAtMs >= refusalsMsMax) givenUp.abort(error);
  };
  setTimeout(() => givenUp.abort(unanswered(url, "it says nothing")), silenceMsMax).unref();
  const { graceMs } = options;
  // The platform's own socket keeps a process alive until the other side has closed too, which a stopped hub never does.
  return connect(url.split(","), {
    node,
    token,
    graceMs,
    backoff,
    on: { retrying },
    signal: AbortSignal.any(signals),
    webSocket: socketTrusting(trust),
    fetch: fetchTrusting(trust),
  });
}

/** The HTTP side of the hub alone: whoever looks, or rules, needs no session and no node name. */
export function openHubPages(options: HubOptions): HubPages {
  const { url, token } = options;
  const fetch = fetchTrusting(readTrust(options));
  return openPages(url.split(","), {
    token,
    fetch: (input, init) => {
      const signals = [AbortSignal.timeout(silenceMsMax), ...(init?.signal ? [init.signal] : [])];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    },
  });
}

/** The same for an answer that goes on for as long as somebody listens. */
export function openHubFeed(options: HubOptions): HubPages {
  return openPages(options.url.split(","), { token: options.token, fetch: fetchTrusting(readTrust(options)) });
}

function unanswered(url: string, reason: string): BatonError {
  return new BatonError("UNAVAILABLE", `no hub answers at ${url}: ${plainly(reason, url)}`);
}

function inUse(node: string): BatonError {
  return new BatonError(
    "NODE_IN_USE",
    `another session uses the node name ${node}; each needs one of its own (--node)`,
  );
}

/** Says each loss of the hub, and that it is back, a line each, until it is disposed of. */
export function sayLosses(hub: Pick<Hub, "on">, url: string, say: (line: string) => void): Disposable {
  const back = () => say(`the hub at ${url} is back`);
  const stops = [
    hub.on("disconnected", ({ reason }) =>
      say(`lost the hub at ${url} (${printable(reason || "the connection broke")}); trying again for a minute`),
    ),
    hub.on("resumed", back),
    hub.on("renewed", back),
  ];
  return { [Symbol.dispose]: () => stops.forEach((stop) => stop()) };
}

/** Aborts, with a BatonError as its reason, when the hub has been away for a minute. */
export function absence(hub: Pick<Hub, "on">, url: string): AbortSignal {
  const away = new AbortController();
  let alarm: NodeJS.Timeout | undefined;
  hub.on("disconnected", ({ reason }) => {
    const error = new BatonError("UNAVAILABLE", `the hub at ${url} has been away for a minute: ${reason}`);
    alarm = setTimeout(() => away.abort(error), absenceMsMax).unref();
  });
  const back = () => clearTimeout(alarm);
  hub.on("resumed", back);
  hub.on("renewed", back);
  return away.signal;
}
