// What was done, said once at the edge of the page and to screen readers. Knows no action.
import { signal } from "@preact/signals";

const shownMs = 6_000;
const notices = signal<readonly { readonly id: number; readonly text: string }[]>([]);
let lastId = 0;

/** Says a sentence for a few seconds. */
export function tell(text: string): void {
  lastId += 1;
  const notice = { id: lastId, text };
  notices.value = [...notices.value, notice];
  setTimeout(() => (notices.value = notices.value.filter((other) => other !== notice)), shownMs);
}

/** Where the sentences stand. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
