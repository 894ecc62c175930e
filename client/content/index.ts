// `baton-hub/content`: OCI content into a store that machines share, each blob once in the cluster.
export { ContentError, type ContentCode } from "./content-error.ts";
export type { ContentGrant, ContentHub, ContentLock, LockQuestion, Waiting } from "./coordination.ts";
export { readCredentials, type Credentials } from "./credentials.ts";
export { nameImage } from "./image-index.ts";
export { openWriter, type Skip, type WriterOptions } from "./open-writer.ts";
export { parsePlatform, type Platform } from "./platform.ts";
export type { Amount, Blob, PullEvent, PullEventOf, PullSummary } from "./pull-event.ts";
export { pullImage, type PullOptions } from "./pull.ts";
export { parseReference, type ImageReference } from "./reference.ts";
export type { RemoveEvent, RemoveSummary } from "./remove-event.ts";
export { removeImage, type RemoveOptions } from "./remove.ts";
export { Registry, type RegistryOptions } from "./registry.ts";
export { Store } from "./store.ts";
export type { Writer, WriterStatus } from "./writer.ts";
