// `baton unlock` and `baton forget`: what an admin does to one resource. Knows the SDK; nothing of the wire.
import { Command } from "commander";
import { openHubPages } from "./open-hub.ts";
import { hubOptions, parseInteger, withHubOptions, type HubFlags } from "./options.ts";
import { jsonLine, printable } from "./output.ts";
import { orRefuse } from "./refusal.ts";

type UnlockFlags = HubFlags & { reason: string; fence?: number };

/** The command that takes a resource from its holders [H2], to be added to the program. */
export function unlockCommand(): Command {
  const command = new Command("unlock")
    .description("take a resource from its holders by force; the next in line gets it")
    .argument("<resource>", "its name")
    .requiredOption("--reason <text>", "required: what the holders, and those who look later, are told")
    .option("--fence <n>", "only if that grant still holds it", parseInteger(1, Number.MAX_SAFE_INTEGER))
    .option("--json", "say what was done as JSON");
  return withHubOptions(command).action((resource: string, flags: UnlockFlags) =>
    orRefuse(flags.json === true, () => unlock(resource, flags)),
  );
}

/** The command that has the hub forget what was last done to a resource [O8], to be added to the program. */
export function forgetCommand(): Command {
  const command = new Command("forget")
    .description("have the hub forget what was last done to a resource, so that --fresh finds nothing")
    .argument("<resource>", "its name")
    .option("--json", "say what was done as JSON");
  return withHubOptions(command).action((resource: string, flags: HubFlags) =>
    orRefuse(flags.json === true, () => forget(resource, flags)),
  );
}

async function unlock(resource: string, flags: UnlockFlags): Promise<void> {
  const { reason, fence } = flags;
  const hub = openHubPages(hubOptions(flags));
  await hub.forceRelease(resource, { reason, ...(fence !== undefined && { fence }) });
  confirm("released", resource, flags);
}

async function forget(resource: string, flags: HubFlags): Promise<void> {
  const hub = openHubPages(hubOptions(flags));
  await hub.forget(resource);
  confirm("forgotten", resource, flags);
}

function confirm(status: string, resource: string, { json }: HubFlags): void {
  const line = json === true ? jsonLine({ status, resource }) : `${status} ${printable(resource)}`;
  process.stdout.write(`${line}\n`);
}
