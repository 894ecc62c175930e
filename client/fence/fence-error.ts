// Why a guard does not say yes. Knows no guard.

/**
 * A fence is lower than one that the resource has seen [F2]: whoever shows it holds the resource no more.
 *
 *     catch (error) { if (error instanceof StaleFenceError) response.writeHead(412).end(error.message); }
 */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";
  readonly code = "STALE_FENCE";
  readonly resource: string;
  /** The fence that was shown. */
  readonly fence: number;
  /** The lowest that would have been accepted. */
  readonly highest: number;

  /** @param isRemembered false when the resource itself was forgotten, and `highest` is what forgotten ones may have had */
  constructor(resource: string, fence: number, highest: number, isRemembered = true) {
    const name = JSON.stringify(resource);
    super(
      isRemembered
        ? `fence ${fence} of ${name} is stale: ${highest} has been seen`
        : `fence ${fence} of ${name} may be stale: of fences up to ${highest} it is forgotten whose they were`,
    );
    this.resource = resource;
    this.fence = fence;
    this.highest = highest;
  }
}

/** The file of a guard cannot be read or written, so nobody knows whether a fence is stale; the message says what and where. */
export class FenceFileError extends Error {
  override readonly name = "FenceFileError";
  readonly code = "FENCE_FILE";
  readonly path: string;

  constructor(path: string, message: string, options: { cause?: unknown } = {}) {
    super(`${path}: ${message}`, options);
    this.path = path;
  }
}
