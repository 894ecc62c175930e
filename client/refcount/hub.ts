// Reference counts in a hub's reference sets, where every node sees them. Knows no message and no policy.
import { BatonError } from "../baton-error.ts";
import type { References } from "../references.ts";
import { isSameSet, type RefCountFilter, type RefCountStorage } from "./storage.ts";

/** What is needed of a hub: `connect` gives one. */
export type ReferencingHub = { readonly node: string; readonly references: References };

/**
 * Keeps reference counts in the reference sets of a hub. There each node adds and drops itself alone, so nothing that others
 * do meanwhile is undone by a `set`; `delete` takes away all that is there when it arrives, so hold the resource meanwhile.
 *
 *     const counts = new RefCountManager(new HubRefCountStorage(hub), hub.node);
 */
export class HubRefCountStorage implements RefCountStorage {
  readonly #hub: ReferencingHub;

  constructor(hub: ReferencingHub) {
    this.#hub = hub;
  }

  async get(resource: string): Promise<readonly string[]> {
    const { references } = this.#hub;
    const { count, nodes } = await references.get(resource);
    return count === nodes.length ? nodes : await Array.fromAsync(references.nodes(resource));
  }

  /** @throws BatonError FORBIDDEN when it would add or drop another node than the hub's own */
  async set(resource: string, nodes: readonly string[], expected: readonly string[]): Promise<boolean> {
    const { node, references } = this.#hub;
    const others = (list: readonly string[]) => list.filter((one) => one !== node);
    if (!isSameSet(others(nodes), others(expected))) {
      throw new BatonError("FORBIDDEN", `in a hub each node drops its own references alone, and this one is ${node}`);
    }
    if (!isSameSet(await this.get(resource), expected)) return false;
    await (nodes.includes(node) ? references.add(resource) : references.drop(resource));
    return true;
  }

  async delete(resource: string): Promise<void> {
    await this.#hub.references.clear(resource);
  }

  async *list(filter: RefCountFilter = {}): AsyncGenerator<string, void, undefined> {
    for await (const { resource } of this.#hub.references.list(filter)) yield resource;
  }
}
