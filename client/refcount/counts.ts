// What may be done to a resource, judged by how many nodes reference it. Knows no hub and no storage from the inside.
import type { RefCountStorage } from "./storage.ts";

/** How an operation ended: done here, skipped because another node has done it (what `hub.once` answers fits), or failed. */
export type OperationResult = { readonly status: "done" | "skipped" | "failed" };

/**
 * Counts the nodes that need a resource. An operation may carry what it is for behind an `@`: `update@v3` is an update.
 *
 *     const counts = new RefCountManager(new FileRefCountStorage("/var/lib/agent/references"), "node-1");
 *     if (await counts.shouldSkip("pull", layer)) return;
 *     const result = await hub.once(layer, { operation: "pull" }, () => pull(layer));
 *     await counts.update("pull", layer, result);
 *
 * What is judged holds at that moment. Who pulls and who deletes at the same time should ask while they hold the resource.
 */
export class RefCountManager {
  /** Whom `update` counts. */
  readonly node: string;
  readonly storage: RefCountStorage;

  constructor(storage: RefCountStorage, node: string) {
    this.storage = storage;
    this.node = node;
  }

  /** How many nodes reference a resource. */
  async count(resource: string): Promise<number> {
    return (await this.storage.get(resource)).length;
  }

  /** Whether an operation is not needed: a pull of what anybody references. */
  async shouldSkip(operation: string, resource: string): Promise<boolean> {
    return kindOf(operation) === "pull" && (await this.count(resource)) > 0;
  }

  /**
   * Whether an operation may be done: no delete of what anybody references, and, if `updateRequiresNoRef` is given, no update
   * of it either. Everything else may be done.
   */
  async canPerform(
    operation: string,
    resource: string,
    { updateRequiresNoRef = false }: { updateRequiresNoRef?: boolean | undefined } = {},
  ): Promise<boolean> {
    const kind = kindOf(operation);
    const isBound = kind === "delete" || (kind === "update" && updateRequiresNoRef);
    return !isBound || (await this.count(resource)) === 0;
  }

  /**
   * Takes in how an operation ended. A pull that succeeded, here or elsewhere, adds this node, twice is once; a delete that
   * was done here clears the set. Nothing else changes it.
   */
  async update(operation: string, resource: string, { status }: OperationResult): Promise<void> {
    const kind = kindOf(operation);
    const { node } = this;
    if (kind === "pull" && status !== "failed") await this.#change(resource, (nodes) => [...new Set([...nodes, node])]);
    if (kind === "delete" && status === "done") await this.storage.delete(resource);
  }

  /**
   * A node needs nothing any more: drops all its references.
   *
   * @returns the resources that nobody references now
   */
  async releaseNode(node: string): Promise<string[]> {
    const unreferenced: string[] = [];
    for await (const resource of this.storage.list({ node })) {
      const left = await this.#change(resource, (nodes) => nodes.filter((one) => one !== node));
      if (left.length === 0) unreferenced.push(resource);
    }
    return unreferenced;
  }

  /** Changes a set that others change too: tried until nobody has come between. */
  async #change(resource: string, change: (nodes: readonly string[]) => readonly string[]): Promise<readonly string[]> {
    for (;;) {
      const nodes = await this.storage.get(resource);
      const changed = change(nodes);
      if (changed.length === nodes.length || (await this.storage.set(resource, changed, nodes))) return changed;
    }
  }
}

function kindOf(operation: string): string {
  const [kind = ""] = operation.split("@", 1);
  return kind;
}
