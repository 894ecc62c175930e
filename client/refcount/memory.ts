// Reference counts for as long as the process runs. Knows no policy.
import { isMeant, isSameSet, type RefCountFilter, type RefCountStorage } from "./storage.ts";

/** Keeps reference counts in memory; one object for all who are to see the same counts. */
export class MemoryRefCountStorage implements RefCountStorage {
  readonly #sets = new Map<string, readonly string[]>();

  get(resource: string): Promise<readonly string[]> {
    return Promise.resolve(this.#sets.get(resource) ?? []);
  }

  set(resource: string, nodes: readonly string[], expected: readonly string[]): Promise<boolean> {
    if (!isSameSet(this.#sets.get(resource) ?? [], expected)) return Promise.resolve(false);
    if (nodes.length === 0) this.#sets.delete(resource);
    else this.#sets.set(resource, [...nodes]);
    return Promise.resolve(true);
  }

  delete(resource: string): Promise<void> {
    this.#sets.delete(resource);
    return Promise.resolve();
  }

  async *list(filter: RefCountFilter = {}): AsyncGenerator<string, void, undefined> {
    for (const [resource, nodes] of this.#sets) if (isMeant(filter, resource, nodes)) yield resource;
  }
}
