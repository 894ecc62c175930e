// What follows from a command, as short lines of text: `b1 ← granted, attempt 2 after a: disk full`. Knows no rule.
import type { Answer, Effect } from "../../server/core/effect.ts";
import { assertNever } from "../../shared/errors.ts";
import type { Failure, HolderRow } from "../../shared/protocol.ts";

/** `brief` leaves out fences and all of the holders but their names; `exact` says everything but explanations for people. */
export type Detail = "brief" | "exact";

/** One effect as a line. */
export function lineOf(effect: Effect, detail: Detail): string {
  switch (effect.type) {
    case "tell":
      return `${nodeOf(effect.socket)}${effect.answer.id ?? ""} ← ${wordsOf(effect.answer, detail)}`;
    case "opened":
      return `${nodeOf(effect.socket)} opened`;
    case "resumed": {
      const replaced = effect.replaced === undefined ? "" : ` in place of ${effect.replaced}`;
      return `${nodeOf(effect.socket)} resumed${replaced}, last id ${effect.lastId}`;
    }
    case "denied":
      return `${nodeOf(effect.socket)} denied: ${effect.reason}`;
    case "ended":
      return `${nodeOf(effect.session)} ended: ${effect.why}${effect.socket === undefined ? ", detached" : ""}`;
    case "watched":
      return `${nodeOf(effect.socket)}${effect.message.id} ${effect.message.type}`;
    case "answered":
      return effect.outcome;
    default:
      return assertNever(effect);
  }
}

/** Whose a socket `b/2` or a session `b#1` is: `b`. */
export function nodeOf(socketOrSession: string): string {
  return socketOrSession.replace(/[/#]\d+$/, "");
}

function failureText({ code, message }: Failure): string {
  return code ?? message;
}

function wordsOf(answer: Answer, detail: Detail): string {
  const isExact = detail === "exact";
  switch (answer.type) {
    case "queued": {
      const holders = answer.holders.map((holder) => (isExact ? holderText(holder) : holder.node));
      return `queued ${answer.position} behind ${holders.join(", ") || "nobody"}`;
    }
    case "granted": {
      const { fence, attempt, previous, holdMs } = answer;
      const after = previous && ` after ${previous.node}: ${failureText(previous.error)}`;
      return list([
        "granted",
        isExact && `fence ${fence}`,
        attempt > 1 && `attempt ${attempt}${after ?? ""}`,
        hold(holdMs),
      ]);
    }
    case "skipped": {
      const { by, fence, result, ageMs } = answer.skip;
      return list([`skipped by ${by}`, isExact && `fence ${fence}`, ageMs > 0 && `${ageMs} ms old`, result]);
    }
    case "failed":
      return `failed ${answer.code}${answer.error ? `: ${failureText(answer.error)}` : ""}`;
    case "released":
      return "released";
    case "extended":
      return `extended, ${hold(answer.holdMs)}`;
    case "lost":
      return `lost ${answer.code}`;
    case "wanted":
      return `wanted by ${answer.waiting}`;
    case "references":
      return `references ${answer.count}: ${answer.nodes.join(", ") || "nobody"}`;
    case "error":
      return `error ${answer.code}`;
    default:
      return assertNever(answer);
  }
}

function holderText({ node, operation, mode, heldMs, progress }: HolderRow): string {
  const { done = "-", total = "-", note = "-" } = progress ?? {};
  return `${node} ${operation} ${mode} ${heldMs} ms${progress ? ` ${done}/${total} ${note}` : ""}`;
}

function hold(holdMs: number | undefined): string | false {
  return holdMs !== undefined && `hold ${holdMs} ms`;
}

function list(words: (string | false | undefined)[]): string {
  return words.filter((word) => word !== false && word !== undefined).join(", ");
}
