// The answer to "why is this waiting?", as a sentence whose foreign parts stand apart. Knows a view, no page.
import { counted, duration } from "../../shared/wording.ts";
import type { Progress, ResourceView } from "../index.ts";

/** A part of a sentence; what others chose is `foreign`, so that a page can fence it in. */
export type Part = string | { readonly foreign: string };
/** The failure before a holder's attempt: who failed, and of what. */
export type LastFailure = { readonly node: string; readonly message: string };

type Holder = ResourceView["holders"][number];
type Waiter = ResourceView["queue"][number];

const ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/** How much of the work is done, from 0 to 1; undefined when the holder did not say. */
export function shareDone(progress: Progress | undefined): number | undefined {
  if (progress?.done === undefined || progress.total === undefined || progress.total <= 0) return undefined;
  return Math.min(1, progress.done / progress.total);
}

/**
 * Why the waiter at `place` (0 is next) waits: "waits for a, who has held it for 12s and is 63 % done; second attempt after b
 * failed: connection reset".
 *
 * @param sinceMs how long ago the view came, in milliseconds
 */
export function whyWaits(view: ResourceView, place: number, sinceMs: number, failure?: LastFailure): Part[] {
  const waiter = view.queue[place];
  if (waiter === undefined) return [];
  if (waiter.detached) return ["is detached: passed over until it is back, and keeps its place"];
  if (place > 0) return behind(view.queue, place);
  if (view.delayedMs !== undefined && view.delayedMs > sinceMs) {
    return [`waits out a pause of another ${duration(Math.round(view.delayedMs - sinceMs))}, then it is its turn`];
  }
  const [holder] = view.holders;
  if (holder === undefined) return ["is about to be granted"];
  if (view.holding > 1) {
    const many = counted(view.holding, `${holder.mode} holder`);
    return ["waits for ", many, ", the first of them ", foreign(holder.node), held(holder, sinceMs)];
  }
  return ["waits for ", foreign(holder.node), held(holder, sinceMs), ...attempt(holder, failure)];
}

/** Where a holder stands: how long, how far, and at which attempt. */
export function howHolds(holder: Holder, sinceMs: number, failure?: LastFailure): Part[] {
  return [foreign(holder.node), held(holder, sinceMs), ...attempt(holder, failure)];
}

function behind(queue: readonly Waiter[], place: number): Part[] {
  const before = queue[place - 1];
  if (before === undefined) return [];
  const others = place === 1 ? "" : ` and ${counted(place - 1, "other")}`;
  return ["stands behind ", foreign(before.node), others];
}

function held({ heldMs, progress }: Holder, sinceMs: number): string {
  const share = shareDone(progress);
  const done = share === undefined ? "" : ` and is ${Math.floor(share * 100)} % done`;
  return `, who has held it for ${duration(Math.round(heldMs + sinceMs))}${done}`;
}

function attempt({ attempt }: Holder, failure: LastFailure | undefined): Part[] {
  if (attempt < 2) return [];
  const which = `; ${ordinals[attempt - 1] ?? `${attempt}th`} attempt`;
  if (failure === undefined) return [which];
  return [`${which} after `, foreign(failure.node), " failed: ", foreign(failure.message)];
}

function foreign(text: string): Part {
  return { foreign: text };
}
