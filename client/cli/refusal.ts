// Why a command could not do what it was asked: from any error to a code, a sentence and an exit code.
// Knows no command.
import { BatonError } from "../index.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { jsonLine, printable, say } from "./output.ts";

/** One refusal, as `--json` shows it. */
export type Refusal = { status: "refused"; code: string; message: string; exitCode: number };

/** What an error means to the shell; what is no error of the SDK is one of the machine: no space, no right. */
export function refusal(error: unknown): Refusal {
  if (error instanceof BatonError) {
    const { code, message, failure } = error;
    const why = failure === undefined ? "" : `: ${failure.message}`;
    return { status: "refused", code, message: byFlags(message) + why, exitCode: exitCodeOf(code) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: "refused", code: "FAILED", message, exitCode: exitCodes.failure };
}

const flagOfField: ReadonlyMap<string, string> = new Map([
  ["body.reason", "--reason"],
  ["waitMs", "--wait"],
  ["holdMs", "--hold"],
]);

/** What the hub says of a field, said of the flag that it was given by. */
export function byFlags(message: string): string {
  return message.replace(/\b(?:body\.reason|waitMs|holdMs)\b/g, (field) => flagOfField.get(field) ?? field);
}

/** Runs what a command does; what it throws becomes one line on standard error, JSON if asked for, and the exit code. */
export async function orRefuse(isJson: boolean, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const refused = refusal(error);
    process.exitCode = refused.exitCode;
    if (isJson) process.stderr.write(`${jsonLine(refused)}\n`);
    else say(printable(`${refused.message} (${refused.code})`));
  }
}
