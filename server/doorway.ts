// Who may come in by the looks of a request: its Host, its Origin, its subprotocol, no token in its URL. Knows neither `ws`
// nor what is behind the door.
import { isIP } from "node:net";
import { socketPath, subprotocol } from "../shared/protocol.ts";

/** What the doorway looks at; header values as they came, several of one name joined by commas. */
export type Knock = {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly subprotocols: string | undefined;
};

/** Why a request is turned away: an HTTP status and a sentence. */
export type Refusal = { readonly status: 400 | 403 | 404 | 405 | 421; readonly code: string; readonly message: string };

/** What a hub's port says of it: whether it speaks TLS, and the names on the certificate that it shows by now. */
type Certified = { readonly isSecure: boolean; names(this: void): readonly string[] };

/** The names under which a hub may be called, and the page origins it allows beside its own. */
export type Doorway = {
  readonly names: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly port: Certified;
};

const plain: Certified = { isSecure: false, names: () => [] };

/** A doorway for a hub that is called by these names; the hosts of allowed origins are names of the hub too. */
export function doorwayFor(hostnames: readonly string[], origins: readonly string[], port = plain): Doorway {
  const allowed = origins.map((origin) => new URL(origin));
  const names = ["localhost", ...hostnames, ...allowed.map((url) => url.hostname)];
  return {
    names: new Set(names.map((name) => name.toLowerCase())),
    origins: new Set(allowed.map((url) => url.origin)),
    port,
  };
}

/** Whether a request knocks for a socket; any other `Upgrade` is an offer that one may pass over (RFC 9110, 7.8). */
export function isKnock({
  url = "",
  headers,
}: {
  url?: string | undefined;
  headers: { upgrade?: string | undefined };
}): boolean {
  return url.split("?", 1)[0] === socketPath || /^websocket$/i.test(headers.upgrade ?? "");
}

/** Turns away what no request may look like: an address instead of a name cannot be rebound, so any address is fine. */
export function refuseRequest(doorway: Doorway, { host, origin, target }: Knock): Refusal | undefined {
  const { isSecure } = doorway.port;
  const called = host === undefined ? undefined : parse(`${isSecure ? "https" : "http"}://${host}`);
  // A Host is a name or an address, and a port (RFC 9110, 7.2): a URL has room for more, and has more ways to write them.
  const name = host?.replace(/:\d+$/, "").toLowerCase() ?? "";
  const isPlain = called?.hostname === name || /^\[[\da-f:.]+\]$/.test(name);
  if (called === undefined || !isPlain || !isOurs(doorway, called)) {
    return { status: 421, code: "MISDIRECTED", message: "the Host is none of this hub's names" };
  }
  const fault = faultOfQuery(target.split("?", 2)[1] ?? "");
  if (fault !== undefined) return { status: 400, code: "INVALID_MESSAGE", message: fault };
  if (origin === undefined || doorway.origins.has(origin)) return undefined;
  // The origin is compared as a browser writes it, so that no other spelling passes. A hub that speaks no TLS itself may stand
  // behind one that does: then its pages are https, and it cannot know.
  const page = parse(origin);
  if (page?.origin === origin && page.host === called.host && (!isSecure || page.protocol === "https:"))
    return undefined;
  return { status: 403, code: "FORBIDDEN", message: "pages of that Origin may not come in" };
}

/** Turns away an upgrade that is not for this protocol. */
export function refuseUpgrade(doorway: Doorway, knock: Knock): Refusal | undefined {
  if (knock.method !== "GET") return { status: 405, code: "METHOD_NOT_ALLOWED", message: "an upgrade is a GET" };
  const refusal = refuseRequest(doorway, knock);
  if (refusal !== undefined) return refusal;
  const [path] = knock.target.split("?", 1);
  if (path !== socketPath) return { status: 404, code: "NOT_FOUND", message: `the socket is at ${socketPath}` };
  const offered = knock.subprotocols?.split(",").map((offer) => offer.trim());
  if (offered?.includes(subprotocol) === true) return undefined;
  return { status: 400, code: "INVALID_MESSAGE", message: `the subprotocol must be ${subprotocol}` };
}

/** Why a query is none: it carries a secret, says a thing twice, or is no text [B5]. */
function faultOfQuery(query: string): string | undefined {
  const names = Array.from(new URLSearchParams(query).keys());
  if (names.some((name) => /^(access_)?token$/i.test(name))) return "a token does not belong in a URL";
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) return `${JSON.stringify(twice)} is said twice in the query`;
  try {
    decodeURIComponent(query);
    return undefined;
  } catch {
    return "the query must be percent-encoded UTF-8";
  }
}

function isOurs({ names, port }: Doorway, { hostname }: URL): boolean {
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress || names.has(hostname) || port.names().includes(hostname);
}

function parse(url: string): URL | undefined {
  return URL.parse(url) ?? undefined;
}
