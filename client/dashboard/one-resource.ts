// One resource as the hub last told of it, for the view that shows it whole. Knows the link; no view.
import { effect, signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { HistoryEntry } from "../../shared/pages.ts";
import { BatonError, type ResourceView } from "../index.ts";
import { useAsking } from "./asking.ts";
import { isPaused } from "./clock.ts";
import { hub } from "./link.ts";
import { pastOf } from "./past.ts";

/** What is known of a resource: nothing yet, why it is not shown, that the hub has nothing of it, or a view and when it came. */
export type Known =
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "absent" }
  | { readonly kind: "there"; readonly view: ResourceView; readonly atMs: number };

/** Follows a resource while a component is there. */
export function useResource(name: string): Signal<Known> {
  const known = useMemo(() => signal<Known>({ kind: "unknown" }), [name]);
  const { value } = hub;
  useEffect(() => {
    if (value === undefined) return undefined;
    const ending = new AbortController();
    const latest = signal(known.peek());
    const follow = async () => {
      for await (const { rows } of value.watch({ resource: name }, { intervalMs: 100, signal: ending.signal })) {
        const view = rows.get(name);
        latest.value = view === undefined ? { kind: "absent" } : { kind: "there", view, atMs: performance.now() };
      }
    };
    follow().catch((error: unknown) => {
      // Where it ends with the link, that says why.
      if (ending.signal.aborted || (error instanceof BatonError && error.code === "SESSION_ENDED")) return;
      latest.value = { kind: "refused", reason: error instanceof Error ? error.message : String(error) };
    });
    const stopShowing = effect(() => {
      if (!isPaused.value) known.value = latest.value;
    });
    return () => {
      stopShowing();
      ending.abort();
    };
  }, [value, name]);
  return known;
}

/** What has happened to a resource, newest first, and when that was asked. */
export type Past = { readonly history: readonly HistoryEntry[]; readonly atMs: number };

const askMs = 500;
const noPast: Past = { history: [], atMs: 0 };

/** Asks for the past of a resource when it has changed, and not more often than twice a second. */
export function usePast(name: string, known: Signal<Known>): Signal<Past> {
  const past = useMemo(() => signal(noPast), [name]);
  useAsking(askMs, name, () => {
    let asked = known.peek();
    return {
      ask: async (hub, signal) => {
        const now = known.peek();
        if (now === asked || now.kind === "refused") return past.peek();
        const history = await pastOf(hub, name, signal);
        asked = now;
        return { history, atMs: performance.now() };
      },
      show: (answer) => (past.value = answer),
    };
  });
  return past;
}
