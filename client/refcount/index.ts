// `baton-hub/refcount`: which nodes need a resource, so that nobody pulls it twice or deletes it under another. Needs no hub.
export { RefCountManager, type OperationResult } from "./counts.ts";
export { FileRefCountStorage, RefCountFileError } from "./file.ts";
export { HubRefCountStorage, type ReferencingHub } from "./hub.ts";
export { MemoryRefCountStorage } from "./memory.ts";
export type { RefCountFilter, RefCountStorage } from "./storage.ts";
