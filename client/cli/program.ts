// `baton`: the command line. Puts the commands together, and says how the process ends. Only main.ts imports it.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";
import { historyCommand } from "./history.ts";
import { kickCommand } from "./kick.ts";
import { listCommand } from "./list.ts";
import { printable } from "./output.ts";
import { pullCommand } from "./pull.ts";
import { removeCommand } from "./remove.ts";
import { runCommand } from "./run.ts";
import { sessionsCommand } from "./sessions.ts";
import { showCommand } from "./show.ts";
import { tokenCommand } from "./token.ts";
import { topCommand } from "./top.ts";
import { forgetCommand, unlockCommand } from "./unlock.ts";
import { watchCommand } from "./watch.ts";

const examples = `
Examples:
  Migrate once, however many machines start this at the same moment; the others wait, and skip when it is done:
    $ baton run db-migrate -- ./migrate.sh
  See who holds it, who waits, and why:
    $ baton show db-migrate

Durations are like 500ms, 30s, 5m, 1h. Nothing is coloured or redrawn when piped or with NO_COLOR.
`;

const program = new Command("baton")
  .description("Coordinates work through a Baton hub: one node does it, and the others skip it or take over.")
  .version(version(), "-V, --version")
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(escaped(text.replace(/^error: /, "baton: "))) })
  .addHelpText("after", `${examples}\n${exitCodesHelp}`);

const commands = [
  runCommand(),
  pullCommand(),
  removeCommand(),
  listCommand(),
  showCommand(),
  historyCommand(),
  sessionsCommand(),
  watchCommand(),
  topCommand(),
  unlockCommand(),
  forgetCommand(),
  kickCommand(),
  tokenCommand(),
];
for (const command of commands) {
  program.addCommand(command.copyInheritedSettings(program));
}

process.stdout.on("error", brokenPipe);
process.stderr.on("error", brokenPipe);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
}

function version(): string {
  const file = new URL(import.meta.resolve("baton-hub/package.json"));
  const description: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return description.version;
}

/** The arguments that it quotes may hold anything. */
function escaped(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** Whoever read it wants no more of it, as `head` does; what is being done goes on. */
function brokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
