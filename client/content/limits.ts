// The bounds and periods of content transfer, the unit last in each name. Knows nothing of who keeps to them.

/** Bytes of one manifest, index or token answer that is read into memory; the distribution specification's own bound. */
export const manifestBytesMax = 4 * 1024 * 1024;
/** How old a success may be to serve without asking a node that is at work [O7]. */
export const freshMsDefault = 300_000;
/** How long a blob that the hub calls done may stay unseen here before it is asked for anew. */
export const unseenMsMax = 10_000;
/** The longest pause between two looks for a blob that was just committed elsewhere. */
export const lookMsMax = 500;
/** How often one grant goes on after a registry that dropped, was unreachable or answered 5xx. */
export const dropsMax = 5;
/** How long a registry may send nothing. */
export const idleMsMax = 30_000;
/** The wait before going on after the first drop; it doubles with each further one. */
export const dropPauseMsMin = 200;
/** How often something is asked for again after the registry said "too many requests", or the grant was lost. */
export const askAgainMax = 3;
/** The longest pause that a registry may ask for before the pull gives up instead. */
export const retryAfterMsMax = 600_000;
/** What is taken for Retry-After when a registry says 429 without it. */
export const retryAfterMsDefault = 5_000;
/** Bytes of an older rest that are copied and hashed at a time. */
export const copyBytes = 1024 * 1024;
/** Blobs that one pull asks for or downloads at a time. */
export const concurrencyDefault = 3;
