// What happens to a hub's connection and session, for those who listen. Knows nothing.
import type { BatonError } from "./baton-error.ts";

/** The events of a hub, by name. */
export type HubEvents = {
  /** The first session is open. */
  connected: { session: string; hub: string };
  /** The socket is gone, closed with that code, or broken (1006). With grace the session lives on [S4]. */
  disconnected: { code: number; reason: string; graceMs: number };
  /** A try has failed, or the connection is gone; the next try comes after that long. */
  retrying: { code: number | undefined; reason: string; retryInMs: number };
  /** The session goes on over a new socket, with all that it held and awaited [S9]. */
  resumed: { session: string; hub: string };
  /** A new session is in the place of one that is gone. What that held is lost; what it awaited was asked for again. */
  renewed: { session: string; hub: string };
  /** The hub is being stopped; what it grants no grace to ends with it [S13]. */
  leaving: { reconnectMs: number; graceMs: number };
  /** The hub has said something that belongs to no call: it refuses, or is not understood. */
  fault: { code: string; message: string };
  /** It is over: for that reason, or closed by its user. */
  closed: { error: BatonError | undefined };
};
