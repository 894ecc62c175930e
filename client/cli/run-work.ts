// The work of `baton run` under its grant: the command runs, and its end is said to the hub. Knows no flag and no terminal.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { BatonError, type Lock } from "../index.ts";
import { exitCodes } from "./exit-codes.ts";
import { type Ending, type ProcessGroup, startProcessGroup } from "./process-group.ts";
import { byFlags } from "./refusal.ts";
import type { Left, ResultFile } from "./result-file.ts";
import type { FailureCause, RunReport } from "./run-report.ts";
import type { Signals } from "./signals.ts";

/** What a run needs besides its grant. */
export type RunParts = {
  /** The command and its arguments. */
  words: readonly string[];
  /** Exit codes after which nobody is to try again [O3]. */
  noRetryCodes: readonly number[];
  signals: Signals;
  resultFile: ResultFile;
  /** Aborts when the hub has been away for too long. */
  absent: AbortSignal;
};

type Grant = { fence: number; attempt: number };
type Failure = { exitCode: number; cause: FailureCause; message: string };

// What the command has to end by itself between SIGTERM and SIGKILL.
const patienceMs = 5_000;
// What the system has to bury it after SIGKILL.
const burialMs = 1_000;

/** Runs the command while the lock is held, and says how it ended: to the hub, and as a report. */
export async function runUnder(lock: Lock, parts: RunParts): Promise<RunReport> {
  const { words, signals, resultFile } = parts;
  const grant = { fence: lock.fence, attempt: lock.attempt };
  const group = startProcessGroup(words, environment(lock, resultFile.path));
  signals.passTo(group);
  const loss = await Promise.race([group.ended.then(() => undefined), lock.lost]);
  if (loss !== undefined) {
    await endGroup(group);
    return lost(grant, loss);
  }
  return told(lock, grant, await group.ended, parts);
}

async function endGroup(group: ProcessGroup): Promise<void> {
  await group.end(patienceMs);
  await Promise.race([group.ended, delay(burialMs, undefined, { ref: false })]);
}

/** The command's environment: ours, what is known of the grant, and not the token nor the name, which is in use [S8]. */
function environment(lock: Lock, resultPath: string): NodeJS.ProcessEnv {
  const { BATON_TOKEN: _token, BATON_NODE: _node, ...inherited } = process.env;
  return {
    ...inherited,
    BATON_RESOURCE: lock.resource,
    BATON_OPERATION: lock.operation,
    BATON_FENCE: String(lock.fence),
    BATON_ATTEMPT: String(lock.attempt),
    BATON_SESSION: lock.session,
    BATON_RESULT: resultPath,
  };
}

async function told(lock: Lock, grant: Grant, ending: Ending, parts: RunParts): Promise<RunReport> {
  const { exitCode, cause, words } = ending;
  const fail = (failure: Failure) => tellFailure(lock, grant, failure, parts);
  if (exitCode !== exitCodes.success) return fail({ exitCode, cause, message: words });
  const badResult = { exitCode: exitCodes.usage, cause: "result" } as const;
  const left: Left = parts.resultFile.read();
  if ("fault" in left) return fail({ ...badResult, message: `what it wrote to BATON_RESULT ${left.fault}` });
  try {
    await unlessAborted(lock.done(left.result), parts.absent);
    return { status: "done", exitCode, ...grant, result: left.result };
  } catch (error) {
    if (!lock.held) return lost(grant, error);
    return fail({ ...badResult, message: `what it wrote to BATON_RESULT is refused: ${messageOf(error)}` });
  }
}

async function tellFailure(lock: Lock, grant: Grant, failure: Failure, parts: RunParts): Promise<RunReport> {
  const { exitCode, message } = failure;
  const retry = !parts.noRetryCodes.includes(exitCode);
  const error = Object.assign(new Error(`${parts.words[0] ?? ""}: ${message}`), { code: `EXIT_${exitCode}` });
  // A hub that cannot be told sees the session end, which says the same [S6].
  await unlessAborted(lock.fail(error, { retry }), parts.absent).catch(() => {});
  return { status: "failed", ...grant, ...failure };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unlessAborted(telling: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = async () => {
    if (!signal.aborted) await once(signal, "abort");
    throw signal.reason;
  };
  return Promise.race([telling, aborted()]);
}

function lost(grant: Grant, error: unknown): RunReport {
  const code = error instanceof BatonError ? error.code : "SESSION_ENDED";
  return { status: "lost", exitCode: exitCodes.lost, ...grant, code, message: byFlags(messageOf(error)) };
}
