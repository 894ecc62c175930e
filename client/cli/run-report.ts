// How a `baton run` ended: as a value, as words for people, and as JSON for scripts. Knows no hub and no process.
import { assertNever } from "../../shared/errors.ts";
import type { Json } from "../../shared/protocol.ts";
import { duration, printable } from "./output.ts";
import type { Ending } from "./process-group.ts";
import type { Refusal } from "./refusal.ts";

/** What made the work a failure: how the command ended, or what it left in BATON_RESULT. */
export type FailureCause = Ending["cause"] | "result";

/** One end of a run; `exitCode` is what the shell is told. */
export type RunReport =
  | { status: "done"; exitCode: number; fence: number; attempt: number; result: Json | undefined }
  | { status: "failed"; exitCode: number; fence: number; attempt: number; cause: FailureCause; message: string }
  | { status: "skipped"; exitCode: number; fence: number; by: string; ageMs: number; result: Json | undefined }
  | { status: "lost"; exitCode: number; fence: number; attempt: number; code: string; message: string }
  | { status: "cancelled"; exitCode: number; signal: string }
  | Refusal;

/** What is said of it on standard error; nothing where the command has said it all. */
export function reportLine(resource: string, report: RunReport): string | undefined {
  const name = printable(resource);
  switch (report.status) {
    case "done":
      return undefined;
    case "failed":
      // Of its own exit the command has said itself what there is to say.
      return report.cause === "exit"
        ? undefined
        : `${name} failed in attempt ${report.attempt}: ${printable(report.message)}`;
    case "skipped": {
      const when = report.ageMs === 0 ? "just now" : `${duration(report.ageMs)} ago`;
      return `skipped ${name}: ${printable(report.by)} succeeded ${when} (fence ${report.fence})`;
    }
    case "lost":
      return `lost ${name}: ${printable(report.message)} (${report.code}, fence ${report.fence})`;
    case "refused":
      return printable(`${report.message} (${report.code})`);
    case "cancelled":
      return `gave up waiting for ${name}: ${report.signal}`;
    default:
      return assertNever(report);
  }
}
