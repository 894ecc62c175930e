// What an answer takes while it is kept for a session that may have missed it [S9]. Knows not who keeps it.
import type { Answer } from "./effect.ts";

// What any answer takes beside its texts.
const overheadBytes = 128;

/** About how many bytes of memory a kept answer takes, at least as many as its texts have characters. */
export function keptBytesOf(answer: Answer): number {
  switch (answer.type) {
    case "skipped":
      return overheadBytes + answer.skip.by.length + (answer.skip.result?.length ?? 0);
    case "failed": {
      const { message, error } = answer;
      return overheadBytes + message.length + (error?.message.length ?? 0) + (error?.code?.length ?? 0);
    }
    case "lost":
      return overheadBytes + answer.message.length;
    case "references":
      return answer.nodes.reduce((bytes, node) => bytes + node.length, overheadBytes + answer.resource.length);
    default:
      return overheadBytes;
  }
}
