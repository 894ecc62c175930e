// `baton-hub/fence`: the check that a resource makes of those who write to it [F2].
export { FenceFileError, StaleFenceError } from "./fence-error.ts";
export { FenceGuard, type FenceGuardOptions } from "./guard.ts";
