// A log that nobody reads.
import type { Logger } from "../../server/log.ts";

const nothing = () => undefined;

/** Says nothing to anyone. */
export const silentLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
