// The field that narrows down what a view shows, and that the key `/` goes to. Knows no view.
import { useEffect, useRef } from "preact/hooks";

const fieldId = "search";
let isAwaited = false;

/** Goes to the field of this view; where there is none, to that of the next view that has one, and says false. */
export function goToSearch(): boolean {
  const field = document.getElementById(fieldId);
  isAwaited = field === null;
  field?.focus();
  return !isAwaited;
}

type SearchProps = { label: string; placeholder: string; value: string; onSearch: (text: string) => void };

/** A field in which one types what to look for; Enter leaves it, so that keys move among what was found, and Esc empties it too. */
export function SearchField({ label, placeholder, value, onSearch }: SearchProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isAwaited) field.current?.focus();
    isAwaited = false;
  }, []);
  return (
    <input
      type="search"
      id={fieldId}
      ref={field}
      aria-label={label}
      placeholder={`${placeholder} ( / )`}
      value={value}
      onInput={({ currentTarget }) => onSearch(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => {
        if (key === "Escape") onSearch("");
        if (key === "Escape" || key === "Enter") currentTarget.blur();
      }}
    />
  );
}
