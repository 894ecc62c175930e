// Every bound of the hub [B1], its unit last in the name. A hub may change each by `--limit NAME=N`.
// Knows nothing of who enforces them.

const KiB = 1024;
const MiB = 1024 * KiB;

/** The defaults, which hinder no healthy node. */
export const defaultLimits = {
  /** Bytes of one incoming frame, and of one outgoing frame that carries a list. */
  frameBytesMax: 64 * KiB,
  frameFragmentsMax: 16,
  /** Milliseconds from the first byte of a frame to its last. */
  frameMsMax: 10_000,
  headersMsMax: 10_000,
  helloMsMax: 5_000,
  resourceBytesMax: 512,
  nodeBytesMax: 128,
  operationBytesMax: 64,
  /** Bytes of a result, or of an error, as JSON. */
  resultBytesMax: 16 * KiB,
  noteBytesMax: 256,
  tokenBytesMax: 8 * KiB,
  labelsMax: 16,
  labelBytesMax: 256,
  jsonDepthMax: 16,
  permitsMax: 1_000_000,
  attemptsMax: 1_000_000,
  sessionRequestsMax: 10_000,
  hubRequestsMax: 1_000_000,
  resourceWaitersMax: 100_000,
  /** Operations of one busy resource whose failures are counted; the one that failed longest ago goes first. */
  resourceOperationsMax: 1_000,
  outcomesMax: 100_000,
  outcomesBytesMax: 64 * MiB,
  referencesMax: 1_000_000,
  sessionWatchesMax: 16,
  hubWatchesMax: 1_000,
  silentSocketsMax: 4_096,
  sessionsMax: 19_000,
  unsentBytesMax: MiB,
  /** Final answers kept for a session with grace until it has acknowledged them [S9]. */
  keptAnswersMax: 20_000,
  /** Messages of one socket that are handled before the next socket has its turn. */
  turnMessagesMax: 256,
  /** Messages in a row that break the form before the socket is closed. */
  invalidMessagesMax: 10,
  /** Entries of a list inside an answer. */
  listEntriesMax: 20,
  /** Resources in one page of the HTTP API. */
  pageEntriesMax: 1_000,
};

/** The bounds in force, by name. */
export type Limits = typeof defaultLimits;

/** The longest duration that a client may ask for [B4], in milliseconds: 24 h. */
export const durationMsMax = 86_400_000;
