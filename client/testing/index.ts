// `baton-hub/testing`: a hub in memory and a clock that the test moves, for tests of those who use the SDK.
export { createTestHub, type NodeOptions, type SessionView, type TestHub, type TestHubSettings } from "./test-hub.ts";
export type { TestTime } from "./test-clock.ts";
