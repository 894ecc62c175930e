// `baton sessions`: who is connected to the hub, or was a moment ago, one line each. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import type { SessionRow } from "../index.ts";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags } from "./options.ts";
import { duration, jsonLine, printable, say, table } from "./output.ts";
import { orRefuse } from "./refusal.ts";

/** The command, to be added to the program. */
export function sessionsCommand(): Command {
  const command = new Command("sessions")
    .description("list the sessions of the nodes, with what they hold and await")
    .argument("[prefix]", "only those of nodes whose names begin so", "")
    .option("--json", "one JSON object on stdout: {sessions: […]}");
  return withHubOptions(command).action((prefix: string, flags: HubFlags) =>
    orRefuse(flags.json === true, () => sessions(prefix, flags)),
  );
}

async function sessions(prefix: string, flags: HubFlags): Promise<void> {
  const rows = await openHubPages(hubOptions(flags)).sessions(prefix);
  if (flags.json === true) process.stdout.write(`${jsonLine({ sessions: rows })}\n`);
  else if (rows.length > 0) process.stdout.write(sessionListing(rows));
  else say("nobody has a session" + (prefix === "" ? "" : " under that prefix"));
}

const headings = ["NODE", "SESSION", "OWNER", "AGE", "SOCKET", "HOLDS", "WAITS", "CLIENT", "LABELS"];

/** The rows as a table under its headings; what there is none of is `-`. */
export function sessionListing(rows: readonly SessionRow[]): string {
  return table(headings, rows.map(cells));
}

function cells(row: SessionRow): string[] {
  const labels = Object.entries(row.labels).map(([name, label]) => `${name}=${label}`);
  const left = row.endsInMs === undefined ? "" : `, ends in ${duration(row.endsInMs)}`;
  return [
    printable(row.node),
    printable(row.session),
    printable(row.owner),
    duration(row.ageMs),
    row.detached ? `detached${left}` : "connected",
    String(row.holding),
    String(row.waiting),
    printable(row.client) || "-",
    printable(labels.join(" ")) || "-",
  ];
}
