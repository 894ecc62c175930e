// The hub's reference sets: which nodes reference a resource. The hub keeps them and judges nothing by them. Knows no message
// and no connection.
import { referencePage, referrerPage } from "../shared/pages.ts";
import { checkName, type Bounds } from "./bounds.ts";
import type { Question, ReferenceSet } from "./referral.ts";
import type { HttpCalls } from "./http-calls.ts";
import type { Listing } from "./listing.ts";
import type { PageOptions } from "./hub-pages.ts";

/** How the sets are asked and changed. */
export type Referring = {
  readonly bounds: Bounds;
  refer(question: Question, signal: AbortSignal | undefined): Promise<ReferenceSet>;
};

/** Which of what is referenced is meant: all that begins so, and that this node references; everything if unsaid. */
export type ReferencesFilter = { prefix?: string | undefined; node?: string | undefined };

/**
 * The reference sets of a hub. They outlive sessions, and restarts of a hub whose engine keeps anything. Each call waits for
 * a connection if there is none, and answers with the set as it is then: its count, and its first nodes.
 *
 *     await hub.references.add("sha256:f00");
 *     const { count, nodes } = await hub.references.get("sha256:f00");
 */
export class References {
  readonly #referring: Referring;
  readonly #calls: HttpCalls;

  /** Made by the SDK alone. */
  constructor(referring: Referring, calls: HttpCalls) {
    this.#referring = referring;
    this.#calls = calls;
  }

  /**
   * Has this node reference a resource; twice is once.
   *
   * @throws BatonError TOO_MANY_REQUESTS when the hub keeps no more references, INVALID_KEY
   */
  add(resource: string, options: PageOptions = {}): Promise<ReferenceSet> {
    return this.#refer({ resource, action: "add" }, options);
  }

  /** Has this node reference a resource no more. */
  drop(resource: string, options: PageOptions = {}): Promise<ReferenceSet> {
    return this.#refer({ resource, action: "drop" }, options);
  }

  /** Who references a resource: the count, and the first nodes in the order of their coming. */
  get(resource: string, options: PageOptions = {}): Promise<ReferenceSet> {
    return this.#refer({ resource, action: "get" }, options);
  }

  /**
   * Has nobody reference a resource any more. It is not said twice: when the session is lost on the way, so that nobody can
   * tell whether the hub has heard it, the call fails.
   *
   * @throws BatonError SESSION_ENDED, FORBIDDEN
   */
  clear(resource: string, options: PageOptions = {}): Promise<ReferenceSet> {
    return this.#refer({ resource, action: "clear" }, options);
  }

  /** All nodes that reference a resource, in the order of their names, fetched page by page. */
  nodes(resource: string, { signal }: PageOptions = {}): Listing<string> {
    checkName("resource", resource, this.#referring.bounds.resourceBytesMax);
    const call = { path: "/v1/references", query: { name: resource }, signal };
    return this.#calls.list(call, referrerPage, ({ nodes }) => nodes);
  }

  /**
   * What is referenced at all, in the order of the names, fetched page by page.
   *
   *     for await (const { resource, count } of hub.references.list({ node: hub.node })) console.log(resource, count);
   */
  list({ prefix = "", node, signal }: ReferencesFilter & PageOptions = {}): Listing<{
    resource: string;
    count: number;
  }> {
    const call = { path: "/v1/references", query: { prefix, ...(node !== undefined && { node }) }, signal };
    return this.#calls.list(call, referencePage, ({ references }) => references);
  }

  async #refer(question: Question, { signal }: PageOptions): Promise<ReferenceSet> {
    checkName("resource", question.resource, this.#referring.bounds.resourceBytesMax);
    return this.#referring.refer(question, signal);
  }
}
