// Which image of a store needs which blob: reference counts that lie in the store itself. Knows no hub and no registry.
import { FileRefCountStorage, RefCountManager } from "../refcount/index.ts";
import type { Store } from "./store.ts";

/**
 * Counts one image as a node that needs blobs. The image it is, and not the machine that pulled it: a blob in a shared store
 * is nobody's own, machines come and go under new names, and what people name when they want the space back is an image. And
 * in the store it is, so that the counts last as long as what they count, whichever hub there is.
 */
export function referencesOf(store: Store, image: string): RefCountManager {
  return new RefCountManager(new FileRefCountStorage(store.referencesFolder), image);
}
