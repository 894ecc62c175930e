// The live requests of a session, by id. No Map: one whose entries come and go is made anew every so often, V8 has each of its old
// tables keep the next one, and so a single old one keeps all requests since from being swept while they are young. Knows nothing
// of a request but its id.

const placesFirst = 8;
// So many are not worth giving back.
const placesKept = 256;
// The golden ratio of 2^32, which scatters ids that follow each other, or lie as far apart as there are places.
const scatter = 0x9e_37_79_b1;

/** Things with an id, by that. */
export class LiveRequests<Request extends { readonly id: number }> {
  /** A power of two of them, at most half of them taken, and an eighth where they are many: each request at the place of its id or, if others stand there, after them. */
  #places: (Request | undefined)[] = free(placesFirst);
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The one with that id. */
  get(id: number): Request | undefined {
    return this.#places[this.#placeOf(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Adds one whose id none of them has. */
  add(request: Request): void {
    if (2 * this.#size >= this.#places.length) this.#makePlaces(2 * this.#places.length);
    this.#places[this.#placeOf(request.id)] = request;
    this.#size += 1;
  }

  /** Takes out the one with that id, if there is one. */
  delete(id: number): void {
    const places = this.#places;
    const last = places.length - 1;
    let hole = this.#placeOf(id);
    if (places[hole] === undefined) return;
    this.#size -= 1;
    // Whoever would not be found past the hole moves into it.
    for (let place = (hole + 1) & last; ; place = (place + 1) & last) {
      const request = places[place];
      if (request === undefined) break;
      const isPastHome = ((place - homeOf(request.id, last)) & last) >= ((place - hole) & last);
      if (!isPastHome) continue;
      places[hole] = request;
      hole = place;
    }
    places[hole] = undefined;
    if (places.length > placesKept && 8 * this.#size < places.length) this.#makePlaces(places.length / 2);
  }

  /** All of them now, in any order. */
  all(): Request[] {
    return this.#places.filter((request) => request !== undefined);
  }

  /** All of them now, in the order of their ids. */
  inOrder(): Request[] {
    return this.all().sort((one, other) => one.id - other.id);
  }

  /** Where the request with that id stands, or would. */
  #placeOf(id: number): number {
    const places = this.#places;
    const last = places.length - 1;
    let place = homeOf(id, last);
    for (let there = places[place]; there !== undefined && there.id !== id; there = places[place]) {
      place = (place + 1) & last;
    }
    return place;
  }

  #makePlaces(count: number): void {
    const all = this.all();
    this.#places = free(count);
    for (const request of all) this.#places[this.#placeOf(request.id)] = request;
  }
}

function free(places: number): undefined[] {
  return Array.from<undefined>({ length: places }).fill(undefined);
}

function homeOf(id: number, last: number): number {
  return (Math.imul(id, scatter) >>> 7) & last;
}
