// What `baton pull` says of its progress: who listens to the events, and the one line at the end. Knows no terminal.
import { assertNever } from "../../shared/errors.ts";
import type { PullEvent, PullEventOf, PullSummary } from "../content/index.ts";
import { bytesText, percentText } from "./bytes.ts";
import { counted, duration, jsonLine, printable } from "./output.ts";

/** Something that shows the events of a pull. */
export type PullView = {
  readonly show: (event: PullEvent) => void;
  /** Nothing more comes: what is on the screen stays. */
  readonly end: () => void;
};

/** One JSON line per event, with the node and the wall clock in milliseconds, so that several logs can be merged. */
export function jsonView(node: string, write: (line: string) => void, wallMs: () => number): PullView {
  return { show: (event) => write(jsonLine({ at: wallMs(), node, ...event })), end: () => undefined };
}

/** One line of text per event that a person wants to know of; no progress of bytes. */
export function linesView(write: (line: string) => void): PullView {
  const show = (event: PullEvent): void => {
    const line = lineOf(event);
    if (line !== undefined) write(printable(line));
  };
  return { show, end: () => undefined };
}

/** What a pull came to, in one sentence. */
export function summaryText(summary: PullSummary): string {
  const { image, all, downloaded, skipped, existing, savedBytes, ms } = summary;
  const parts = [
    `${counted(all.blobs, "blob")}, ${bytesText(all.bytes)} in ${duration(ms)}`,
    `${downloaded.blobs} downloaded here (${bytesText(downloaded.bytes)})`,
    `${skipped.blobs} by other nodes (${bytesText(skipped.bytes)})`,
    `${existing.blobs} already there (${bytesText(existing.bytes)})`,
    `${bytesText(savedBytes)} saved`,
  ];
  return `${printable(image)}: ${parts.join("; ")}`;
}

/** The first 12 digits of a digest. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}

/** Whom a waiter waits for, as far as the hub has said. */
export function holderText({ holders }: Pick<PullEventOf<"queued">, "holders">): string {
  const [holder] = holders;
  if (holder === undefined) return "the next holder";
  const { done, total } = holder.progress ?? {};
  const share = done === undefined || total === undefined ? "" : ` (${percentText(done, total)})`;
  return `${holder.node}${share}`;
}

function lineOf(event: PullEvent): string | undefined {
  if (event.type === "resolved") return `${event.image} is ${event.digest}`;
  if (event.type === "blob" || event.type === "progress" || event.type === "summary") return undefined;
  return `${shortDigest(event.digest)}  ${whatOf(event)}`;
}

type ShownEvent = Exclude<PullEvent, { type: "resolved" | "blob" | "progress" | "summary" }>;

function whatOf(event: ShownEvent): string {
  switch (event.type) {
    case "exists":
      return `exists, ${bytesText(event.bytes)}`;
    case "queued":
      return `waiting, ${holderText(event)} downloads it`;
    case "granted":
      return `downloading${takenOver(event)}`;
    case "resumed":
      return `goes on from ${bytesText(event.bytes)}, which another node had left`;
    case "retry":
      return `goes on: ${event.message}`;
    case "done":
      return `done, ${bytesText(event.bytes)}`;
    case "skipped":
      return `skipped, ${event.by} has downloaded it, ${bytesText(event.bytes)}`;
    case "failed":
      return `failed: ${event.message}`;
    default:
      return assertNever(event);
  }
}

function takenOver({ attempt, previous }: PullEventOf<"granted">): string {
  return previous === undefined ? "" : `, attempt ${attempt} after ${previous.node} (${previous.message})`;
}
