// What keys do, unless the reader is typing. Knows no view.
import { useEffect } from "preact/hooks";

/** What is called for each key, by the name that the browser gives it. */
export type Keys = Readonly<Record<string, () => void>>;

/** Listens to keys while a component is there. */
export function useKeys(keys: Keys): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const action = keys[event.key];
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey || isBusy(event)) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

/** Whether the key belongs to what has the focus: a field, a button that Enter presses, an open dialog. */
function isBusy({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog, input, select, textarea") !== null) return true;
  return key === "Enter" && target.closest("a, button, summary") !== null;
}
