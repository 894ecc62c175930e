// `baton watch`: what happens on a hub, a line of JSON each, until it is told to end. Knows the SDK; nothing of the wire.
import { once } from "node:events";
import { Command } from "commander";
import { openHubFeed } from "./open-hub.ts";
import { hubOptions, parseInteger, withHubOptions, type HubFlags } from "./options.ts";
import { jsonLine } from "./output.ts";
import { orRefuse } from "./refusal.ts";
import { exitCodeFor } from "./signals.ts";

type WatchFlags = HubFlags & { after?: number };

/** The command, to be added to the program. */
export function watchCommand(): Command {
  const command = new Command("watch")
    .description("tell what happens, one line of JSON each: granted, skipped, failed, lost, released, forgotten")
    .argument("[prefix]", "only to resources whose names begin so", "")
    .option("--after <n>", "go on after the event of that number", parseInteger(0, Number.MAX_SAFE_INTEGER))
    .option("--json", "say what went wrong as JSON too, on stderr");
  return withHubOptions(command).action((prefix: string, flags: WatchFlags) =>
    orRefuse(flags.json === true, () => watch(prefix, flags)),
  );
}

async function watch(prefix: string, flags: WatchFlags): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exitCode = exitCodeFor(signal);
      end();
    });
  }
  // Whoever read it wants no more of it, as `head` does.
  process.stdout.once("error", end);
  try {
    const feed = openHubFeed(hubOptions(flags));
    for await (const event of feed.events(prefix, { after: flags.after, signal: ending.signal })) {
      if (!process.stdout.write(`${jsonLine(event)}\n`)) await once(process.stdout, "drain", { signal: ending.signal });
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
}
