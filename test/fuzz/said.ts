// What a hub says, in the words of the naive model, so that the two can be compared: without times, and with fences apart.
// Knows no rule.
import type { Failure, HubMessage } from "../../shared/protocol.ts";

/** A line without its fence, and the fence. */
export type Said = { words: string; fence: number | undefined };

/** A message as the model would say it to that node; undefined for one that is about no request. */
export function saidBy(node: string, message: HubMessage, letterOf: (name: string) => string): Said | undefined {
  const words = wordsOf(message, letterOf);
  if (words === undefined || !("id" in message)) return undefined;
  return { words: `${node}${message.id} ← ${words}`, fence: "fence" in message ? message.fence : undefined };
}

/** A line of the model, of which nothing is compared that a live hub cannot know. */
export function saidByModel(line: string): Said | undefined {
  if (!line.includes(" ← ")) return undefined;
  const fence = /, fence (\d+)/.exec(line)?.[1];
  const words = line
    .replace(/, fence \d+/, "")
    .replace(/, \d+ ms old/, "")
    .replaceAll(/\b\d+ ms\b/g, "ms");
  return { words, fence: fence === undefined ? undefined : Number(fence) };
}

function wordsOf(message: HubMessage, letterOf: (name: string) => string): string | undefined {
  switch (message.type) {
    case "queued": {
      const holders = message.holders.map(({ node, operation, mode, progress }) => {
        const { done = "-", total = "-", note = "-" } = progress ?? {};
        return `${letterOf(node)} ${operation} ${mode} ms${progress ? ` ${done}/${total} ${note}` : ""}`;
      });
      return `queued ${message.position} behind ${holders.join(", ") || "nobody"}`;
    }
    case "granted": {
      const { attempt, previous, holdMs } = message;
      const after = previous && `, attempt ${attempt} after ${letterOf(previous.node)}: ${failureText(previous.error)}`;
      return `granted${after ?? ""}${holdMs === undefined ? "" : ", hold ms"}`;
    }
    case "skipped": {
      const result = message.result === undefined ? "" : `, ${JSON.stringify(message.result)}`;
      return `skipped by ${letterOf(message.by)}${result}`;
    }
    case "failed":
      return `failed ${message.code}${message.error ? `: ${failureText(message.error)}` : ""}`;
    case "released":
      return "released";
    case "extended":
      return "extended, hold ms";
    case "lost":
      return `lost ${message.code}`;
    case "wanted":
      return `wanted by ${message.waiting}`;
    case "references":
      return `references ${message.count}: ${message.nodes.map(letterOf).join(", ") || "nobody"}`;
    case "error":
      return `error ${message.code}`;
    default:
      return undefined;
  }
}

function failureText({ code, message }: Failure): string {
  return code ?? message;
}
