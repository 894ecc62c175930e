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

/** The names under which a hub may be called, and the page origins it allows beside its own. */
export type Doorway = { readonly names: ReadonlySet<string>; readonly origins: ReadonlySet<string> };

/** A doorway for a hub that listens on `host`; the hosts of allowed origins are names of the hub too. */
export function doorwayFor(host: string, origins: readonly string[], hostname: string): Doorway {
  const allowed = origins.map((origin) => new URL(origin));
  const names = ["localhost", host, hostname, ...allowed.map((url) => url.hostname)];
  return {
    names: new Set(names.map((name) => name.toLowerCase())),
    origins: new Set(allowed.map((url) => url.origin)),
  };
}

/** Turns away what no request may look like: an address instead of a name cannot be rebound, so any address is fine. */
export function refuseRequest(doorway: Doorway, { host, origin, target }: Knock): Refusal | undefined {
  const called = host === undefined ? undefined : parse(`http://${host}`);
  if (called === undefined || called.host === "" || !isOurs(doorway, called)) {
    return { status: 421, code: "MISDIRECTED", message: "the Host is none of this hub's names" };
  }
  if (parse(`http://${host}${target}`)?.searchParams.has("token") ?? true) {
    return { status: 400, code: "INVALID_MESSAGE", message: "a token does not belong in a URL" };
  }
  if (origin === undefined || doorway.origins.has(origin)) return undefined;
  const page = parse(origin);
  // The origin is compared as a browser writes it, so that no other spelling passes.
  if (page !== undefined && page.origin === origin && page.host === called.host) return undefined;
  return { status: 403, code: "FORBIDDEN", message: "pages of that Origin may not come in" };
}

/** Turns away an upgrade that is not for this protocol. */
export function refuseUpgrade(doorway: Doorway, knock: Knock): Refusal | undefined {
  if (knock.method !== "GET") return { status: 405, code: "INVALID_MESSAGE", message: "an upgrade is a GET" };
  const refusal = refuseRequest(doorway, knock);
  if (refusal !== undefined) return refusal;
  const [path] = knock.target.split("?", 1);
  if (path !== socketPath) return { status: 404, code: "NOT_FOUND", message: `the socket is at ${socketPath}` };
  const offered = knock.subprotocols?.split(",").map((offer) => offer.trim());
  if (offered?.includes(subprotocol) === true) return undefined;
  return { status: 400, code: "INVALID_MESSAGE", message: `the subprotocol must be ${subprotocol}` };
}

function isOurs({ names }: Doorway, { hostname }: URL): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || names.has(hostname.toLowerCase());
}

function parse(url: string): URL | undefined {
  return URL.parse(url) ?? undefined;
}
