// Who listens to what, with a type for each event. Knows no event.

/** A listener for each event that is of interest. */
export type Listeners<Named> = { [Name in keyof Named]?: ((event: Named[Name]) => void) | undefined };

/** Listeners by the name of what they listen to. */
export class Events<Named extends Record<string, unknown>> {
  readonly #listeners: { [Name in keyof Named]?: Set<(event: Named[Name]) => void> } = {};

  constructor(listeners: Listeners<Named> = {}) {
    for (const name in listeners) {
      const listener = listeners[name];
      if (listener !== undefined) this.on(name, listener);
    }
  }

  /** Listens from now on; the answer ends it. */
  on<Name extends keyof Named>(name: Name, listener: (event: Named[Name]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set());
    const call = guarded(listener);
    listeners.add(call);
    return () => void listeners.delete(call);
  }

  /** Tells all who listen, in the order in which they came. */
  emit<Name extends keyof Named>(name: Name, event: Named[Name]): void {
    for (const listener of this.#listeners[name] ?? []) listener(event);
  }
}

/** A user's function that stops nothing here: what it throws is for the user to see, as of any other listener. */
export function guarded<Value>(call: (value: Value) => void): (value: Value) => void {
  return (value) => {
    try {
      call(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
