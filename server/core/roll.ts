// Things that rows of numbers name by a number. Knows not what they are.

/** What can be on a roll: its place there, or -1. */
export type Enrolled = { place: number };

/** The things by their places, and the places that are free. */
export type Roll<Thing extends Enrolled> = { readonly things: (Thing | undefined)[]; readonly free: number[] };

/** A roll with nothing on it. */
export function newRoll<Thing extends Enrolled>(): Roll<Thing> {
  return { things: [], free: [] };
}

/** The place of a thing, which is put on the roll if it is not there. */
export function enroll<Thing extends Enrolled>({ things, free }: Roll<Thing>, thing: Thing): number {
  if (thing.place < 0) {
    thing.place = free.pop() ?? things.length;
    things[thing.place] = thing;
  }
  return thing.place;
}

/** Takes the thing at a place off the roll. */
export function strike<Thing extends Enrolled>({ things, free }: Roll<Thing>, place: number): Thing | undefined {
  const thing = things[place];
  if (thing === undefined) return undefined;
  thing.place = -1;
  things[place] = undefined;
  free.push(place);
  return thing;
}
