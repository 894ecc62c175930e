// Text that others chose: names, notes, errors. It is only ever text, it cannot turn the text around it, and what cannot be
// seen is made visible. Knows nothing of what it says.
import { printable } from "../../shared/wording.ts";
import type { Part } from "./why.ts";

/** Foreign text in one line, cut short by the page where there is no room; whole in its title. */
export function Foreign({ text, className = "" }: { text: string; className?: string }) {
  const shown = printable(text);
  return (
    <bdi class={`foreign ${className}`} title={shown}>
      {shown}
    </bdi>
  );
}

/** A sentence whose foreign parts are fenced in. */
export function Sentence({ parts }: { parts: readonly Part[] }) {
  return (
    <>
      {parts.map((part, place) =>
        typeof part === "string" ? part : <Foreign key={place} text={part.foreign} className="inline" />,
      )}
    </>
  );
}
