// The title of a view, and what stands beside it. Knows no view.
import type { ComponentChildren } from "preact";

/** What names the view, to eyes and to whoever has it read aloud. */
export function Title({ children, aside }: { children: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <div class="title">
      <h1 id="title">{children}</h1>
      {aside}
    </div>
  );
}
