// What a view says when it has nothing to show: why, and the command that would fill it. Knows no view.
import type { ComponentChildren } from "preact";

/** An empty view, and how it would fill. */
export function Emptiness({
  title,
  children,
  command,
}: {
  title: string;
  children: ComponentChildren;
  command?: string;
}) {
  return (
    <div class="emptiness">
      <h2>{title}</h2>
      <p>{children}</p>
      {command !== undefined && (
        <pre>
          <code>{command}</code>
        </pre>
      )}
    </div>
  );
}
