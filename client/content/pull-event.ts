// What happens in a pull, as values, for whoever shows it. Knows neither terminal nor JSON.
import type { Waiting } from "./coordination.ts";

/** What a blob is to its image. */
type BlobKind = "manifest" | "config" | "layer";

/** One blob of an image, in the order in which people expect it. */
export type Blob = { digest: string; size: number; kind: BlobKind };

/** How many blobs, and how many bytes they have. */
export type Amount = { blobs: number; bytes: number };

/** What a pull came to. `saved` bytes did not cross the wire to this node. */
export type PullSummary = {
  image: string;
  digest: string;
  all: Amount;
  downloaded: Amount;
  skipped: Amount;
  existing: Amount;
  /** Bytes that this node fetched, those of a transfer that was begun anew included. */
  fetchedBytes: number;
  savedBytes: number;
  ms: number;
};

/** One thing that happened in a pull. */
export type PullEvent =
  | { type: "resolved"; image: string; digest: string }
  | { type: "blob"; blob: Blob }
  | { type: "exists"; digest: string; bytes: number }
  | ({ type: "queued"; digest: string } & Waiting)
  | { type: "granted"; digest: string; fence: number; attempt: number; previous?: { node: string; message: string } }
  | { type: "resumed"; digest: string; bytes: number }
  | { type: "progress"; digest: string; bytes: number; total: number }
  | { type: "retry"; digest: string; message: string }
  | { type: "done"; digest: string; bytes: number; fetchedBytes: number; fence: number }
  | { type: "skipped"; digest: string; bytes: number; by: string; fence: number }
  | { type: "failed"; digest: string; code?: string; message: string }
  | ({ type: "summary" } & PullSummary);

/** An event of one type. */
export type PullEventOf<Type extends PullEvent["type"]> = Extract<PullEvent, { type: Type }>;
