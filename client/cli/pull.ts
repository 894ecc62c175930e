// `baton pull`: an image into a store that nodes share, each blob once in the cluster. Knows the SDK and the content
// library; nothing of the wire.
import { Command } from "commander";
import {
  parsePlatform,
  parseReference,
  pullImage,
  readCredentials,
  Registry,
  Store,
  type Platform,
  type PullSummary,
} from "../content/index.ts";
import { refuse } from "./content-refusal.ts";
import { exitCodes } from "./exit-codes.ts";
import { interruptible } from "./interruption.ts";
import { absence, openHub } from "./open-hub.ts";
import { hubOptions, parseDuration, parseInteger, withHubOptions, type HubOptions } from "./options.ts";
import { mayRedraw } from "./output.ts";
import { barsView } from "./pull-bars.ts";
import { jsonView, linesView, summaryText, type PullView } from "./pull-view.ts";

type Flags = {
  url?: string;
  token?: string;
  node?: string;
  store: string;
  concurrency: number;
  platform?: string;
  grace?: number;
  insecureHttp?: boolean;
  verify?: boolean;
  json?: boolean;
};

const concurrencyMax = 64;

const examples = `
Examples:
  $ baton pull alpine:3.20 --store /mnt/shared/images
  $ skopeo inspect oci:/mnt/shared/images:docker.io/library/alpine:3.20

Progress goes to stderr, the summary to stdout; with --json, one JSON line per event to stdout.
Exit codes: 0 it is in the store; 1 registry or store failed; 64 usage; 69 hub unreachable; 76 the hub was lost half
way; 77 not allowed by the hub; 128+n ended by signal n. What was downloaded stays for the next one to go on with, and
is counted as needed by the image: \`baton rm\` removes it.`;

/** The command, to be added to the program. */
export function pullCommand(): Command {
  const command = new Command("pull")
    .description("pull an image into an OCI layout that nodes share, each blob once in the cluster")
    .argument("<image>", "such as alpine:3.20 or registry.example.com/team/app@sha256:…")
    .requiredOption("--store <folder>", "the OCI image layout; made if it is not there")
    .option(
      "--concurrency <n>",
      "begin no further blob while so many are downloaded; what another node gave up is taken over at once",
      parseInteger(1, concurrencyMax),
      3,
    )
    .option("--platform <os/arch>", "which image of an index (default: linux and this machine's processor)")
    .option("--insecure-http", "speak plain HTTP to the registry")
    .option("--verify", "hash blobs that are there already, instead of trusting their size")
    .option(
      "--grace <duration>",
      "keep what is held that long when the hub is not heard (default: free it at once)",
      parseDuration,
    )
    .option("--json", "one JSON line per event, and the summary as the last one")
    .addHelpText("after", examples);
  return withHubOptions(command).action(async (image: string, flags: Flags) => {
    process.exitCode = await pull(image, flags);
  });
}

/** Pulls, shows it, and gives the exit code. */
async function pull(image: string, flags: Flags): Promise<number> {
  const place = hubOptions(flags);
  const view = chooseView(flags, place.node);
  const interruption = interruptible("what was downloaded stays in the store for the next one");
  try {
    const summary = await pullInto(image, flags, place, view, interruption.signal);
    view.end();
    if (flags.json !== true) process.stdout.write(`${summaryText(summary)}\n`);
    return exitCodes.success;
  } catch (error) {
    view.end();
    return refuse(error, place.node, flags.json === true);
  } finally {
    interruption.end();
  }
}

async function pullInto(
  image: string,
  flags: Flags,
  place: HubOptions,
  view: PullView,
  signal: AbortSignal,
): Promise<PullSummary> {
  const reference = parseReference(image);
  const platform: Platform | undefined = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const store = await Store.open(flags.store);
  const credentials = await readCredentials(reference.registry);
  const registry = new Registry({ reference, insecureHttp: flags.insecureHttp, credentials });
  const grace = flags.grace === undefined ? {} : { graceMs: flags.grace };
  await using hub = await openHub(place, { signal, ...grace });
  const { concurrency, verify } = flags;
  const patience = AbortSignal.any([signal, absence(hub, place.url)]);
  const onEvent = view.show;
  return await pullImage({ hub, store, registry, reference, platform, concurrency, verify, signal: patience, onEvent });
}

function chooseView({ json }: Flags, node: string): PullView {
  const { stderr, stdout } = process;
  if (json === true) return jsonView(node, (line) => stdout.write(`${line}\n`), Date.now);
  if (!mayRedraw(stderr, stdout)) return linesView((line) => stderr.write(`${line}\n`));
  const screen = {
    write: (text: string) => void stderr.write(text),
    get columns() {
      return stderr.columns;
    },
    get rows() {
      return stderr.rows;
    },
  };
  return barsView(screen, () => performance.now());
}
