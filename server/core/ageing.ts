// Things in the order of their coming, the bytes that they take together, and which of them is the oldest. They are the links
// of the list themselves: nothing is made when one comes or goes. Knows not what they are.

/** The neighbours of a thing, while it is among the others. */
type Aged<Thing> = { older: Thing | undefined; newer: Thing | undefined };

/** All of them. */
export type Ageing<Thing> = { oldest: Thing | undefined; newest: Thing | undefined; size: number; bytes: number };

/** None of them. */
export function newAgeing<Thing>(): Ageing<Thing> {
  return { oldest: undefined, newest: undefined, size: 0, bytes: 0 };
}

/** Adds a thing, which is not there, as the newest. */
export function enter<Thing extends Aged<Thing>>(ageing: Ageing<Thing>, thing: Thing, bytes: number): void {
  const { newest } = ageing;
  thing.older = newest;
  if (newest === undefined) ageing.oldest = thing;
  else newest.newer = thing;
  ageing.newest = thing;
  ageing.size += 1;
  ageing.bytes += bytes;
}

/** Takes out a thing that is there. */
export function takeOut<Thing extends Aged<Thing>>(ageing: Ageing<Thing>, thing: Thing, bytes: number): void {
  const { older, newer } = thing;
  if (older === undefined) ageing.oldest = newer;
  else older.newer = newer;
  if (newer === undefined) ageing.newest = older;
  else newer.older = older;
  thing.older = undefined;
  thing.newer = undefined;
  ageing.size -= 1;
  ageing.bytes -= bytes;
}

/** All of them, the oldest first. */
export function* byAge<Thing extends Aged<Thing>>({ oldest }: Ageing<Thing>): Generator<Thing> {
  for (let thing = oldest; thing !== undefined; thing = thing.newer) yield thing;
}
