// `baton ls`: the resources of the hub, one line each. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import type { ResourceRow } from "../index.ts";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags } from "./options.ts";
import { duration, jsonLine, printable, say, table } from "./output.ts";
import { orRefuse } from "./refusal.ts";

/** The command, to be added to the program. */
export function listCommand(): Command {
  const command = new Command("ls")
    .description("list the resources that are held, awaited or remembered")
    .argument("[prefix]", "only those whose names begin so", "")
    .option("--json", "one JSON object on stdout: {resources: […]}");
  return withHubOptions(command).action((prefix: string, flags: HubFlags) =>
    orRefuse(flags.json === true, () => list(prefix, flags)),
  );
}

async function list(prefix: string, flags: HubFlags): Promise<void> {
  const resources = await openHubPages(hubOptions(flags)).list(prefix);
  if (flags.json === true) process.stdout.write(`${jsonLine({ resources })}\n`);
  else if (resources.length > 0) process.stdout.write(listing(resources));
  else say("nothing is held, awaited or remembered" + (prefix === "" ? "" : " under that prefix"));
}

const headings = ["NAME", "HOLDER", "MODE", "HELD", "WAITING", "OUTCOME"];

/** The rows as a table under its headings; what there is none of is `-`. */
export function listing(rows: readonly ResourceRow[]): string {
  return table(headings, rows.map(cells));
}

function cells(row: ResourceRow): string[] {
  const [first] = row.holders;
  const others = row.holding > 1 ? ` +${row.holding - 1}` : "";
  const held =
    first === undefined ? ["-", "-", "-"] : [printable(first.node) + others, first.mode, duration(first.heldMs)];
  return [printable(row.resource), ...held, String(row.waiting), outcome(row)];
}

function outcome({ outcome }: ResourceRow): string {
  if (outcome === undefined) return "-";
  return `${printable(outcome.operation)} by ${printable(outcome.node)} ${duration(outcome.ageMs)} ago`;
}
