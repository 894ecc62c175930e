// The keys, in a dialog. Knows them by name only.
import { useEffect, useRef } from "preact/hooks";

const keys: readonly [key: string, what: string][] = [
  ["/", "search"],
  ["j", "next row"],
  ["k", "row before"],
  ["Enter", "leave the search, open the row"],
  ["p", "pause, and go on"],
  ["?", "these keys"],
  ["Esc", "empty and leave the search, close a dialog"],
];

/** The dialog, until it is closed. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
