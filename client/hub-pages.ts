// A hub as it is watched and ruled over HTTP: what there is to see, and what an admin may do. Knows no socket and needs no
// session.
import {
  resourceDone,
  resourcePage,
  sessionDone,
  sessionPage,
  type SessionRow,
  historyPage,
  type HistoryEntry,
} from "../shared/pages.ts";
import { resourceView, type ResourceRow, type ResourceView } from "../shared/protocol.ts";
import { readAddresses, type HubUrls } from "./address.ts";
import { BatonError } from "./baton-error.ts";
import { boundsOf, checkName, type Bounds } from "./bounds.ts";
import { platformClock } from "./clock.ts";
import { eventFeed, type EventOptions, type HubEvent } from "./event-feed.ts";
import { HttpCalls } from "./http-calls.ts";
import type { Listing } from "./listing.ts";
import { readToken, type TokenSource } from "./token.ts";

/** What every such call takes. */
export type PageOptions = { signal?: AbortSignal | undefined };

/** What `openPages` takes. */
export type PagesOptions = {
  /** A token, or a function that gives one: it is asked at each call. */
  token?: TokenSource | undefined;
  /** Another `fetch` than the platform's. */
  fetch?: typeof globalThis.fetch | undefined;
};

/**
 * The HTTP side of a hub alone: it takes no session and no node name, and connects to nothing before it is asked.
 *
 *     const pages = openPages("ws://127.0.0.1:7420", { token });
 *     for await (const { node, holding } of pages.sessions()) console.log(node, holding);
 *
 * @param urls `ws`, `wss`, `http` or `https`, as `connect` takes it
 * @throws BatonError INVALID_MESSAGE for what is no such URL
 */
export function openPages(urls: HubUrls, { token, fetch = globalThis.fetch }: PagesOptions = {}): HubPages {
  const bounds = boundsOf({});
  const calls = new HttpCalls({
    urls: readAddresses(urls).map(({ http }) => http),
    token: () => readToken(token, bounds.tokenBytesMax),
    fetch,
  });
  return new HubPages(calls, () => bounds);
}

/** What a hub shows, and what its admins may do. Each call fails with UNAVAILABLE when no hub answers it. */
export class HubPages {
  readonly #calls: HttpCalls;
  readonly #bounds: () => Bounds;

  /** Made by the SDK alone. */
  constructor(calls: HttpCalls, bounds: () => Bounds) {
    this.#calls = calls;
    this.#bounds = bounds;
  }

  /**
   * Who holds a resource, who waits for it, and what was last done to it; undefined when the hub has nothing of it.
   *
   *     const view = await hub.info("db-migrate");
   *     console.log(view?.holders, view?.queue);
   */
  async info(resource: string, { signal }: PageOptions = {}): Promise<ResourceView | undefined> {
    const query = this.#nameOf(resource);
    try {
      return await this.#calls.call({ method: "GET", path: "/v1/resource", query, signal }, resourceView);
    } catch (error) {
      if (error instanceof BatonError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  /**
   * All resources whose names begin with a prefix, in the order of their names, fetched page by page.
   *
   *     for await (const row of hub.list("sha256:")) console.log(row.resource, row.holding, row.waiting);
   *     const rows = await hub.list();
   */
  list(prefix = "", { signal }: PageOptions = {}): Listing<ResourceRow> {
    const call = { path: "/v1/resources", query: { prefix }, signal };
    return this.#calls.list(call, resourcePage, ({ resources }) => resources);
  }

  /**
   * All sessions, live or detached, of nodes whose names begin with a prefix, in the order of those names, page by page.
   *
   *     for await (const { node, holding, waiting } of hub.sessions()) console.log(node, holding, waiting);
   */
  sessions(prefix = "", { signal }: PageOptions = {}): Listing<SessionRow> {
    const call = { path: "/v1/sessions", query: { prefix }, signal };
    return this.#calls.list(call, sessionPage, ({ sessions }) => sessions);
  }

  /**
   * What has happened to a resource, newest first, as far as the hub remembers, fetched page by page.
   *
   *     for await (const { event, node, ageMs } of hub.history("db-migrate")) console.log(event, node, ageMs);
   */
  history(resource: string, { signal }: PageOptions = {}): Listing<HistoryEntry> {
    const call = { path: "/v1/resource/history", query: this.#nameOf(resource), signal };
    return this.#calls.list(call, historyPage, ({ entries }) => entries);
  }

  /**
   * What happens to the resources whose names begin so, from now on or after the event of a number; over a lost connection it
   * goes on by itself. `gap` stands where events are missing that the hub keeps no longer.
   *
   *     for await (const event of hub.events("sha256:")) console.log(event);
   *
   * @throws BatonError UNAVAILABLE when the first connection fails, FORBIDDEN; the reason of `options.signal`
   */
  events(prefix = "", options: EventOptions = {}): AsyncGenerator<HubEvent, never, undefined> {
    return eventFeed(this.#calls, platformClock, prefix, options);
  }

  /**
   * Takes a resource from its holders by force: they are told LOCK_REVOKED, and the next in line is granted [H2].
   *
   *     await hub.forceRelease("db-migrate", { reason: "its holder hangs", fence: 41 });
   *
   * @throws BatonError NOT_FOUND when nobody holds it, CONFLICT when `fence` no longer does, FORBIDDEN
   */
  async forceRelease(resource: string, options: PageOptions & { reason: string; fence?: number }): Promise<void> {
    const { reason, fence, signal } = options;
    const query = this.#nameOf(resource);
    const body = { reason, fence };
    await this.#calls.call({ method: "POST", path: "/v1/resource/release", query, body, signal }, resourceDone);
  }

  /**
   * Has the hub forget what was last done to a resource [O8].
   *
   *     await hub.forget("sha256:f00");
   *
   * @throws BatonError NOT_FOUND when nothing is remembered, FORBIDDEN
   */
  async forget(resource: string, { signal }: PageOptions = {}): Promise<void> {
    const query = this.#nameOf(resource);
    await this.#calls.call({ method: "DELETE", path: "/v1/resource/outcome", query, signal }, resourceDone);
  }

  /**
   * Ends a session by force: what it holds is released as a failure, what it awaits is given up, and it is told of both [S6].
   * Its node may come back with a new session.
   *
   *     await hub.kick(session, { reason: "its node is being replaced" });
   *
   * @throws BatonError NOT_FOUND when there is no such session, FORBIDDEN
   */
  async kick(session: string, { reason, signal }: PageOptions & { reason?: string } = {}): Promise<void> {
    const path = `/v1/sessions/${encodeURIComponent(session)}`;
    const query = reason === undefined ? {} : { reason };
    await this.#calls.call({ method: "DELETE", path, query, signal }, sessionDone);
  }

  #nameOf(resource: string): { name: string } {
    checkName("resource", resource, this.#bounds().resourceBytesMax);
    return { name: resource };
  }
}
