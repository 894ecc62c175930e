// Long looks, a slice in a round of the event loop for all of them together: nobody else waits for longer than one slice [B1].
// Knows not what is looked at.

let line: Promise<void> = Promise.resolve();

/** Settles when it is the turn of one more slice. */
export function inLine(): Promise<void> {
  line = line.then(() => new Promise((resolve) => setImmediate(resolve)));
  return line;
}

/** Does all slices of a look, each when it is its turn, and gives what comes of it. */
export async function inSlices<Result>(slices: Generator<undefined, Result, undefined>): Promise<Result> {
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
    await inLine();
  }
}
