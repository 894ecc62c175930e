// Why a command that works on a store could not do what it was asked, as one line and an exit code. Knows no command.
import { ContentError } from "../content/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { Interruption } from "./interruption.ts";
import { jsonLine, printable, say } from "./output.ts";
import { refusal } from "./refusal.ts";

/** Says why on standard error, and as the last line of JSON if that is asked for; gives the exit code. */
export function refuse(error: unknown, node: string, isJson: boolean): number {
  const failure = meaningOf(error);
  const { code, exitCode, message } = failure;
  if (isJson) process.stdout.write(`${jsonLine({ at: Date.now(), node, type: "error", ...failure })}\n`);
  say(printable(`${message} (${code})`));
  return exitCode;
}

function meaningOf(error: unknown): { code: string; exitCode: number; message: string } {
  if (error instanceof Interruption) return { code: "INTERRUPTED", exitCode: error.exitCode, message: error.message };
  if (!(error instanceof ContentError)) return refusal(error);
  const { code, message } = error;
  return { code, exitCode: code === "INVALID_REFERENCE" ? exitCodes.usage : exitCodes.failure, message };
}
