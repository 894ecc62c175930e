// The attempts at a resource as a line in time, coloured by how they ended, and in words. Knows attempts, nothing else.
import { printable } from "../../shared/wording.ts";
import { ago } from "./ago.ts";
import type { Attempt, Ending } from "./attempts.ts";
import { Sentence } from "./foreign.tsx";

const barsMax = 60;
const linesMax = 15;
/** What a bar takes where there is room for all. */
const barWidthRem = 12;
const signs: Readonly<Record<Ending, string>> = { done: "✓", failed: "×", lost: "!", none: "–", skipped: "»" };
const words: Readonly<Record<Ending, string>> = {
  done: "success",
  failed: "failure",
  lost: "lost",
  none: "let go",
  skipped: "skipped",
};

/** The attempts, newest first as they are given; `sinceMs`: how long ago that was. Nothing when there are none. */
export function Timeline({ attempts, sinceMs }: { attempts: readonly Attempt[]; sinceMs: number }) {
  if (attempts.length === 0) return null;
  const bars = attempts.slice(0, barsMax).toReversed();
  return (
    <div class="card">
      <h2>Attempts</h2>
      {bars.length > 1 && (
        <ol class="bars" aria-hidden="true" style={{ maxWidth: `${bars.length * barWidthRem}rem` }}>
          {bars.map((attempt) => (
            <li
              key={attempt.number}
              class={`bar ${attempt.ending}`}
              // By the root, so that a short attempt is seen beside a long one.
              style={{ flexGrow: Math.max(1, Math.round(Math.sqrt(attempt.heldMs))) }}
              title={`${printable(attempt.node)}: ${words[attempt.ending]}`}
            />
          ))}
        </ol>
      )}
      <ol class="attempts">
        {attempts.slice(0, linesMax).map((attempt) => (
          <li key={attempt.number}>
            <span class={`sign ${attempt.ending}`} role="img" aria-label={words[attempt.ending]}>
              {signs[attempt.ending]}
            </span>
            <span>
              <Sentence parts={attempt.said} />
              {attempt.attempt !== undefined && attempt.attempt > 1 && (
                <span class="quiet"> · attempt {attempt.attempt}</span>
              )}
            </span>
            <span class="quiet number">{ago(attempt.ageMs + sinceMs)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
