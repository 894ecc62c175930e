// `baton rm`: an image out of a store that nodes share, with the blobs that no other image needs. Knows the SDK and the
// content library; nothing of the wire.
import { Command } from "commander";
import { assertNever } from "../../shared/errors.ts";
import { removeImage, Store, type RemoveEvent, type RemoveSummary } from "../content/index.ts";
import { bytesText } from "./bytes.ts";
import { refuse } from "./content-refusal.ts";
import { exitCodes } from "./exit-codes.ts";
import { interruptible } from "./interruption.ts";
import { absence, openHub } from "./open-hub.ts";
import { hubOptions, withHubOptions, type HubFlags, type HubOptions } from "./options.ts";
import { counted, jsonLine, printable } from "./output.ts";
import { holderText, shortDigest } from "./pull-view.ts";

type Flags = HubFlags & { store: string };

const help = `
Examples:
  $ baton rm alpine:3.20 --store /mnt/shared/images

The name goes first, then each blob that no other image of the store needs. A blob is deleted as a delete operation by way of
the hub: never while a node pulls it, and a pull that comes after downloads it again. An image that was pulled in part is
removed too, and one that another tool has put there.
Progress goes to stderr, the summary to stdout; with --json, one JSON line per event to stdout.
Exit codes: 0 it is gone; 1 it is not there, or the store failed; 64 usage; 69 hub unreachable; 76 the hub was lost half way;
77 not allowed by the hub; 128+n ended by signal n. What was left half done is done by the next rm of that image.`;

/** The command, to be added to the program. */
export function removeCommand(): Command {
  const command = new Command("rm")
    .description("remove an image from a store that nodes share, with the blobs that no other image needs")
    .argument("<image>", "such as alpine:3.20, as it was pulled")
    .requiredOption("--store <folder>", "the OCI image layout")
    .option("--json", "one JSON line per event, and the summary as the last one")
    .addHelpText("after", help);
  return withHubOptions(command).action(async (image: string, flags: Flags) => {
    process.exitCode = await remove(image, flags);
  });
}

/** Removes, says what it does, and gives the exit code. */
async function remove(image: string, flags: Flags): Promise<number> {
  const place = hubOptions(flags);
  const isJson = flags.json === true;
  const interruption = interruptible("what is left is removed by the next rm of that image");
  try {
    const summary = await removeFrom(image, flags, place, interruption.signal);
    if (!isJson) process.stdout.write(`${summaryText(summary)}\n`);
    return exitCodes.success;
  } catch (error) {
    return refuse(error, place.node, isJson);
  } finally {
    interruption.end();
  }
}

async function removeFrom(image: string, flags: Flags, place: HubOptions, signal: AbortSignal): Promise<RemoveSummary> {
  const store = await Store.find(flags.store);
  await using hub = await openHub(place, { signal });
  const patience = AbortSignal.any([signal, absence(hub, place.url)]);
  const onEvent = (event: RemoveEvent): void => {
    const line = lineOf(event);
    if (flags.json === true) process.stdout.write(`${jsonLine({ at: Date.now(), node: place.node, ...event })}\n`);
    else if (line !== undefined) process.stderr.write(`${printable(line)}\n`);
  };
  return await removeImage({ hub, store, image, signal: patience, onEvent });
}

/** What a removal came to, in one sentence. */
function summaryText({ image, deleted, kept }: RemoveSummary): string {
  const parts = [
    `${counted(deleted.blobs, "blob")} deleted (${bytesText(deleted.bytes)})`,
    `${kept.blobs} kept for other images (${bytesText(kept.bytes)})`,
  ];
  return `${printable(image)}: removed; ${parts.join("; ")}`;
}

function lineOf(event: RemoveEvent): string | undefined {
  switch (event.type) {
    case "unnamed":
      return event.digest === undefined ? `${event.image} was there in part` : `${event.image} was ${event.digest}`;
    case "waiting":
      return `${shortDigest(event.digest)}  waiting, ${holderText(event)} is at work on it`;
    case "deleted":
      return `${shortDigest(event.digest)}  deleted, ${bytesText(event.bytes)}`;
    case "kept":
      return `${shortDigest(event.digest)}  kept, ${othersText(event.images)} it`;
    case "summary":
      return undefined;
    default:
      return assertNever(event);
  }
}

function othersText([first = "", ...more]: readonly string[]): string {
  if (more.length === 0) return `${first} needs`;
  return `${first} and ${counted(more.length, "other image")} need`;
}
