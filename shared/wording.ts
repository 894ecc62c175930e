// How names, durations and counts are said to people, on a terminal and on a page. Knows neither.

/** Control characters (C0, DEL, C1), format characters (bidi marks, zero-width ones), and what breaks a line. */
export const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text that others chose, as people may safely see it: what could drive or mislead stands as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`);
}

/** What a search looks in, in small letters: a name as it is and, as not all of it can be typed, as it is shown. */
export function searchable(name: string): string {
  const shown = printable(name);
  return (shown === name ? name : `${name}\n${shown}`).toLowerCase();
}

/** A duration in milliseconds as people read it, two units at most: `250ms`, `12s`, `3m12s`, `2h5m`, `3d4h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const seconds = Math.floor(milliseconds / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return pair(minutes, "m", seconds % 60, "s");
  return days === 0 ? pair(hours, "h", minutes % 60, "m") : pair(days, "d", hours % 24, "h");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** A count and its noun: `1 waiter`, `2 waiters`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
