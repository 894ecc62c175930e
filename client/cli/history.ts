// `baton history`: what has happened to a resource, one line each, newest last. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import type { HistoryEntry } from "../index.ts";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, parseInteger, withHubOptions, type HubFlags } from "./options.ts";
import { duration, jsonLine, printable, say, table } from "./output.ts";
import { orRefuse } from "./refusal.ts";

type HistoryFlags = HubFlags & { limit: number };

const entriesUsual = 50;

/** The command, to be added to the program. */
export function historyCommand(): Command {
  const command = new Command("history")
    .description("show what has happened to a resource: who was granted, skipped, failed or lost it, and why")
    .argument("<resource>", "its name")
    .option("--limit <n>", "so many of the newest", parseInteger(1, Number.MAX_SAFE_INTEGER), entriesUsual)
    .option("--json", "one JSON object on stdout: {resource, entries: […]}, newest first");
  return withHubOptions(command).action((resource: string, flags: HistoryFlags) =>
    orRefuse(flags.json === true, () => history(resource, flags)),
  );
}

async function history(resource: string, flags: HistoryFlags): Promise<void> {
  const entries: HistoryEntry[] = [];
  for await (const entry of openHubPages(hubOptions(flags)).history(resource)) {
    if (entries.push(entry) === flags.limit) break;
  }
  if (flags.json === true) process.stdout.write(`${jsonLine({ resource, entries })}\n`);
  else if (entries.length > 0) process.stdout.write(historyListing(entries.toReversed()));
  else say("the hub knows of nothing that has happened to it");
}

const headings = ["AGO", "EVENT", "NODE", "OPERATION", "ATTEMPT", "FENCE", "WAITED", "HELD", "WHY"];

/** The entries as a table under its headings; what there is none of is `-`. */
function historyListing(entries: readonly HistoryEntry[]): string {
  return table(headings, entries.map(cells));
}

function cells(entry: HistoryEntry): string[] {
  const { ageMs, event, outcome, node, operation, attempt, fence, waitedMs, heldMs } = entry;
  return [
    duration(ageMs),
    outcome === undefined ? event : `${event} (${outcome})`,
    printable(node ?? "") || "-",
    printable(operation),
    String(attempt ?? "-"),
    String(fence ?? "-"),
    waitedMs === undefined ? "-" : duration(waitedMs),
    heldMs === undefined ? "-" : duration(heldMs),
    why(entry) || "-",
  ];
}

function why({ code, message, by, actor, reason }: HistoryEntry): string {
  const said = [code, message].filter((text) => text !== undefined).join(": ");
  const success = by === undefined ? "" : `${by} has done it`;
  const force = actor === undefined ? "" : `by ${actor}${reason === undefined ? "" : `: ${reason}`}`;
  return printable([said, success, force].filter((text) => text !== "").join(", "));
}
