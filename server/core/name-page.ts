// A page of a long list of names, in their order [B5]. Knows not what they name.
import { comparerWith } from "../../shared/text.ts";

// So many names are looked at in less than a millisecond.
const sliceNames = 4_000;

/** The first names after `cursor`, `entriesMax` at most, and whether there are more; keeps no more of them than that. */
export function namesAfter(names: Iterable<string>, cursor: string | undefined, entriesMax: number) {
  const slices = sliceNamesAfter(names, () => true, cursor, entriesMax);
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

/** The same, of the names that are meant, slice by slice: it yields each time that others may have their turn. What comes and
 * goes meanwhile may be in it or not. */
export function* sliceNamesAfter(
  names: Iterable<string>,
  isMeant: (name: string) => boolean,
  cursor: string | undefined,
  entriesMax: number,
): Generator<undefined, { names: string[]; more: boolean }, undefined> {
  const first: string[] = [];
  const toCursor = cursor === undefined ? undefined : comparerWith(cursor);
  let toLast: typeof toCursor;
  let looked = 0;
  for (const name of names) {
    looked += 1;
    if (looked % sliceNames === 0) yield;
    if (!isMeant(name) || (toLast?.(name) ?? -1) >= 0 || (toCursor?.(name) ?? 1) <= 0) continue;
    if (first.length > entriesMax) first.pop();
    first.splice(placeOf(first, name), 0, name);
    const last = first[entriesMax];
    if (last !== undefined) toLast = comparerWith(last);
  }
  return { names: first.slice(0, entriesMax), more: first.length > entriesMax };
}

/** Where a name stands, or would stand, among sorted ones. */
export function placeOf(sorted: readonly string[], name: string): number {
  const toName = comparerWith(name);
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if (toName(sorted[middle] ?? "") < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
