// What is asked of the hub again and again, as it tells it to nobody by itself. Knows the link; no view and no question.
import { effect, untracked } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Hub } from "../index.ts";
import { isPaused } from "./clock.ts";
import { hub } from "./link.ts";

/** What is asked, and what is done with each answer. */
export type Question<Answer> = {
  readonly ask: (hub: Hub, signal: AbortSignal) => Promise<Answer>;
  readonly show: (answer: Answer) => void;
};

/**
 * Asks now, and again `everyMs` milliseconds after each answer, while the page is linked, in sight and not paused. What cannot be
 * asked is asked again. Returns what ends it.
 */
export function startAsking<Answer>(everyMs: number, { ask, show }: Question<Answer>): () => void {
  return effect(() => {
    const { value } = hub;
    if (value === undefined) return undefined;
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askOnce = async () => {
      if (isPaused.peek() || document.hidden) return;
      const answer = await ask(value, ending.signal);
      if (!ending.signal.aborted && !isPaused.peek()) show(answer);
    };
    const again = async () => {
      await askOnce().catch(() => {});
      if (!ending.signal.aborted) timer = setTimeout(() => void again(), everyMs);
    };
    // What a question reads of the page is no reason to begin anew.
    untracked(() => void again());
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  });
}

/** The same while a component is there, and anew when what it asks about is another. */
export function useAsking<Answer>(everyMs: number, about: string, question: () => Question<Answer>): void {
  useEffect(() => startAsking(everyMs, question()), [about]);
}
