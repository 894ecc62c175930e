// Long looks, a slice in a round of the event loop for all of them together: nobody else waits for longer than one slice [B1].
// Knows not what is looked at.

let line: Promise<void> = Promise.resolve();

/** Does all slices of a look, each when it is its turn, and gives what comes of it. */
export async function inSlices<Result>(slices: Generator<undefined, Result, undefined>): Promise<Result> {
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
    line = line.then(() => new Promise((resolve) => setImmediate(resolve)));
    await line;
  }
}
