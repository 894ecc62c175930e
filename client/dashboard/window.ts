// Which rows of a long list are drawn: those in sight and a few around them. Knows no page.

/** The rows from `first` up to `end`, and the empty space above and below them in pixels. */
export type Window = { first: number; end: number; aboveHeight: number; belowHeight: number };

const around = 8;

/** The window of a list of `count` rows of one height, scrolled down by `top` in a space of `height` pixels. */
export function windowOf(count: number, rowHeight: number, top: number, height: number): Window {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - around);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + around);
  return { first, end, aboveHeight: first * rowHeight, belowHeight: Math.max(0, count - end) * rowHeight };
}
