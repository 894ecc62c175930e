// What happens when an image is removed, as values, for whoever shows it. Knows neither terminal nor JSON.
import type { Waiting } from "./coordination.ts";
import type { Amount } from "./pull-event.ts";

/** What a removal came to. */
export type RemoveSummary = {
  image: string;
  deleted: Amount;
  /** Blobs that other images need. */
  kept: Amount;
};

/** One thing that happened in a removal. */
export type RemoveEvent =
  /** The store does not have the image any more; `digest` is what its name meant, unless it was only pulled in part. */
  | { type: "unnamed"; image: string; digest?: string }
  /** Somebody is at work on the blob. */
  | ({ type: "waiting"; digest: string } & Waiting)
  | { type: "deleted"; digest: string; bytes: number; fence: number }
  /** Images that need the blob. */
  | { type: "kept"; digest: string; bytes: number; images: readonly string[] }
  | ({ type: "summary" } & RemoveSummary);
