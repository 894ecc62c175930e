// `baton kick`: ends a session by force. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags } from "./options.ts";
import { jsonLine, printable } from "./output.ts";
import { orRefuse } from "./refusal.ts";

type KickFlags = HubFlags & { reason?: string };

/** The command, to be added to the program. */
export function kickCommand(): Command {
  const command = new Command("kick")
    .description("end a session by force: what it holds goes to the next in line, and its node may come back")
    .argument("<session>", "its id, as `baton sessions` names it")
    .option("--reason <text>", "what the session, and those who look later, are told")
    .option("--json", "say what was done as JSON");
  return withHubOptions(command).action((session: string, flags: KickFlags) =>
    orRefuse(flags.json === true, () => kick(session, flags)),
  );
}

async function kick(session: string, flags: KickFlags): Promise<void> {
  const { reason } = flags;
  await openHubPages(hubOptions(flags)).kick(session, reason === undefined ? {} : { reason });
  const line = flags.json === true ? jsonLine({ status: "kicked", session }) : `kicked ${printable(session)}`;
  process.stdout.write(`${line}\n`);
}
