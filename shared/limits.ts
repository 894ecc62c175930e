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
  /** Fields and entries of one message, at all depths together. */
  jsonFieldsMax: 10_000,
  permitsMax: 1_000_000,
  attemptsMax: 1_000_000,
  sessionRequestsMax: 10_000,
  hubRequestsMax: 1_000_000,
  resourceWaitersMax: 100_000,
  /** Resources that a holder's failure has delayed; past it a failure delays nothing. */
  delaysMax: 100_000,
  /** Operations of one busy resource whose failures are counted; the one that failed longest ago goes first. */
  resourceOperationsMax: 1_000,
  /** Bytes of the last errors of all operations whose failures are counted; the one that failed longest ago goes first. */
  failuresBytesMax: 64 * MiB,
  outcomesMax: 100_000,
  /** Bytes of all remembered outcomes, results in UTF-8; the oldest goes first. */
  outcomesBytesMax: 64 * MiB,
  referencesMax: 1_000_000,
  /** What has happened that is kept, of one resource and in all. */
  historyResourceMax: 1_000,
  historyMax: 100_000,
  /** Streams of events over HTTP. */
  eventStreamsMax: 100,
  sessionWatchesMax: 16,
  hubWatchesMax: 1_000,
  /** Resources that one watch shows. */
  watchEntriesMax: 10_000,
  silentSocketsMax: 4_096,
  sessionsMax: 19_000,
  /** Open sessions of the tokens of one name. */
  tokenSessionsMax: 19_000,
  /** Connections, sockets among them, from one address, or from one IPv6 network of 64 bits; it leaves some for everybody else. */
  addressSocketsMax: 16_000,
  /** Connections of the process; it leaves some descriptors for its files. */
  connectionsMax: 19_500,
  /** Connections that are no socket and wait for no answer; past it the one that has been so for longest is cut off. */
  idleConnectionsMax: 8_192,
  /** Milliseconds that a connection with an HTTP request may stand still: nothing of the answer is sent, or none of it is read. */
  answerMsMax: 60_000,
  /** HTTP requests of one connection that wait for their answers. */
  connectionRequestsMax: 8,
  unsentBytesMax: MiB,
  /** Final answers kept for a session with grace until it has acknowledged them [S9]. */
  keptAnswersMax: 20_000,
  keptBytesMax: 16 * MiB,
  /** Bytes of those of all sessions; a result that many were told counts once. The session with the most goes first. */
  hubKeptBytesMax: 128 * MiB,
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

/** How often each bound was met, by its name; one that never was is not there. */
export type Refusals = Map<keyof Limits, number>;

/** Counts that a bound was met. */
export function countRefusal(refusals: Refusals, bound: keyof Limits): void {
  refusals.set(bound, (refusals.get(bound) ?? 0) + 1);
}

/** Bytes of a session's id, its secret and a client's name; no setting, as a hub must take back what it has said itself [S4]. */
export const wordBytesMax = 128;

/** The longest duration that a client may ask for [B4], in milliseconds: 24 h. */
export const durationMsMax = 86_400_000;
