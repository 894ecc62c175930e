// Which nodes reference a resource: a set for each that the hub keeps for whoever wants one place for them. Knows no queue, and
// judges nothing: a reference is about what a node has, so that it outlives the session that said it.
import { assertNever } from "../../shared/errors.ts";
import type { ClientMessageOf } from "../../shared/protocol.ts";

/** By resource, the nodes that reference it, in the order of their coming; no set is empty. `count` is over all of them. */
export type References = { readonly sets: Map<string, Set<string>>; count: number };

/** What a node may do with the set of one resource. */
export type ReferAction = ClientMessageOf<"refer">["action"];

const nobody: ReadonlySet<string> = new Set();

/** No references. */
export function newReferences(): References {
  return { sets: new Map(), count: 0 };
}

/** The nodes that reference a resource. */
export function referrersOf({ sets }: References, resource: string): ReadonlySet<string> {
  return sets.get(resource) ?? nobody;
}

/** Does what a node asks of a resource's set; said twice it changes nothing more. */
export function change(references: References, resource: string, node: string, action: ReferAction): void {
  switch (action) {
    case "add":
      return add(references, resource, node);
    case "drop":
      return drop(references, resource, node);
    case "clear":
      references.count -= referrersOf(references, resource).size;
      references.sets.delete(resource);
      return;
    case "get":
      return;
    default:
      return assertNever(action);
  }
}

/** Has a node reference a resource. */
export function add(references: References, resource: string, node: string): void {
  const nodes = references.sets.get(resource) ?? new Set();
  references.sets.set(resource, nodes);
  references.count -= nodes.size;
  nodes.add(node);
  references.count += nodes.size;
}

function drop(references: References, resource: string, node: string): void {
  const nodes = references.sets.get(resource);
  if (nodes?.delete(node) !== true) return;
  references.count -= 1;
  if (nodes.size === 0) references.sets.delete(resource);
}
