// What the shell is told when a command of `baton` ends: one table, which --help prints. Knows no command.
import { assertNever, codes, type Code } from "../../shared/errors.ts";

/** The exit codes that are baton's own; every other one is the command's that `run` ran. */
export const exitCodes = {
  success: 0,
  failure: 1,
  usage: 64,
  unreachable: 69,
  failedForGood: 70,
  notAcquired: 75,
  lost: 76,
  notAllowed: 77,
} as const;

/** The table as --help prints it. */
export const exitCodesHelp = `Exit codes:
  CMD's  run: the command's own, unchanged; 128+n if signal n ended it; 127 not found, 126 not executable
  0      done; or skipped, since someone else succeeded (run: --skip-exit-code changes that)
  1      pull, rm: the registry or the store failed; show, rm, unlock, forget, kick: nothing is there; unlock: the fence
         has changed
  64     usage: an argument, a setting, or what CMD wrote to BATON_RESULT, is not of the form asked for
  69     the hub is unreachable, or cannot answer just now
  70     the operation failed for good elsewhere (OPERATION_FAILED, ATTEMPTS_EXHAUSTED)
  75     not acquired: --wait passed, a bound of the hub was met, --node is in use, or the session that waited was ended
         (come again later)
  76     the lock was lost; CMD's process group got SIGTERM, and 5 s later SIGKILL
  77     not allowed: the token is refused, or does not allow it
  128+n  signal n ended the waiting`;

/** The exit code that says best what a code of the protocol, or the name of a close code, means to the shell. */
export function exitCodeOf(code: string): number {
  return isCode(code) ? exitCodeOfProtocol(code) : (otherExitCodes.get(code) ?? exitCodes.unreachable);
}

const otherExitCodes: ReadonlyMap<string, number> = new Map([
  ["UNAUTHORIZED", exitCodes.notAllowed],
  ["NODE_IN_USE", exitCodes.notAcquired],
  ["NOT_FOUND", exitCodes.failure],
  ["CONFLICT", exitCodes.failure],
  ["BODY_TOO_LARGE", exitCodes.usage],
]);

function isCode(code: string): code is Code {
  return Object.hasOwn(codes, code);
}

function exitCodeOfProtocol(code: Code): number {
  switch (code) {
    case "LOCK_TIMEOUT":
    case "LOCK_ALREADY_HELD":
    case "LOCK_DELAYED":
    case "QUEUE_FULL":
    case "TOO_MANY_REQUESTS":
    case "CANCELLED":
      return exitCodes.notAcquired;
    case "LOCK_EXPIRED":
    case "LOCK_REVOKED":
    case "LOCK_NOT_HELD":
    case "SESSION_ENDED":
      return exitCodes.lost;
    case "OPERATION_FAILED":
    case "ATTEMPTS_EXHAUSTED":
      return exitCodes.failedForGood;
    case "LIMIT_MISMATCH":
    case "INVALID_KEY":
    case "INVALID_MESSAGE":
    case "DUPLICATE_ID":
      return exitCodes.usage;
    case "FORBIDDEN":
      return exitCodes.notAllowed;
    case "UNAVAILABLE":
      return exitCodes.unreachable;
    default:
      return assertNever(code);
  }
}
