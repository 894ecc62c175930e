// Where a hub is: from what a user writes to the address of its socket and of its pages. Knows no connection.
import { socketPath } from "../shared/protocol.ts";
import { BatonError } from "./baton-error.ts";

/** A hub's addresses; `http` has no path and no slash at its end. */
export type Address = { socket: string; http: string };

/** A hub's URL, or those of several hubs that share one book. */
export type HubUrls = string | URL | readonly (string | URL)[];

const protocols: ReadonlyMap<string, { socket: string; http: string }> = new Map([
  ["ws:", { socket: "ws:", http: "http:" }],
  ["http:", { socket: "ws:", http: "http:" }],
  ["wss:", { socket: "wss:", http: "https:" }],
  ["https:", { socket: "wss:", http: "https:" }],
]);

/**
 * Reads a hub's URL: `http(s)` is taken for `ws(s)`, and no path means `/v1/socket`. A path before `/v1/socket`, as a proxy
 * may want it, stays in both addresses.
 *
 * @throws BatonError INVALID_MESSAGE for what is no such URL, and for one with credentials, a query or a fragment
 */
function readAddress(url: string | URL): Address {
  const shown = JSON.stringify(String(url));
  if (!URL.canParse(String(url))) throw refusal(`${shown} is not a URL; a hub's is like ws://127.0.0.1:7420`);
  const parsed = new URL(String(url));
  const schemes = protocols.get(parsed.protocol);
  if (schemes === undefined)
    throw refusal(`${parsed.protocol} is not the protocol of a hub; use ws, wss, http or https`);
  if (parsed.username !== "" || parsed.password !== "" || parsed.search !== "" || parsed.hash !== "") {
    throw refusal("a hub's URL carries no user, query or fragment; give a token as the option `token`");
  }
  const path = parsed.pathname === "/" ? socketPath : parsed.pathname;
  const before = path.endsWith(socketPath) ? path.slice(0, -socketPath.length) : "";
  return { socket: `${schemes.socket}//${parsed.host}${path}`, http: `${schemes.http}//${parsed.host}${before}` };
}

/**
 * Reads the URLs of hubs that share one book, or of the one there is.
 *
 * @throws BatonError INVALID_MESSAGE for what is no such URL, and when there is none
 */
export function readAddresses(urls: HubUrls): readonly [Address, ...Address[]] {
  const [first, ...others] = typeof urls === "string" || urls instanceof URL ? [urls] : urls;
  if (first === undefined) throw refusal("the URL of at least one hub is needed");
  return [readAddress(first), ...others.map(readAddress)];
}

function refusal(message: string): BatonError {
  return new BatonError("INVALID_MESSAGE", message);
}
