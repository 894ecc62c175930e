// The SDK of Baton: connect to a hub, have work done once, hold locks. Runs in Node and in browsers.
export { connect, type ConnectOptions } from "./connect.ts";
export { Hub } from "./hub.ts";
export { Lock } from "./lock.ts";
export { Mutex, MutexLock } from "./mutex.ts";
export { BatonError, type BatonErrorCode } from "./baton-error.ts";
export type { AskOptions, OnceOptions, PermitOptions, Queued, RequestOptions, TryLockOptions } from "./asking.ts";
export type { Once, Work } from "./once.ts";
export type { FailOptions } from "./hold.ts";
export type { HubEvents } from "./hub-events.ts";
export type { TokenSource } from "./token.ts";
export { References, type ReferencesFilter } from "./references.ts";
export type { ReferenceSet } from "./referral.ts";
export type { PageOptions } from "./resource-pages.ts";
export type { PlatformSocket, WebSocketConstructor } from "./websocket.ts";
export type { Clock } from "./clock.ts";
export type { Backoff } from "./backoff.ts";
export type { HolderRow, Json, Progress, ResourceRow, ResourceView } from "../shared/protocol.ts";
