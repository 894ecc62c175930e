// `baton token`: makes a token, and the entry for the hub's file of tokens. Asks no hub, and keeps nothing.
import { createHash, randomBytes } from "node:crypto";
import { Command, InvalidArgumentError, Option } from "commander";
import { isName } from "../../shared/text.ts";
import { jsonLine, say } from "./output.ts";

const secretBytes = 32;
const nameBytesMax = 128;
const prefixBytesMax = 512;

type Flags = { name?: string; role: string; prefix?: string[]; json?: boolean };

const help = `
Prints two lines: the token, which is shown this once and which only its bearer needs (BATON_TOKEN), and the entry for the
list in the file that the hub reads (baton-hub --tokens FILE; SIGHUP has it read the file again). The entry holds the
token's SHA-256 and is no secret.

Examples:
  $ baton token --name ci --prefix app/ --json | jq .entry
  $ baton token --name ann --role admin`;

/** The command that makes a token, to be added to the program. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("make a token and the entry for the hub's file of tokens")
    .option("--name <name>", "whose it is; sessions belong to it (default: the role and the digest's begin)", parseName)
    .addOption(new Option("--role <role>", "what it may do").choices(["node", "viewer", "admin"]).default("node"))
    .option("--prefix <prefix>", "the resources that it is for begin so; repeatable (default: all)", collectPrefix)
    .option("--json", "both as one JSON object {token, entry}")
    .addHelpText("after", help)
    .action((flags: Flags) => {
      const { token, entry } = makeToken(flags);
      process.stdout.write(flags.json === true ? `${jsonLine({ token, entry })}\n` : `${token}\n${jsonLine(entry)}\n`);
      if (flags.json !== true && process.stderr.isTTY)
        say("the first line is the secret; the second goes into the hub's file");
    });
}

function makeToken({ name, role, prefix }: Flags) {
  const token = `baton_${randomBytes(secretBytes).toString("base64url")}`;
  const sha256 = createHash("sha256").update(token).digest("hex");
  const entry = { name: name ?? `${role}-${sha256.slice(0, 8)}`, sha256, role, ...(prefix && { prefixes: prefix }) };
  return { token, entry };
}

function parseName(text: string): string {
  if (isName(text, nameBytesMax)) return text;
  throw new InvalidArgumentError(`Allowed are 1 to ${nameBytesMax} bytes without control characters.`);
}

function collectPrefix(text: string, before: string[] = []): string[] {
  if (text === "" || isName(text, prefixBytesMax)) return [...before, text];
  throw new InvalidArgumentError(`Allowed are at most ${prefixBytesMax} bytes without control characters.`);
}
