// A page of a long list of names, in their order [B5]. Knows not what they name.
import { compareText } from "../../shared/text.ts";

/** The first names after `cursor`, `entriesMax` at most, and whether there are more; keeps no more of them than that. */
export function namesAfter(names: Iterable<string>, cursor: string | undefined, entriesMax: number) {
  const first: string[] = [];
  for (const name of names) {
    if (cursor !== undefined && compareText(name, cursor) <= 0) continue;
    const last = first[entriesMax];
    if (last !== undefined && compareText(last, name) <= 0) continue;
    if (last !== undefined) first.pop();
    first.splice(placeOf(first, name), 0, name);
  }
  return { names: first.slice(0, entriesMax), more: first.length > entriesMax };
}

function placeOf(sorted: readonly string[], name: string): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >> 1;
    if (compareText(sorted[middle] ?? "", name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
