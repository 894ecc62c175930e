// The first names of all that match, kept as names come and go, so that not all of them need looking at each time. Knows not
// what they name.
import { placeOf } from "./core/name-page.ts";
import { compareText } from "../shared/text.ts";

/** The first names of all that match, in their order, and whether there are more. */
type Look = (entriesMax: number) => { names: string[]; more: boolean };

// So many times what is shown is known, so that what moves up need not be looked for each time that something goes.
const known = 2;

/** The first names of a changing set. */
export class NameWindow {
  readonly #entriesMax: number;
  readonly #look: Look;
  /** All names up to the last of these, in their order. */
  #names: string[];
  readonly #members: Set<string>;
  /** Whether there may be names after the last. */
  #hasMore: boolean;

  /** `look` looks through all names anew; it is called as seldom as can be. */
  constructor(entriesMax: number, look: Look) {
    this.#entriesMax = entriesMax;
    this.#look = look;
    const { names, more } = look(known * entriesMax);
    this.#names = names;
    this.#members = new Set(names);
    this.#hasMore = more;
  }

  /** Hears whether there is something of that name now; returns whether the first names may be others by that. */
  note(name: string, isThere: boolean): boolean {
    if (this.#members.has(name) === isThere) return false;
    if (!isThere) {
      this.#members.delete(name);
      this.#names.splice(placeOf(this.#names, name), 1);
      return true;
    }
    const last = this.#names.at(-1);
    if (this.#hasMore && (last === undefined || compareText(name, last) > 0)) return false;
    this.#members.add(name);
    this.#names.splice(placeOf(this.#names, name), 0, name);
    if (this.#names.length <= 2 * known * this.#entriesMax) return true;
    this.#hasMore = true;
    for (const beyond of this.#names.splice(known * this.#entriesMax)) this.#members.delete(beyond);
    return true;
  }

  /** The first names now; all that has come and gone must have been noted. */
  first(): string[] {
    if (this.#hasMore && this.#names.length < this.#entriesMax) {
      const { names, more } = this.#look(known * this.#entriesMax);
      this.#names = names;
      this.#hasMore = more;
      this.#members.clear();
      for (const name of names) this.#members.add(name);
    }
    return this.#names.slice(0, this.#entriesMax);
  }
}
