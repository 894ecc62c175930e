// Whether the reader may act and not only look, which the hub tells by what it refuses. Knows the link and the feed; no action.
import { computed, effect, signal } from "@preact/signals";
import { BatonError, type Hub } from "../index.ts";
import { rows } from "./feed.ts";
import { hub } from "./link.ts";

const ruled = signal<Hub | undefined>(undefined);
const isAnyShown = computed(() => rows.value.length > 0);

/** Whether the reader may release by force, forget and kick: not with a token that only lets one look. */
export const mayRule = computed(() => ruled.value !== undefined && ruled.value === hub.value);

/** Asks whatever hub the page is connected to, from now on. */
export function startRights(): void {
  effect(() => {
    const { value } = hub;
    // A token has the same prefixes for what it shows and for what it allows: where nothing is shown there may be none that fits.
    const about = isAnyShown.value ? rows.peek()[0]?.row.resource : undefined;
    if (value === undefined || mayRule.peek()) return undefined;
    const ending = new AbortController();
    const allow = () => {
      if (!ending.signal.aborted) ruled.value = value;
    };
    // Whoever may view and refer is an admin; and a hub refuses by itself what was offered in vain.
    value.references.get(about ?? "?", { signal: ending.signal }).then(allow, (error: unknown) => {
      if (!(error instanceof BatonError) || error.code !== "FORBIDDEN") allow();
    });
    return () => ending.abort();
  });
}
