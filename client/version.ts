// What the SDK tells hubs of itself: its name and its version. No file is read for it, which a browser could not. Knows nothing
// else.

/** The version is the one in package.json. */
export const client = "baton-js/0.1.0";
