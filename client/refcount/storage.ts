// What reference counts are kept in. A count is the size of a set of nodes: twice counts once. Knows no policy.

/** Which resources are meant: those that begin so, and that this node references; all if unsaid. */
export type RefCountFilter = { prefix?: string | undefined; node?: string | undefined };

/** A place for sets of nodes, by resource. */
export type RefCountStorage = {
  /** The nodes that reference a resource; none if nobody does. */
  get(resource: string): Promise<readonly string[]>;
  /**
   * Puts `nodes` in the place of `expected`, whatever the order of either.
   *
   * @returns false, and nothing has changed, when the set is not `expected` any more: then get it anew
   */
  set(resource: string, nodes: readonly string[], expected: readonly string[]): Promise<boolean>;
  /** Has nobody reference a resource any more, whoever did. */
  delete(resource: string): Promise<void>;
  /** The resources that anybody references, each once, in no particular order. */
  list(filter?: RefCountFilter): AsyncIterable<string>;
};

/** Whether two lists without repetitions have the same nodes. */
export function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const nodes = new Set(one);
  return nodes.size === other.length && other.every((node) => nodes.has(node));
}

/** Whether a filter means a resource with these nodes. */
export function isMeant({ prefix = "", node }: RefCountFilter, resource: string, nodes: readonly string[]): boolean {
  return resource.startsWith(prefix) && (node === undefined || nodes.includes(node));
}
